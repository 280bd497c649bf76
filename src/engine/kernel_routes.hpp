// Finds the route of a destination in a list of routes: the longest prefix, then the least metric.
// Pure. It only groups destinations that share a route: the kernel is then asked about one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "multiping/address.hpp"
#include "net/routes_and_neighbours.hpp"

namespace multiping::engine {

class KernelRoutes {
 public:
  /// All routes of one family.
  explicit KernelRoutes(std::vector<net::RouteEntry> routes);

  /// The number of the route to `to`, among those through `device` unless that is 0; none when there is no route, or
  /// when more than the destination decides about it.
  [[nodiscard]] std::optional<std::size_t> find(const Address& to, std::uint32_t device = 0) const;
  [[nodiscard]] const net::RouteEntry& operator[](std::size_t route) const noexcept { return routes_[route]; }

 private:
  /// The routes to prefixes of one length, by their first address.
  struct Length {
    std::uint8_t bits = 0;
    std::unordered_map<Address, std::vector<std::size_t>> routes{};
  };
  [[nodiscard]] std::optional<std::size_t> best(const std::vector<std::size_t>& routes, std::uint32_t device,
                                                bool& certain) const noexcept;

  std::vector<net::RouteEntry> routes_;
  std::vector<Length> lengths_;  ///< The longest prefixes first.
  std::unordered_set<Address> exceptions_;
};

}  // namespace multiping::engine
