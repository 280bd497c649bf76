// Keeps the zones of link-local addresses up to date. An interface that is deleted and created again under its name, as
// VPNs do, has another number, and the kernel knows interfaces by number. RFC 4007; if_nametoindex(3).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping {

/// Remembers the name of every zone that it has seen.
class Ipv6Zones {
 public:
  /// The address as it is to be probed now. A zone becomes the interface that now has the name which the zone had at
  /// first. An address without a zone gets that of the device. An address that is not link-local loses its zone. Each
  /// name is looked up at most once in a tenth of a second, unless its number differs from that of the address. Throws
  /// std::invalid_argument, which names both, when the zone is another interface than the device.
  [[nodiscard]] Address place(const Address& address, const ProbeOptions& probe, Instant now);
  /// The same without a device, and without throwing std::invalid_argument.
  [[nodiscard]] Address place(const Address& address, Instant now);

 private:
  struct Interface {
    std::uint32_t index = 0;  ///< Interface number; 0: no interface has that name.
    Instant seen_at{};
  };
  [[nodiscard]] std::uint32_t index_of(const std::string& name, Instant now, std::uint32_t known_number);
  [[nodiscard]] const std::string& name_of(std::uint32_t index);

  std::unordered_map<std::uint32_t, std::string> names_;
  std::unordered_map<std::string, Interface> interfaces_;
};

}  // namespace multiping
