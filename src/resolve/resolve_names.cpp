// Asks each distinct question once, and puts the answers into the caller's order, one for each position.
// See resolve_names.hpp.
#include "resolve/resolve_names.hpp"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>

#include "base/host_name_syntax.hpp"
#include "multiping/error.hpp"
#include "resolve/lookup_session.hpp"
#include "resolve/pending_lookups.hpp"

namespace multiping::resolver {
namespace {

/// A position of the caller's list, and the lookup that answers it.
struct Awaiting {
  std::size_t position = 0, lookup = 0;
};

/// The positions that need a lookup, and the questions to look up.
struct Plan {
  std::vector<Awaiting> awaiting{};
  std::vector<Question> questions{};
  std::unordered_map<Address, std::size_t> known{};  // into questions

  void add(std::size_t position, const Address& asked) {
    const auto [at, is_new] = known.try_emplace(asked, questions.size());
    if (is_new) questions.emplace_back(asked);
    awaiting.push_back({position, at->second});
  }
};

bool is_wanted(const Address& address, Family family) noexcept {
  return family == Family::any || family == address.family();
}

/// Takes only a valid host name: the owner of an address chooses the text, perhaps to confuse a terminal or a log.
void take_name(const Answer& answer, ReverseResolution& resolution) {
  if (answer.error || is_host_name(answer.name)) {
    resolution.name = answer.name;
    resolution.error = answer.error;
  }
}

}  // namespace

std::vector<Resolution> resolve_names(std::span<const std::string> names, const ResolveOptions& options,
                                      const std::stop_token& stop) {
  std::vector<Resolution> resolutions(names.size());
  PendingLookups lookups{{names.begin(), names.end()}, options, stop};
  lookups.wait_for_all();
  for (auto& [position, resolution] : lookups.take()) resolutions[position] = std::move(resolution);
  return resolutions;
}

std::vector<ReverseResolution> reverse_names(std::span<const Address> addresses, const ResolveOptions& options,
                                             const std::stop_token& stop) {
  std::vector<ReverseResolution> resolutions;
  resolutions.reserve(addresses.size());
  Plan plan;
  for (const auto& address : addresses) {
    if (address && is_wanted(address, options.family)) plan.add(resolutions.size(), address);
    resolutions.push_back({address, {}, Errc::no_address});
  }
  if (plan.questions.empty()) return resolutions;
  const auto answers = look_up_all(std::move(plan.questions), options, system_lookup, stop);
  for (const auto& [position, lookup] : plan.awaiting) take_name(answers[lookup], resolutions[position]);
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
