// Keeps exact sums in 128 bits, and a histogram for percentiles, so that memory is constant.
// See multiping/statistics.hpp.
#include "multiping/statistics.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <ratio>
#include <vector>

#include "base/wilson_interval.hpp"

namespace multiping {
namespace {

/// Longer round-trip times count as this one, so that no sum of squares overflows: 10^10 times of a day have room.
constexpr Duration longest_time = std::chrono::hours{24};
/// The share of the jitter that is left after one more answer; RFC 3550 section 6.4.1.
constexpr double jitter_kept = 15.0 / 16;

constexpr std::uint64_t most_counted = (std::uint64_t{1} << 48) - 1;

/// Bounds up to a microsecond, in nanoseconds. They are coarse, since no network answers so fast.
constexpr std::array<std::int64_t, 7> short_bounds{10, 20, 50, 100, 200, 500, 1000};
/// Bounds above a microsecond, in hundredths of a power of ten. They are round numbers, and so close that the harmonic
/// mean of two neighbours differs by at most 2 per cent from every value between them.
constexpr std::array<std::int64_t, 68> decade_bounds{
    104, 108, 112, 116, 120, 122, 125, 130, 135, 140, 145, 150, 155, 160, 165, 170, 175, 180, 187, 193, 200, 208, 216,
    224, 232, 241, 250, 260, 270, 280, 290, 300, 310, 320, 330, 340, 350, 362, 375, 387, 400, 412, 425, 437, 450, 466,
    483, 500, 518, 537, 558, 579, 600, 620, 640, 660, 680, 700, 725, 750, 775, 800, 832, 865, 900, 932, 965, 1000};

/// The upper bounds of all buckets; the last bucket has none.
template <std::size_t Count>
constexpr std::array<std::int64_t, Count> make_bounds() {
  std::array<std::int64_t, Count> bounds{};
  std::size_t at = 0;
  for (const std::int64_t bound : short_bounds) bounds[at++] = bound;
  for (std::int64_t scale = 10; at < Count; scale *= 10)
    for (const std::int64_t bound : decade_bounds) bounds[at++] = bound * scale;
  return bounds;
}

double distance(std::int64_t a, std::int64_t b) noexcept { return std::abs(static_cast<double>(a - b)); }

Duration rounded(double nanoseconds) noexcept { return Duration{std::llround(nanoseconds)}; }

double ratio(std::uint64_t part, std::uint64_t whole) noexcept {
  return static_cast<double>(part) / static_cast<double>(whole);
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

/// Long multiplication with digits of 32 bits; modulo 2^128.
Statistics::Wide Statistics::Wide::operator*(std::uint64_t factor) const noexcept {
  constexpr std::uint64_t digit = 0xffffffff;
  const std::uint64_t units = (low & digit) * (factor & digit);
  const std::uint64_t middle = (low >> 32U) * (factor & digit) + (units >> 32U);
  const std::uint64_t other_middle = (low & digit) * (factor >> 32U) + (middle & digit);
  const std::uint64_t top = (low >> 32U) * (factor >> 32U) + (middle >> 32U) + (other_middle >> 32U);
  return {.high = high * factor + top, .low = other_middle << 32U | (units & digit)};
}

/// The divisor is below 2^63, and so is the quotient.
struct Statistics::Wide::Division {
  std::uint64_t whole = 0, rest = 0;
};

/// Divides bit by bit when the dividend has more than 64 bits.
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

struct Statistics::Bounds {
  static constexpr auto all = make_bounds<Histogram::buckets - 1>();
  /// The time that represents a bucket: the harmonic mean of its bounds, or its upper bound up to a microsecond.
  static Duration middle(std::size_t bucket) noexcept {
    const auto upper = static_cast<double>(all[bucket]);
    if (bucket < short_bounds.size()) return Duration{all[bucket]};
    const auto lower = static_cast<double>(all[bucket - 1]);
    return rounded(2 * lower * upper / (lower + upper));
  }
  static_assert(short_bounds.size() == Histogram::short_ones && decade_bounds.size() == Histogram::buckets_per_decade);
  static_assert(all.back() == std::chrono::nanoseconds{std::chrono::seconds{1000}}.count());
};

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
      return;
    case Outcome::unresolved:
      ++unresolved_;
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
  if (lost_behind_ == 0) ++loss_periods_;
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
  const auto bucket = std::ranges::lower_bound(Bounds::all, rtt) - Bounds::all.begin();
  histogram_.add(static_cast<std::size_t>(bucket), 1);
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
  unresolved_ += other.unresolved_;
  duplicates_ += other.duplicates_;
  reordered_ += other.reordered_;
  return *this;
}

/// The losses at the end of these figures and those at the beginning of `other` are one run.
void Statistics::join_runs(const Statistics& other) noexcept {
  const bool joined = lost_behind_ > 0 && other.lost_before_ > 0;
  loss_periods_ += other.loss_periods_ - (joined ? 1 : 0);
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
    // Each answer keeps a fixed share of the jitter before it, so the jitter of `other` is added to what is left.
    jitter_ += (distance(other.first_, last_) - jitter_) / 16;
    jitter_ = jitter_ * std::pow(jitter_kept, static_cast<double>(other.received_ - 1)) + other.jitter_;
  }
  last_ = other.last_;
  sum_ += other.sum_;
  squares_ += other.squares_;
  for (std::size_t i = 0; i < Histogram::buckets; ++i) histogram_.add(i, other.histogram_[i]);
}

double Statistics::loss() const noexcept {
  return sent_ == 0 ? std::numeric_limits<double>::quiet_NaN() : ratio(lost(), sent_);
}

double Statistics::availability() const noexcept { return rounds() == 0 ? 0 : ratio(received_, rounds()); }

double Statistics::mean_loss_period() const noexcept { return loss_periods_ == 0 ? 0 : ratio(lost(), loss_periods_); }

Statistics::Interval Statistics::loss_interval(double confidence) const noexcept {
  const auto [low, high] = wilson_interval(lost(), sent_, confidence);
  return {.low = low, .high = high};
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

/// Sums the squares of the distances from the whole part of the mean. The steps are modulo 2^128, but the sum is exact,
/// since it is less than 2^128. The share that the fraction of the mean adds is subtracted last.
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
  for (std::size_t i = 0; i < Bounds::all.size(); ++i) {
    passed += static_cast<double>(histogram_[i]);
    if (passed >= rank) return std::clamp(Bounds::middle(i), min(), max());
  }
  return max();
}

Statistics::Sum Statistics::sum() const noexcept {
  constexpr std::uint64_t second = std::nano::den;
  const auto [whole, rest] = sum_ / second;
  return {.seconds = std::chrono::seconds{static_cast<std::int64_t>(whole)},
          .rest = Duration{static_cast<std::int64_t>(rest)}};
}

std::vector<Statistics::Bucket> Statistics::buckets() const {
  std::vector<Bucket> all;
  all.reserve(Histogram::buckets);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < Bounds::all.size(); ++i)
    all.push_back({.bound = Duration{Bounds::all[i]}, .count = count += histogram_[i]});
  all.push_back({.bound = Duration::max(), .count = received_});
  return all;
}

std::optional<std::uint64_t> Statistics::received_within(Duration bound) const noexcept {
  if (bound < Duration::zero()) return 0;
  if (bound >= longest_time) return received_;
  const auto last = std::ranges::lower_bound(Bounds::all, bound.count()) - Bounds::all.begin();
  const auto bucket = static_cast<std::size_t>(last);
  if (bucket == Bounds::all.size() || Bounds::all[bucket] != bound.count()) return std::nullopt;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bucket; ++i) count += histogram_[i];
  return count;
}

}  // namespace multiping
