// Statistics as text: one line for a person, and names with values for programs.
// See multiping/statistics.hpp.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <ostream>
#include <string>
#include <utility>

#include "base/number_text.hpp"
#include "multiping/statistics.hpp"

namespace multiping {
namespace {

using Figures = std::vector<Statistics::Figure>;

double number(std::uint64_t count) noexcept { return static_cast<double>(count); }

/// At most two digits after the point, and no zeros at the end. "0" means exactly none and "100" exactly all.
std::string per_cent(std::uint64_t part, std::uint64_t whole) {
  const double share = 100 * number(part) / number(whole);
  const bool some = part > 0 && part < whole;
  std::string text = fixed_text(some ? std::clamp(share, 0.01, 99.99) : share, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

void append_counts(const Statistics& of, Figures& all) {
  all.insert(all.end(),
             {{"sent", number(of.sent())}, {"received", number(of.received())}, {"lost", number(of.lost())}});
  if (of.sent() != 0) all.push_back({"loss", of.loss()});
  all.insert(
      all.end(),
      {{"not_sent", number(of.not_sent())}, {"unresolved", number(of.unresolved())}, {"rounds", number(of.rounds())}});
  if (of.rounds() != 0) all.push_back({"availability", of.availability()});
  all.insert(all.end(), {{"duplicates", number(of.duplicates())},
                         {"reordered", number(of.reordered())},
                         {"longest_loss", number(of.longest_loss())},
                         {"loss_periods", number(of.loss_periods())}});
  if (of.loss_periods() != 0) all.push_back({"mean_loss_period", of.mean_loss_period()});
}

void append_times(const Statistics& of, Figures& all) {
  all.insert(all.end(), {{"min_ms", to_milliseconds(of.min())},
                         {"mean_ms", to_milliseconds(of.mean())},
                         {"max_ms", to_milliseconds(of.max())},
                         {"stddev_ms", to_milliseconds(of.stddev())},
                         {"jitter_ms", to_milliseconds(of.jitter())},
                         {"p50_ms", to_milliseconds(of.percentile(50))},
                         {"p90_ms", to_milliseconds(of.percentile(90))},
                         {"p95_ms", to_milliseconds(of.percentile(95))},
                         {"p99_ms", to_milliseconds(of.percentile(99))}});
}

/// Why rounds had no probe, and the share of unanswered rounds; empty when each round had a probe.
std::string without_probe(const Statistics& of) {
  std::string text;
  for (const auto& [count, what] : {std::pair{of.not_sent(), " not sent"}, std::pair{of.unresolved(), " unresolved"}})
    if (count != 0) text += ", " + std::to_string(count) + " of " + std::to_string(of.rounds()) + what;
  return text.empty() ? text : text + ": " + per_cent(of.rounds() - of.received(), of.rounds()) + " unanswered";
}

std::string times(const Statistics& of) {
  std::string text = ", min/mean/max/stddev ";
  for (const Duration time : {of.min(), of.mean(), of.max()}) text += fixed_text(to_milliseconds(time), 3) + '/';
  return text + fixed_text(to_milliseconds(of.stddev()), 3) + " ms";
}

}  // namespace

std::string Statistics::Figure::text() const { return number_text(value); }

std::string Statistics::Sum::text() const {
  std::string text = std::to_string(seconds.count());
  if (rest == Duration::zero()) return text;
  std::string digits = std::to_string(rest.count());
  digits.insert(0, 9 - digits.size(), '0');
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + '.' + digits;
}

Figures Statistics::figures() const {
  Figures all;
  all.reserve(22);
  append_counts(*this, all);
  if (received_ != 0) append_times(*this, all);
  return all;
}

std::ostream& operator<<(std::ostream& out, const Statistics& statistics) {
  std::string text =
      std::to_string(statistics.sent()) + " sent, " + std::to_string(statistics.received()) + " received";
  if (statistics.sent() != 0) text += ", " + per_cent(statistics.lost(), statistics.sent()) + " loss";
  text += without_probe(statistics);
  if (statistics.duplicates() != 0) text += ", " + std::to_string(statistics.duplicates()) + " duplicates";
  if (statistics.reordered() != 0) text += ", " + std::to_string(statistics.reordered()) + " reordered";
  if (statistics.received() != 0) text += times(statistics);
  return out << text;
}

}  // namespace multiping
