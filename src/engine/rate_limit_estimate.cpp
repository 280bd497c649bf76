// Tries the token buckets of all rates that a series can show, and takes those that explain it best.
// Pure. See rate_limit() in multiping/health.hpp.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "multiping/health.hpp"

namespace multiping {
namespace {

struct Probe {
  double sent = 0;  ///< In seconds after the first.
  bool answered = false;
};
using Probes = std::vector<Probe>;

/// A bucket must explain so many times fewer series than there are with as many answers, for each probe. Of 1,000
/// series with random loss at most one has so much evidence, whatever the loss and the length; tests measure it.
constexpr double least_evidence = 1'000;
/// A packet comes to the router some time after it was sent, which differs from packet to packet: where a bucket has so
/// much more or less than a token, a probe may be answered or not.
constexpr double token_tolerance = 0.01;
constexpr double rate_step = 1.01;
constexpr std::size_t least_probes = 8, least_denied = 3, least_refilled = 2;
/// The greatest rate that explains a series over the least one. In a narrow range the middle is within 20 per cent of
/// both; in a wider one than the widest nothing is known of the rate.
constexpr double narrow_range = 1.5, widest_range = 2.08;

bool may_be_limited(const Result& result) noexcept {
  switch (result.outcome) {
    case Outcome::pending:
    case Outcome::unresolved:
    case Outcome::send_failed:
      return false;
    default:
      return !result.duplicate && (result.answered() || !is_local(result.cause));
  }
}

/// Where no probe had a reply, the errors of routers are the answers that are limited.
auto answer_of(std::span<const Result> series) noexcept {
  const bool replies = std::ranges::any_of(series, [](const Result& each) { return each.answered(); });
  return [replies](const Result& each) {
    const bool error = each.outcome == Outcome::ttl_expired || each.outcome == Outcome::unreachable;
    return replies ? each.answered() : error;
  };
}

/// The time at which a probe would have been sent if all were sent evenly between the answered ones around it; its own
/// time where there are not two of them.
double between(const Probes& probes, std::size_t at) {
  std::size_t before = at, after = at;
  while (before > 0 && !probes[before].answered) --before;
  while (after + 1 < probes.size() && !probes[after].answered) ++after;
  if (!probes[before].answered || !probes[after].answered) return probes[at].sent;
  const double share = static_cast<double>(at - before) / static_cast<double>(after - before);
  return probes[before].sent + share * (probes[after].sent - probes[before].sent);
}

/// The time of a probe without an answer is that of giving up, which is later than its sending by a time that is the
/// same for all of them, the timeout. It is found from the answered probes around them, and subtracted.
void subtract_timeout(Probes& probes) {
  std::vector<double> late;
  for (std::size_t i = 0; i < probes.size(); ++i)
    if (!probes[i].answered && between(probes, i) != probes[i].sent)
      late.push_back(probes[i].sent - between(probes, i));
  if (late.empty()) return;
  const auto middle = late.begin() + static_cast<std::ptrdiff_t>(late.size() / 2);
  std::ranges::nth_element(late, middle);
  const auto by_time = [](const Probe& a, const Probe& b) { return a.sent < b.sent; };
  if (std::ranges::is_sorted(probes, by_time)) return;
  for (Probe& probe : probes)
    if (!probe.answered) probe.sent -= *middle;
}

/// What counts of a series, in the order of sending, from the first answer on: a bucket that was empty before it is no
/// part of the series.
Probes probes_of(std::span<const Result> series) {
  const auto answered = answer_of(series);
  Probes probes;
  for (const Result& each : series) {
    if (!may_be_limited(each)) continue;
    const bool one = answered(each);
    const Duration sent =
        each.at.time_since_epoch() - series.front().at.time_since_epoch() - (one ? each.rtt : Duration{});
    probes.push_back({.sent = std::chrono::duration<double>{sent}.count(), .answered = one});
  }
  subtract_timeout(probes);
  std::ranges::stable_sort(probes, {}, &Probe::sent);
  probes.erase(probes.begin(), std::ranges::find(probes, true, &Probe::answered));
  if (probes.empty()) return probes;
  const double start = probes.front().sent;
  for (Probe& probe : probes) probe.sent -= start;
  return probes;
}

/// The logarithm of the number of ways to choose `part` of `whole`.
double log_choices(std::size_t whole, std::size_t part) {
  const auto log_factorial = [](std::size_t n) { return std::lgamma(static_cast<double>(n) + 1); };
  return log_factorial(whole) - log_factorial(part) - log_factorial(whole - part);
}

/// How well a bucket explains a series.
struct Explained {
  std::size_t wrong = 0;      ///< Probes that it does not explain.
  std::size_t undecided = 0;  ///< Probes that came when there was just about one token.
  /// The logarithm of the number of series that it explains as well.
  [[nodiscard]] double cost(std::size_t probes) const {
    return log_choices(probes, wrong) + static_cast<double>(undecided) * std::log(2.0);
  }
};

/// The bucket is full at the first probe. Only answers take tokens out of it.
Explained explained(const Probes& probes, const RateLimit& limit) {
  double left = limit.burst, since = 0;
  Explained sum;
  for (const Probe& probe : probes) {
    const double tokens = left + limit.per_second * (probe.sent - since);
    if (std::abs(tokens - 1) < token_tolerance) {
      ++sum.undecided;
    } else if (probe.answered != (tokens > 1)) {
      ++sum.wrong;
    }
    if (!probe.answered) continue;
    left = std::max(std::min(tokens, limit.burst) - 1, 0.0);
    since = probe.sent;
  }
  return sum;
}

/// Rates that explain a series equally well with one burst.
struct Fit {
  double low = 0, high = 0, burst = 0;
  double cost = std::numeric_limits<double>::infinity();

