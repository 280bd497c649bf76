// The zones of link-local addresses in an object that lives on.
// See zones.hpp.
#include "zones.hpp"

#include <net/if.h>

#include <array>
#include <chrono>
#include <stdexcept>

#include "destination.hpp"
#include "linux/device.hpp"
#include "net/address_facts.hpp"
#include "readable.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;

constexpr Duration fresh_for = 100ms;
/// Whoever makes up ever new zones does not fill the memory with them.
constexpr std::size_t most_names = 4096;

/// A VRF is the device of all that goes through its interfaces.
bool may_go_together(std::uint32_t zone, std::uint32_t device) noexcept {
  return zone == device || (device != 0 && os::master_of(zone) == device);
}

}  // namespace

/// Empty where no interface has that number, now or when it was asked first.
const std::string& Zones::name_of(std::uint32_t index) {
  if (names_.size() >= most_names) names_.clear();
  std::string& name = names_[index];
  std::array<char, IF_NAMESIZE> text{};
  if (name.empty() && ::if_indextoname(index, text.data()) != nullptr) name = text.data();
  return name;
}

/// What differs from the number that the caller knows is not told from memory: either may be the older one.
std::uint32_t Zones::index_of(const std::string& name, net::Instant now, std::uint32_t known_number) {
  if (interfaces_.size() >= most_names) interfaces_.clear();
  const auto [known, fresh] = interfaces_.try_emplace(name);
  Interface& interface = known->second;
  const bool differs = known_number != 0 && interface.index != known_number;
  if (fresh || differs || now - interface.seen_at >= fresh_for)
    interface = {.index = ::if_nametoindex(name.c_str()), .seen_at = now};
  return interface.index;
}

Address Zones::place(const Address& address, net::Instant now) {
  if (address.scope_id() == 0 || !net::is_link_local(address)) return without_idle_zone(address);
  const std::string& zone = name_of(address.scope_id());
  const std::uint32_t index = zone.empty() ? 0 : index_of(zone, now, address.scope_id());
  return index == 0 ? address : net::in_zone(address, index);
}

Address Zones::place(const Address& address, const ProbeOptions& probe, net::Instant now) {
  if (probe.device.empty() || !net::is_link_local(address)) return place(address, now);
  const std::uint32_t device = index_of(probe.device, now, address.scope_id());
  if (address.scope_id() == 0) return net::in_zone(address, device);
  const std::string& zone = name_of(address.scope_id());
  const std::uint32_t index = zone.empty() ? 0 : index_of(zone, now, address.scope_id());
  // What does not exist contradicts nothing: a number may be that which the device had before.
  if (index == 0) return device == 0 ? address : net::in_zone(address, device);
  if (may_go_together(index, device)) return net::in_zone(address, index);
  throw std::invalid_argument("the zone of " + net::in_zone(address, index).to_string() +
                              " is another interface than ProbeOptions::device, which is " + readable(probe.device));
}

}  // namespace multiping
