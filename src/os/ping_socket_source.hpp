// Opens ping sockets with error queue and receive stamps, each bound to a random identifier that no other user can
// share. icmp(7), ip(7) IP_RECVERR. Used by the objects of this process and by the broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "multiping/address.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::os {

/// A socket, or the reason why there is none.
struct PingSocket {
  FileDescriptor socket{};
  std::uint16_t id = 0;  ///< ICMP identifier of all that it sends.
  std::error_code error{};
  std::string doing{};    ///< What failed: "cannot open a ping socket for ipv4".
  bool may_pass = false;  ///< The next request for a socket may succeed.
};

/// Opens a ping socket that is bound to `source`, or to any address when that is empty, and to `device`, unless that is
/// empty. `receive_buffer` is in bytes, and past the system's limit where this process may. The buffer is never smaller
/// than the system's default; 0: the default.
[[nodiscard]] PingSocket open_ping_socket(Family family, const Address& source = {}, std::size_t receive_buffer = 0,
                                          const std::string& device = {});

/// Gives ping sockets to a process that may not open any. May be used from any thread.
class PingSocketSource {
 public:
  virtual ~PingSocketSource() = default;
  /// As open_ping_socket(). Takes a second at most.
  [[nodiscard]] virtual PingSocket ping_socket(Family family, const Address& source, std::size_t receive_buffer) = 0;
  /// Whether its sockets are of another network namespace than those that this process opens.
  [[nodiscard]] virtual bool elsewhere() const noexcept { return false; }
};

/// What the objects of a transport know of the broker.
struct BrokerAccess {
  std::shared_ptr<PingSocketSource> sockets{};  ///< Where ping sockets come from, in a transport of kind broker.
  std::string remedy{};                         ///< As broker_remedy().
};

}  // namespace multiping::os
