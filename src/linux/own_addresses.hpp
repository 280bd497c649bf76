// Tells whether an address is this host's own, as the kernel's routes say.
// For ICMP errors of this host itself, such as one about a silent neighbour: these are rare, but come many in a row.
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

/// For the network namespace of this process, or for the one of a broker's ping sockets. Remembers each answer for a
/// second.
class OwnAddresses {
 public:
  OwnAddresses() = default;
  explicit OwnAddresses(std::shared_ptr<PingSocketSource> broker) noexcept : broker_{std::move(broker)} {}

  /// Whether `address` is this host's own; false also when that cannot be found out for lack of a descriptor.
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
