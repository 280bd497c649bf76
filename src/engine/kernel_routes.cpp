// One look-up for each length of prefix that occurs.
// See kernel_routes.hpp.
#include "engine/kernel_routes.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace multiping::engine {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> masked(std::span<const std::uint8_t> octets, unsigned bits) noexcept {
  std::array<std::uint8_t, Size> first{};
  for (std::size_t i = 0; i < Size && bits > 0; ++i) {
    const unsigned kept = std::min(bits, 8U);
    first[i] = static_cast<std::uint8_t>(octets[i] & (0xff00U >> kept));
    bits -= kept;
  }
  return first;
}

/// The first address of the prefix of that length that has `address`, without a zone.
Address prefix_of(const Address& address, unsigned bits) noexcept {
  return address.family() == Family::ipv4 ? Address::v4(masked<4>(address.bytes(), bits))
                                          : Address::v6(masked<16>(address.bytes(), bits));
}

}  // namespace

KernelRoutes::KernelRoutes(std::vector<net::RouteEntry> routes) : routes_{std::move(routes)} {
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const net::RouteEntry& route = routes_[i];
    if (route.exception) {
      exceptions_.insert(prefix_of(route.to, 128));
      continue;
    }
    auto length = std::ranges::find(lengths_, route.length, &Length::bits);
    if (length == lengths_.end()) length = lengths_.insert(lengths_.end(), Length{.bits = route.length});
    length->routes[prefix_of(route.to, route.length)].push_back(i);
  }
  std::ranges::sort(lengths_, std::ranges::greater{}, &Length::bits);
}

/// The route with the least metric. `certain` becomes false when several have it, or when it is not one next hop.
std::optional<std::size_t> KernelRoutes::best(const std::vector<std::size_t>& routes, std::uint32_t device,
                                              bool& certain) const noexcept {
  std::optional<std::size_t> found;
  for (const std::size_t i : routes) {
    const net::RouteEntry& route = routes_[i];
    if (route.several) certain = false;
    if (device != 0 && route.device != device) continue;
    if (found && routes_[*found].metric == route.metric) certain = false;
    if (!found || route.metric < routes_[*found].metric) found = i;
  }
  return found;
}

std::optional<std::size_t> KernelRoutes::find(const Address& to, std::uint32_t device) const {
  if (!exceptions_.empty() && exceptions_.contains(prefix_of(to, 128))) return std::nullopt;
  for (const Length& length : lengths_) {
    const auto routes = length.routes.find(prefix_of(to, length.bits));
    if (routes == length.routes.end()) continue;
    bool certain = true;
    const auto found = best(routes->second, device, certain);
    if (!certain) return std::nullopt;
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace multiping::engine
