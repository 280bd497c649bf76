// Gets the user, groups and process at the other end of a Unix socket, as the kernel recorded them when the peer
// connected. unix(7) SO_PEERCRED, SO_PEERGROUPS.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace multiping::os {

struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;  ///< 0 when the peer is in a PID namespace that this process cannot see.
};
/// "uid 1000 gid 1000 pid 77".
[[nodiscard]] std::string to_string(const PeerCredentials& peer);

/// None when this is no connected Unix socket.
[[nodiscard]] std::optional<PeerCredentials> peer_credentials(int socket) noexcept;
/// The supplementary groups; empty when the system does not tell them.
[[nodiscard]] std::vector<gid_t> peer_groups(int socket);

}  // namespace multiping::os
