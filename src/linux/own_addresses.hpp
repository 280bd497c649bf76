// Which addresses are this host's own, as the kernel's routes say.
// For ICMP errors that this host makes itself, of a neighbour that does not answer for one: few, but many in a row.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>
#include <utility>

#include "linux/ping_socket.hpp"
#include "linux/source_finder.hpp"
#include "multiping/address.hpp"
#include "net/instant.hpp"

namespace multiping::os {

/// Of the network namespace of this process, or of the one that a broker's ping sockets are of. Remembers each answer
/// for a second.
class OwnAddresses {
 public:
  OwnAddresses() = default;
  explicit OwnAddresses(std::shared_ptr<PingSocketSource> broker) noexcept : broker_{std::move(broker)} {}

  /// False too where it cannot be told, for want of a descriptor.
  [[nodiscard]] bool has(const Address& address, net::Instant now);

 private:
  [[nodiscard]] bool ask(const Address& address);

  struct Known {
    bool own = false;
    net::Instant at{};
  };
  std::shared_ptr<PingSocketSource> broker_{};
  std::array<std::unique_ptr<SourceFinder>, 2> finders_{};  ///< By family, made when one is needed.
  std::unordered_map<Address, Known> known_;
};

}  // namespace multiping::os
