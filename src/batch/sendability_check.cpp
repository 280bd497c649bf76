// Collects one answer for each transport, profile and family, and decides from all of them.
// See batch/sendability_check.hpp.
#include "batch/sendability_check.hpp"

#include <algorithm>
#include <system_error>

#include "multiping/error.hpp"
#include "values/protocol_traits.hpp"

namespace multiping {

void SendabilityCheck::prepare(const engine::ProbeTable& table, net::ProbeTransport& transport) {
  asked_.assign(asked_.size(), false);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const engine::TargetRecord& record = table.record(static_cast<engine::TargetIndex>(i));
    ask(record.address.family(), record.profile, transport);
  }
}

void SendabilityCheck::prepare(std::span<const engine::TargetKey> destinations, net::ProbeTransport& transport) {
  asked_.assign(asked_.size(), false);
  for (const engine::TargetKey& destination : destinations)
    ask(destination.address.family(), destination.profile, transport);
}

void SendabilityCheck::ask(Family family, net::ProfileNumber profile, net::ProbeTransport& transport) {
  const std::size_t pair = profile * std::size_t{2} + (family == Family::ipv6 ? 1U : 0U);
  if (asked_[pair]) return;
  asked_[pair] = true;
  answers_.push_back({.profile = profile, .family = family, .obstacle = transport.prepare(family, profile)});
}

bool SendabilityCheck::serves_fewer() const {
  return std::ranges::any_of(answers_, [this](const Answer& refused) {
    return refused.obstacle.privilege && std::ranges::any_of(answers_, [&refused](const Answer& other) {
             return other.profile == refused.profile && other.family == refused.family && !other.obstacle.error;
           });
  });
}

/// True when a missing privilege refuses the whole batch. Where ICMP works for some probes, the others fail alone. What
/// UDP and connecting TCP lack is a failure of their own targets, too.
bool SendabilityCheck::forbids_batch(const Answer& answer) const {
  if (!answer.obstacle.privilege) return false;
  const ProbeOptions& profile = profiles_[answer.profile];
  if (profile.protocol != Protocol::icmp) return needs_raw(profile);
  return std::ranges::none_of(answers_, [this](const Answer& other) {
    return profiles_[other.profile].protocol == Protocol::icmp && !other.obstacle.error;
  });
}

void SendabilityCheck::ask_both_families(net::ProbeTransport& transport) {
  const std::size_t known = answers_.size();
  for (std::size_t i = 0; i < known; ++i) {
    if (!answers_[i].obstacle.privilege) continue;
    for (const Family family : {Family::ipv4, Family::ipv6}) ask(family, answers_[i].profile, transport);
  }
}

void SendabilityCheck::refuse_if_hopeless(Asked asked) const {
  const auto works = [](const Answer& answer) { return !answer.obstacle.error; };
  const auto lacks_family = [](const Answer& answer) {
    return answer.obstacle.error == std::errc::address_family_not_supported;
  };
  auto reason = std::ranges::find_if(answers_, [this](const Answer& answer) { return forbids_batch(answer); });
  if (reason == answers_.end() && asked == Asked::all && std::ranges::none_of(answers_, works))
    reason = std::ranges::find_if_not(answers_, lacks_family);
  if (reason == answers_.end()) return;
  const net::Obstacle& obstacle = reason->obstacle;
  if (obstacle.privilege) throw PermissionError(obstacle.error, obstacle.doing);
  throw std::system_error(obstacle.error, obstacle.doing);
}

}  // namespace multiping
