// See last_failures.hpp.
#include "apps/multiping/last_failures.hpp"

namespace multiping::command {

void LastFailures::failed(const ProbeEvent& event, std::size_t targets) {
  fates_.resize(targets);
  std::optional<Result>& fate = fates_[event.target];
  const auto has_reason = [](const Result& result) { return result.icmp != nullptr || result.error; };
  if (!fate || has_reason(event.result) || !has_reason(*fate)) fate = event.result;
}

void LastFailures::answered(std::size_t target) {
  if (target < fates_.size()) fates_[target].reset();
}

const Result* LastFailures::of(std::size_t target) const noexcept {
  return target < fates_.size() && fates_[target] ? &*fates_[target] : nullptr;
}

std::uint16_t port_of(const RunTarget& target, const CommandOptions& options) noexcept {
  constexpr std::uint16_t udp_default = 33434, other_default = 80;
  const Protocol protocol = options.probe.protocol;
  if (protocol == Protocol::icmp) return 0;
  if (target.port != 0) return target.port;
  if (options.probe.port != 0) return static_cast<std::uint16_t>(options.probe.port);
  return protocol == Protocol::udp ? udp_default : other_default;
}

}  // namespace multiping::command
