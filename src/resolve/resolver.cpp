// What needs no lookup is answered here; the rest goes to the pool, each name once.
// Results come back in the caller's order, one for each position.
#include "resolve/resolver.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "multiping/error.hpp"
#include "resolve/host_name.hpp"
#include "resolve/lookup_pool.hpp"

namespace multiping::resolver {
namespace {

/// A position of the caller's list, and the lookup that answers it.
struct Awaiting {
  std::size_t position = 0, lookup = 0;
};

/// The positions that need a lookup, and the names to be looked up.
struct Plan {
  std::vector<Awaiting> awaiting{};
  std::vector<std::string> names{};
  std::unordered_map<std::string_view, std::size_t> known{};  // into names; the keys are the caller's

  void add(std::size_t position, const std::string& name) {
    const auto [at, is_new] = known.try_emplace(name, names.size());
    if (is_new) names.push_back(name);
    awaiting.push_back({position, at->second});
  }
};

bool is_wanted(const Address& address, Family family) noexcept {
  return family == Family::any || family == address.family();
}

Resolution resolve_address(const std::string& text, const Address& address, Family family) {
  if (is_wanted(address, family)) return {text, {address}, {}};
  return {text, {}, Errc::no_address};
}

Resolution resolve_at_once(const std::string& text, std::size_t position, Family family, Plan& plan) {
  const auto host = read_host(text);
  if (host.kind == HostText::address) return resolve_address(text, host.address, family);
  if (host.kind == HostText::name) plan.add(position, text);
  return {text, {}, Errc::no_address};
}

}  // namespace

std::vector<Resolution> resolve_names(std::span<const std::string> names, const ResolveOptions& options,
                                      const std::stop_token& stop) {
  std::vector<Resolution> resolutions;
  resolutions.reserve(names.size());
  Plan plan;
  for (const auto& name : names) {
    resolutions.push_back(resolve_at_once(name, resolutions.size(), options.family, plan));
  }
  if (plan.names.empty()) return resolutions;
  const auto answers = look_up_all(std::move(plan.names), options, system_lookup, stop);
  for (const auto& [position, lookup] : plan.awaiting) {
    resolutions[position].addresses = answers[lookup].addresses;
    resolutions[position].error = answers[lookup].error;
  }
  return resolutions;
}

std::optional<Address> preferred(const Resolution& resolution, Family family) noexcept {
  const auto& addresses = resolution.addresses;
  const auto wanted = family == Family::any ? Family::ipv4 : family;
  const auto of_family = [wanted](const Address& address) { return address.family() == wanted; };
  const auto found = std::find_if(addresses.begin(), addresses.end(), of_family);
  if (found != addresses.end()) return *found;
  if (family != Family::any || addresses.empty()) return std::nullopt;
  return addresses.front();
}

}  // namespace multiping::resolver
