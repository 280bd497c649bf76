// Collects one answer for each transport, shape and family, and decides from all of them.
// See readiness.hpp.
#include "readiness.hpp"

#include <algorithm>
#include <system_error>

#include "multiping/error.hpp"

namespace multiping {

void Readiness::prepare(const engine::ProbeTable& table, net::ProbeTransport& transport) {
  asked_.assign(asked_.size(), false);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const engine::TargetRecord& record = table.record(static_cast<engine::TargetIndex>(i));
    ask(record.address.family(), record.shape, transport);
  }
}

void Readiness::prepare(std::span<const engine::Endpoint> endpoints, net::ProbeTransport& transport) {
  asked_.assign(asked_.size(), false);
  for (const engine::Endpoint& endpoint : endpoints) ask(endpoint.address.family(), endpoint.shape, transport);
}

void Readiness::ask(Family family, net::ShapeNumber shape, net::ProbeTransport& transport) {
  const std::size_t pair = shape * std::size_t{2} + (family == Family::ipv6 ? 1U : 0U);
  if (asked_[pair]) return;
  asked_[pair] = true;
  answers_.push_back({.shape = shape, .family = family, .obstacle = transport.prepare(family, shape)});
}

bool Readiness::serves_fewer() const {
  return std::ranges::any_of(answers_, [this](const Answer& refused) {
    return refused.obstacle.privilege && std::ranges::any_of(answers_, [&refused](const Answer& other) {
             return other.shape == refused.shape && other.family == refused.family && !other.obstacle.error;
           });
  });
}

/// True when a missing privilege refuses the whole batch. Where ICMP works for some probes, the others fail alone. What
/// UDP and connecting TCP lack is a failure of their own targets, too.
bool Readiness::forbids_batch(const Answer& answer) const {
  if (!answer.obstacle.privilege) return false;
  const ProbeOptions& shape = shapes_[answer.shape];
  if (shape.protocol != Protocol::icmp) return shape.protocol == Protocol::sctp || shape.half_open;
  return std::ranges::none_of(answers_, [this](const Answer& other) {
    return shapes_[other.shape].protocol == Protocol::icmp && !other.obstacle.error;
  });
}

void Readiness::ask_both_families(net::ProbeTransport& transport) {
  const std::size_t known = answers_.size();
  for (std::size_t i = 0; i < known; ++i) {
    if (!answers_[i].obstacle.privilege) continue;
    for (const Family family : {Family::ipv4, Family::ipv6}) ask(family, answers_[i].shape, transport);
  }
}

void Readiness::refuse_if_hopeless(Asked asked) const {
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
