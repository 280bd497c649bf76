// Asks by getsockopt(2); for the groups it asks twice, first for their number.
// See peer_credentials.hpp.
#include "os/peer_credentials.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "os/kernel_constants.hpp"

namespace multiping::os {

std::string to_string(const PeerCredentials& peer) {
  return "uid " + std::to_string(peer.uid) + " gid " + std::to_string(peer.gid) + " pid " + std::to_string(peer.pid);
}

std::optional<PeerCredentials> peer_credentials(int socket) noexcept {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.uid == static_cast<uid_t>(-1))
    return std::nullopt;
  return PeerCredentials{.uid = peer.uid, .gid = peer.gid, .pid = peer.pid};
}

std::vector<gid_t> peer_groups(int socket) {
  socklen_t length = 0;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &length) == 0 || errno != ERANGE) return {};
  std::vector<gid_t> groups(length / sizeof(gid_t));
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) return {};
  groups.resize(length / sizeof(gid_t));
  return groups;
}

}  // namespace multiping::os
