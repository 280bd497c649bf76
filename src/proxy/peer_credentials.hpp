// Who is at the other end of a Unix socket, as the kernel noted it when the peer connected. unix(7) SO_PEERCRED,
// SO_PEERGROUPS.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace multiping::proxy {

struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;  ///< 0 where it is in no namespace that this process can see.
};
/// "uid 1000 gid 1000 pid 77".
[[nodiscard]] std::string to_string(const PeerCredentials& peer);

/// None where this is no connected Unix socket.
[[nodiscard]] std::optional<PeerCredentials> peer_credentials(int socket) noexcept;
/// Supplementary groups; none where the system does not tell.
[[nodiscard]] std::vector<gid_t> peer_groups(int socket);

}  // namespace multiping::proxy
