// Figures of many probes in constant memory.
// See multiping/statistics.hpp.
#include "multiping/statistics.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ostream>
#include <string>

namespace multiping {
namespace {

/// So that no sum of squares overflows: 10^10 times of a day have room.
constexpr Duration longest_time = std::chrono::hours{24};
/// Where the histogram begins.
constexpr double shortest_told_apart = 16;
/// What is left of the jitter behind one more answer; RFC 3550 section 6.4.1.
constexpr double jitter_kept = 15.0 / 16;

constexpr std::uint64_t most_counted = (std::uint64_t{1} << 48) - 1;

double distance(std::int64_t a, std::int64_t b) noexcept { return std::abs(static_cast<double>(a - b)); }

Duration rounded(double nanoseconds) noexcept { return Duration{std::llround(nanoseconds)}; }

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits).ptr;
  return {text.data(), end};
}

/// With at most two digits behind the point, and no zeros at the end. "0" and "100" are said of none and all alone.
std::string per_cent(double share) {
  const bool some = share > 0 && share < 1;
  std::string text = fixed(some ? std::clamp(share * 100, 0.01, 99.99) : share * 100, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

static_assert(sizeof(Statistics) <= 4096);

Statistics::Wide& Statistics::Wide::operator+=(const Wide& other) noexcept {
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
  return *this;
}

Statistics::Wide Statistics::Wide::operator-() const noexcept {
  return {.high = ~high + (low == 0 ? 1 : 0), .low = ~low + 1};
}

/// As on paper, with digits of 32 bits.
Statistics::Wide Statistics::Wide::operator*(std::uint64_t factor) const noexcept {
  constexpr std::uint64_t digit = 0xffffffff;
  const std::uint64_t units = (low & digit) * (factor & digit);
  const std::uint64_t middle = (low >> 32U) * (factor & digit) + (units >> 32U);
  const std::uint64_t other_middle = (low & digit) * (factor >> 32U) + (middle & digit);
  const std::uint64_t top = (low >> 32U) * (factor >> 32U) + (middle >> 32U) + (other_middle >> 32U);
  return {.high = high * factor + top, .low = other_middle << 32U | (units & digit)};
}

/// Of a sum by the number of its parts: divisor and quotient are below 2^63.
struct Statistics::Wide::Division {
  std::uint64_t whole = 0, rest = 0;
};

/// Bit by bit where it must be.
Statistics::Wide::Division Statistics::Wide::operator/(std::uint64_t divisor) const noexcept {
  if (high == 0) return {.whole = low / divisor, .rest = low % divisor};
  Division result{.whole = 0, .rest = high % divisor};
  for (int bit = 63; bit >= 0; --bit) {
    result.rest = result.rest << 1U | (low >> static_cast<unsigned>(bit) & 1U);
    result.whole <<= 1U;
    if (result.rest < divisor) continue;
    result.rest -= divisor;
    result.whole |= 1U;
  }
  return result;
}

long double Statistics::Wide::approximate() const noexcept {
  return std::ldexp(static_cast<long double>(high), 64) + static_cast<long double>(low);
}

void Statistics::Histogram::add(std::size_t bucket, std::uint64_t count) noexcept {
  const std::uint64_t room = most_counted - (*this)[bucket];
  const std::uint64_t sum = (*this)[bucket] + std::min(count, room);
  low_[bucket] = static_cast<std::uint32_t>(sum);
  high_[bucket] = static_cast<std::uint16_t>(sum >> 32U);
}

std::uint64_t Statistics::Histogram::operator[](std::size_t bucket) const noexcept {
  return std::uint64_t{high_[bucket]} << 32U | low_[bucket];
}

void Statistics::add(const Result& result) noexcept {
  switch (result.outcome) {
    case Outcome::pending:
    case Outcome::unresolved:
      return;
    case Outcome::send_failed:
      ++not_sent_;
      return;
    case Outcome::reply:
    case Outcome::refused:
      ++sent_;
      return receive(std::clamp(result.rtt, Duration::zero(), longest_time).count());
    case Outcome::ttl_expired:
    case Outcome::unreachable:
    case Outcome::no_reply:
      break;
  }
  ++sent_;
  if (received_ == 0) ++lost_before_;
  longest_loss_ = std::max(longest_loss_, ++lost_behind_);
}

void Statistics::receive(std::int64_t rtt) noexcept {
  if (received_ != 0) jitter_ += (distance(rtt, last_) - jitter_) / 16;
  if (received_ == 0) first_ = min_ = max_ = rtt;
  ++received_;
  lost_behind_ = 0;
  last_ = rtt;
  min_ = std::min(min_, rtt);
  max_ = std::max(max_, rtt);
  const Wide wide{.high = 0, .low = static_cast<std::uint64_t>(rtt)};
  sum_ += wide;
  squares_ += wide * wide.low;
  const double doublings = std::log2(std::max(static_cast<double>(rtt), shortest_told_apart) / shortest_told_apart);
  const auto bucket = static_cast<std::size_t>(doublings * Histogram::buckets_per_doubling);
  histogram_.add(std::min(bucket, Histogram::buckets - 1), 1);
}

void Statistics::add_duplicate() noexcept { ++duplicates_; }
void Statistics::add_reordered() noexcept { ++reordered_; }

Statistics& Statistics::operator+=(const Statistics& other) noexcept {
  if (&other == this) return *this += Statistics{other};
  join_runs(other);
  join_times(other);
  sent_ += other.sent_;
  received_ += other.received_;
  not_sent_ += other.not_sent_;
  duplicates_ += other.duplicates_;
  reordered_ += other.reordered_;
  return *this;
}

/// What was lost at the end of these and at the beginning of the others is one run.
void Statistics::join_runs(const Statistics& other) noexcept {
  longest_loss_ = std::max({longest_loss_, other.longest_loss_, lost_behind_ + other.lost_before_});
  if (received_ == 0) lost_before_ += other.lost_before_;
  lost_behind_ = other.lost_behind_ + (other.received_ == 0 ? lost_behind_ : 0);
}

void Statistics::join_times(const Statistics& other) noexcept {
  if (other.received_ == 0) return;
  if (received_ == 0) {
    first_ = other.first_;
    min_ = other.min_;
    max_ = other.max_;
    jitter_ = other.jitter_;
  } else {
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    // Each further answer leaves a fixed share of the jitter before it, so the others' jitter adds to what is left.
    jitter_ += (distance(other.first_, last_) - jitter_) / 16;
    jitter_ = jitter_ * std::pow(jitter_kept, static_cast<double>(other.received_ - 1)) + other.jitter_;
  }
  last_ = other.last_;
  sum_ += other.sum_;
  squares_ += other.squares_;
  for (std::size_t i = 0; i < Histogram::buckets; ++i) histogram_.add(i, other.histogram_[i]);
}

double Statistics::loss() const noexcept {
  return sent_ == 0 ? 0 : static_cast<double>(lost()) / static_cast<double>(sent_);
}

Duration Statistics::min() const noexcept { return Duration{min_}; }
Duration Statistics::max() const noexcept { return Duration{max_}; }
Duration Statistics::jitter() const noexcept { return rounded(jitter_); }
std::uint64_t Statistics::longest_loss() const noexcept { return longest_loss_; }

Duration Statistics::mean() const noexcept {
  if (received_ == 0) return {};
  const auto [whole, rest] = sum_ / received_;
  return Duration{static_cast<std::int64_t>(whole + (rest >= received_ - received_ / 2 ? 1 : 0))};
}

/// Squares of distances from the whole part of the mean: modulo 2^128 on the way, and exact since their sum is less
/// than that. What the fraction of the mean adds is taken off last.
Duration Statistics::stddev() const noexcept {
  if (received_ == 0) return {};
  const auto [whole, rest] = sum_ / received_;
  Wide distances = squares_;
  distances += -(sum_ * whole * 2);
  distances += Wide{.high = 0, .low = whole} * whole * received_;
  const auto count = static_cast<long double>(received_);
  const long double fraction = static_cast<long double>(rest) / count;
  const long double variance = distances.approximate() / count - fraction * fraction;
  return Duration{std::llround(std::sqrt(std::max(variance, 0.0L)))};
}

Duration Statistics::percentile(double percent) const noexcept {
  if (percent <= 0 || received_ == 0) return min();
  if (!(percent < 100)) return max();
  const double rank = std::ceil(percent * static_cast<double>(received_) / 100);
  double passed = 0;
  for (std::size_t i = 0; i < Histogram::buckets; ++i) {
    passed += static_cast<double>(histogram_[i]);
    if (passed < rank) continue;
    const double middle = (static_cast<double>(i) + 0.5) / Histogram::buckets_per_doubling;
    return std::clamp(rounded(shortest_told_apart * std::exp2(middle)), min(), max());
  }
  return max();
}

std::array<Statistics::Figure, 17> Statistics::figures() const noexcept {
  const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
  return {{{"sent", number(sent_)},
           {"received", number(received_)},
           {"lost", number(lost())},
           {"loss", loss()},
           {"not_sent", number(not_sent_)},
           {"duplicates", number(duplicates_)},
           {"reordered", number(reordered_)},
           {"longest_loss", number(longest_loss_)},
           {"min_ms", milliseconds(min())},
           {"mean_ms", milliseconds(mean())},
           {"max_ms", milliseconds(max())},
           {"stddev_ms", milliseconds(stddev())},
           {"jitter_ms", milliseconds(jitter())},
           {"p50_ms", milliseconds(percentile(50))},
           {"p90_ms", milliseconds(percentile(90))},
           {"p95_ms", milliseconds(percentile(95))},
           {"p99_ms", milliseconds(percentile(99))}}};
}

std::ostream& operator<<(std::ostream& out, const Statistics& statistics) {
  std::string text = std::to_string(statistics.sent()) + " sent, " + std::to_string(statistics.received()) +
                     " received, " + per_cent(statistics.loss()) + " % loss";
  const auto mention = [&text](std::uint64_t count, const char* what) {
    if (count != 0) text += ", " + std::to_string(count) + ' ' + what;
  };
  mention(statistics.not_sent(), "not sent");
  mention(statistics.duplicates(), "duplicates");
  mention(statistics.reordered(), "reordered");
  if (statistics.received() == 0) return out << text;
  text += ", min/mean/max/stddev ";
  for (const Duration time : {statistics.min(), statistics.mean(), statistics.max()})
    text += fixed(milliseconds(time), 3) + '/';
  return out << text + fixed(milliseconds(statistics.stddev()), 3) + " ms";
}

}  // namespace multiping
