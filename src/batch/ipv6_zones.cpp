// Remembers the name of each zone, and the number of each name for a tenth of a second.
// See batch/ipv6_zones.hpp.
#include "batch/ipv6_zones.hpp"

#include <net/if.h>

#include <array>
#include <chrono>
#include <stdexcept>

#include "multiping/result.hpp"
#include "os/network_device.hpp"
#include "values/address_kinds.hpp"
#include "values/probeable_address.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;

constexpr Duration seen_for = 100ms;
/// The most names and the most numbers that are remembered, so that ever new zones do not fill the memory.
constexpr std::size_t most_names = 4096;

/// True when probes of that device may go out by that zone: they are the same interface, or the device is the VRF of
/// the zone's interface. Interface numbers; 0: no device.
bool may_go_together(std::uint32_t zone, std::uint32_t device) noexcept {
  return zone == device || (device != 0 && os::master_of(zone) == device);
}

}  // namespace

/// The name of interface `index`, as it was when this function found it first. Empty when it was never found.
const std::string& Ipv6Zones::name_of(std::uint32_t index) {
  if (names_.size() >= most_names) names_.clear();
  std::string& name = names_[index];
  std::array<char, IF_NAMESIZE> text{};
  if (name.empty() && ::if_indextoname(index, text.data()) != nullptr) name = text.data();
  return name;
}

/// The number of interface `name`; 0: there is none. When the remembered number differs from `known_number` (0: none),
/// the kernel is asked again, since either may be the older one.
std::uint32_t Ipv6Zones::index_of(const std::string& name, Instant now, std::uint32_t known_number) {
  if (interfaces_.size() >= most_names) interfaces_.clear();
  const auto [known, fresh] = interfaces_.try_emplace(name);
  Interface& interface = known->second;
  const bool differs = known_number != 0 && interface.index != known_number;
  if (fresh || differs || now - interface.seen_at >= seen_for)
    interface = {.index = ::if_nametoindex(name.c_str()), .seen_at = now};
  return interface.index;
}

Address Ipv6Zones::place(const Address& address, Instant now) {
  if (address.scope_id() == 0 || !is_link_local(address)) return without_idle_zone(address);
  const std::string& zone = name_of(address.scope_id());
  const std::uint32_t index = zone.empty() ? 0 : index_of(zone, now, address.scope_id());
  return index == 0 ? address : in_zone(address, index);
}

Address Ipv6Zones::place(const Address& address, const ProbeOptions& probe, Instant now) {
  if (probe.device.empty() || !is_link_local(address)) return place(address, now);
  const std::uint32_t device = index_of(probe.device, now, address.scope_id());
  if (address.scope_id() == 0) return in_zone(address, device);
  const std::string& zone = name_of(address.scope_id());
  const std::uint32_t index = zone.empty() ? 0 : index_of(zone, now, address.scope_id());
  // A zone that does not exist does not contradict the device: its number may be one that the device had before.
  if (index == 0) return device == 0 ? address : in_zone(address, device);
  if (may_go_together(index, device)) return in_zone(address, index);
  throw std::invalid_argument("the zone of " + in_zone(address, index).to_string() +
                              " is another interface than ProbeOptions::device, which is " + printable(probe.device));
}

}  // namespace multiping
