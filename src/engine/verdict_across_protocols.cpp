// One verdict of several ways of asking a host.
// Pure. See the table of verdict() in multiping/health.hpp.
#include <algorithm>
#include <exception>
#include <vector>

#include "engine/local_loss.hpp"
#include "multiping/health.hpp"

namespace multiping {
namespace {

/// What is known of one way of asking.
struct Answers {
  bool asked = false, answered = false;

  void add(bool answer) noexcept {
    asked = true;
    answered = answered || answer;
  }
  [[nodiscard]] bool silent() const noexcept { return asked && !answered; }
};

/// False for what says nothing about the host.
bool says_something(const Result& result) noexcept {
  if (result.answered()) return true;
  if (result.outcome == Outcome::pending || result.outcome == Outcome::unresolved) return false;
  if (result.outcome == Outcome::send_failed && result.cause != Cause::neighbour_silent) return false;
  return !engine::may_be_lost_here(result);
}

/// Without memory for the search there is no limit to tell of.
bool is_limited(std::span<const Result> results) noexcept try {
  std::vector<Result> icmp;
  std::ranges::copy_if(results, std::back_inserter(icmp),
                       [](const Result& each) { return each.protocol == Protocol::icmp; });
  return rate_limit(icmp).has_value();
} catch (const std::exception&) {
  return false;
}

}  // namespace

Verdict verdict(std::span<const Result> of_one_host) noexcept {
  Answers icmp, connections, any;
  bool replied = false, refused = false;
  for (const Result& each : of_one_host) {
    if (!says_something(each)) continue;
    any.add(each.answered());
    if (each.protocol == Protocol::icmp) {
      icmp.add(each.answered());
      continue;
    }
    replied = replied || each.outcome == Outcome::reply;
    refused = refused || each.outcome == Outcome::refused;
    if (each.protocol != Protocol::udp) connections.add(each.answered());
  }
  if (!any.asked) return Verdict::unknown;
  if (replied) return icmp.silent() ? Verdict::icmp_filtered : Verdict::up;
  if (refused || (icmp.answered && connections.silent())) return Verdict::service_down;
  if (!icmp.answered) return Verdict::silent;
  return is_limited(of_one_host) ? Verdict::limited : Verdict::up;
}

}  // namespace multiping
