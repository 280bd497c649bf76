// Tells whether an address is this host's own, as the kernel's routes say.
// For ICMP errors of this host itself, such as one about a silent neighbour: these are rare, but come many in a row.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "os/ping_socket_source.hpp"
#include "os/source_address_finder.hpp"

namespace multiping::os {

/// For the network namespace of this process, or for the one of a broker's ping sockets. Remembers each answer for a
/// second.
class LocalAddresses {
 public:
  LocalAddresses() = default;
  explicit LocalAddresses(std::shared_ptr<PingSocketSource> broker) noexcept : broker_{std::move(broker)} {}

  /// Forgets all answers, since the network namespace may be another one from now on.
  void forget() noexcept {
    finders_ = {};
    known_.clear();
  }
  /// Whether `address` is this host's own; false also when that cannot be found out for lack of a descriptor.
  [[nodiscard]] bool has(const Address& address, Instant now);

 private:
  [[nodiscard]] bool ask(const Address& address);

  struct Known {
    bool own = false;
    Instant at{};
  };
  std::shared_ptr<PingSocketSource> broker_{};
  std::array<std::unique_ptr<SourceAddressFinder>, 2> finders_{};  ///< By family, made when one is needed.
  std::unordered_map<Address, Known> known_;
};

}  // namespace multiping::os
