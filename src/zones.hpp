// The zones of link-local addresses in an object that lives on: the kernel knows interfaces by number, and one that is
// made anew under its name, as VPNs are, has another number. RFC 4007; if_nametoindex(3).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "net/instant.hpp"

namespace multiping {

/// Remembers the name of every zone that it has seen.
class Zones {
 public:
  /// The address as it is to be probed now: in the zone that has the name which its zone had at first, in that of the
  /// device where it has none, and without one where it needs none. Each name is looked up once in a tenth of a second.
  /// Throws std::invalid_argument, naming both, when its zone is another interface than the device.
  [[nodiscard]] Address place(const Address& address, const ProbeOptions& probe, net::Instant now);
  /// The same without a device, and without throwing std::invalid_argument.
  [[nodiscard]] Address place(const Address& address, net::Instant now);

 private:
  struct Interface {
    std::uint32_t index = 0;  ///< 0: there is none of that name.
    net::Instant seen_at{};
  };
  [[nodiscard]] std::uint32_t index_of(const std::string& name, net::Instant now, std::uint32_t known_number);
  [[nodiscard]] const std::string& name_of(std::uint32_t index);

  std::unordered_map<std::uint32_t, std::string> names_;
  std::unordered_map<std::string, Interface> interfaces_;
};

}  // namespace multiping