  [[nodiscard]] bool better_than(const Fit& other) const {
    return cost != other.cost ? cost < other.cost : high * other.low > other.high * low;
  }
};

/// The bursts that are worth a trial at a rate: what was answered up to one of the first denials, less what came in.
std::vector<double> bursts(const Probes& probes, double rate) {
  std::vector<double> found{1};
  std::size_t answered = 0, denials = 0;
  for (std::size_t i = 0; i < probes.size() && denials < 3; ++i) {
    if (probes[i].answered) {
      ++answered;
      continue;
    }
    ++denials;
    const double burst = std::ceil(static_cast<double>(answered) - rate * (probes[i].sent + probes[i - 1].sent) / 2);
    for (const double each : {burst, burst + 1})
      if (each >= 1 && std::ranges::find(found, each) == found.end()) found.push_back(each);
  }
  return found;
}

/// Takes one more rate into the fit of each burst, which are the ranges of neighbouring rates.
void extend(std::vector<Fit>& fits, const Fit& next, Fit& best) {
  auto at = std::ranges::find(fits, next.burst, &Fit::burst);
  if (at == fits.end()) at = fits.insert(fits.end(), next);
  const bool joins = at->cost == next.cost && next.low <= at->high * rate_step * rate_step;
  *at = joins ? Fit{.low = at->low, .high = next.high, .burst = next.burst, .cost = next.cost} : next;
  if (at->better_than(best)) best = *at;
}

Fit best_fit(const Probes& probes) {
  Fit best;
  std::vector<Fit> fits;
  const double length = probes.back().sent, count = static_cast<double>(probes.size());
  for (double rate = 1 / length; rate < 20 * count / length; rate *= rate_step)
    for (const double burst : bursts(probes, rate)) {
      const double cost = explained(probes, {.per_second = rate, .burst = burst}).cost(probes.size());
      extend(fits, {.low = rate, .high = rate, .burst = burst, .cost = cost}, best);
    }
  return best;
}

/// With random loss all orders of the answers are equally likely, but that the first probe is an answered one.
bool is_chance(const Probes& probes, double cost) {
  const auto answered = static_cast<std::size_t>(std::ranges::count(probes, true, &Probe::answered));
  return cost + std::log(least_evidence * static_cast<double>(probes.size())) >
         log_choices(probes.size() - 1, answered - 1);
}

/// The middle of the rates that explain the series. Where this may be far from some of them, since the probes were sent
/// at twice the limit, say, a round number among them is likelier: limits are set to such.
double likely_rate(const Fit& fit) {
  constexpr double slack = 1 + 3 * token_tolerance;
  if (fit.high > fit.low * narrow_range)
    for (double power = std::pow(10, std::floor(std::log10(fit.low))); power < fit.high * 2; power *= 10)
      for (const double digit : {1, 2, 5})
        if (digit * power * slack > fit.low && digit * power < fit.high * slack) return digit * power;
  return 2 * fit.low * fit.high / (fit.low + fit.high);
}

/// The answers after the first denial: only these show the rate.
bool shows_a_rate(const Probes& probes) {
  const auto denied = static_cast<std::size_t>(std::ranges::count(probes, false, &Probe::answered));
  if (probes.size() < least_probes || denied < least_denied || probes.back().sent <= 0) return false;
  const auto first = std::ranges::find(probes, false, &Probe::answered);
  return static_cast<std::size_t>(std::ranges::count(first, probes.end(), true, &Probe::answered)) >= least_refilled;
}

}  // namespace

std::optional<RateLimit> rate_limit(std::span<const Result> series) {
  const Probes probes = probes_of(series);
  if (!shows_a_rate(probes)) return std::nullopt;
  const Fit fit = best_fit(probes);
  if (is_chance(probes, fit.cost) || fit.high > fit.low * widest_range) return std::nullopt;
  return RateLimit{.per_second = likely_rate(fit), .burst = fit.burst};
}

}  // namespace multiping
