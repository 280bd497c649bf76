// Opens ping sockets that no other user can listen in on: bound to a random identifier that is theirs alone, with
// error queue and receive stamps. icmp(7), ip(7) IP_RECVERR; shared by objects of this process and the broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "linux/file_descriptor.hpp"
#include "multiping/address.hpp"

namespace multiping::os {

/// A socket, or why there is none.
struct PingSocket {
  FileDescriptor socket{};
  std::uint16_t id = 0;  ///< Identifier of all that it sends.
  std::error_code error{};
  std::string doing{};    ///< What failed: "cannot open a ping socket for ipv4".
  bool may_pass = false;  ///< Whoever asks again may be given one.
};

/// Bound to `source`, or to any address when there is none, and to `device`, if there is one. `receive_buffer` in
/// bytes, past the system's limit where this process may; never less than the system's default, which 0 asks for.
[[nodiscard]] PingSocket open_ping_socket(Family family, const Address& source = {}, std::size_t receive_buffer = 0,
                                          const std::string& device = {});

/// Gives ping sockets to a process that may not open any. From any thread.
class PingSocketSource {
 public:
  virtual ~PingSocketSource() = default;
  /// As open_ping_socket(). Takes a second at most.
  [[nodiscard]] virtual PingSocket ping_socket(Family family, const Address& source, std::size_t receive_buffer) = 0;
  /// Whether they are of another network namespace than the sockets that this process opens.
  [[nodiscard]] virtual bool elsewhere() const noexcept { return false; }
};

/// What the objects of a transport know of the broker.
struct BrokerAccess {
  std::shared_ptr<PingSocketSource> sockets{};  ///< Where ping sockets come from, in a transport of kind broker.
  std::string remedy{};                         ///< As broker_remedy().
};

}  // namespace multiping::os
