// Figures of many probes: loss, round-trip times, jitter and percentiles, in constant memory.
// For one target, one hop, or whatever the caller adds up.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// Streaming figures of one target in constant memory (at most 4 KiB); two of them can be added.
///
///     Statistics figures;
///     for (int i = 0; i < 10; ++i) figures.add(ping("192.0.2.1"));
///     std::cout << figures << '\n';
///
/// A regular value; every call is O(1), but for percentile(), figures(), received_within() and buckets(), which look at
/// the whole histogram. Times are zero while nothing was received. A round-trip time counts as at most a day.
class MULTIPING_EXPORT Statistics {
 public:
  /// Takes in what became of the next probe, which is one round. An answer (Result::answered()) is received; whatever
  /// else was sent is lost: no_reply, unreachable, ttl_expired. What this host would not send (send_failed) and what
  /// has no address (unresolved) is a round without a probe: it counts against availability(), and is no loss. What is
  /// still pending is no round and changes nothing, since its fate is not known: a probe in flight when a stop came, or
  /// one that a call had no time to send.
  void add(const Result& result) noexcept;
  void add_duplicate() noexcept;  ///< A further answer to a probe; add() cannot know of it.
  void add_reordered() noexcept;  ///< An answer came after that to a later probe; add() cannot know of it.

  /// As if `other`'s probes had been added after these: every figure is the one that a single object would give.
  Statistics& operator+=(const Statistics& other) noexcept;
  /// The sum of two, as `+=` makes it.
  [[nodiscard]] friend Statistics operator+(Statistics first, const Statistics& second) noexcept {
    return first += second;
  }

  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }          ///< Probes sent, whose fate is known.
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }  ///< Of these, the answered ones.
  [[nodiscard]] std::uint64_t lost() const noexcept { return sent_ - received_; }  ///< Of these, the others.
  [[nodiscard]] std::uint64_t not_sent() const noexcept { return not_sent_; }      ///< This host would not send them.
  [[nodiscard]] std::uint64_t unresolved() const noexcept { return unresolved_; }  ///< Rounds without an address.
  /// All rounds: sent(), not_sent() and unresolved().
  [[nodiscard]] std::uint64_t rounds() const noexcept { return sent_ + not_sent_ + unresolved_; }
  /// lost() / sent(), from 0 to 1. Not-a-number when nothing was sent: nothing is known of the network then.
  [[nodiscard]] double loss() const noexcept;
  /// received() / rounds(), from 0 to 1: rounds that were not sent or not resolved count as not answered, so that a
  /// host that could not be asked does not look perfect. 0 without rounds.
  [[nodiscard]] double availability() const noexcept;

  /// From `low` to `high`.
  struct Interval {
    double low = 0;   ///< The lower end.
    double high = 0;  ///< The upper end.
  };
  /// The range in which the network's loss lies with that confidence (0 to 1, clamped), after what was sent: 0 lost of
  /// 10 is 0 to 0.278. The score interval of Wilson (1927), for losses that do not depend on each other; losses in
  /// bursts leave more doubt. 0 to 1 when nothing was sent; a not-a-number counts as 1, which gives 0 to 1 as well.
  [[nodiscard]] Interval loss_interval(double confidence = 0.95) const noexcept;

  [[nodiscard]] Duration min() const noexcept;     ///< The smallest round-trip time.
  [[nodiscard]] Duration max() const noexcept;     ///< The greatest.
  [[nodiscard]] Duration mean() const noexcept;    ///< The arithmetic mean of all.
  [[nodiscard]] Duration stddev() const noexcept;  ///< Of all that were received, not an estimate from a sample.
  /// RFC 3550 section 6.4.1, over round-trip times: J += (|D| - J) / 16, D between an answer and the one added before.
  [[nodiscard]] Duration jitter() const noexcept;
  /// 0 to 100, clamped: the smallest time that so many per cent of the answers did not exceed (nearest rank), within 2
  /// per cent for times from 1 microsecond to several minutes; 0 is min(), 100 is max(), and so is not-a-number.
  [[nodiscard]] Duration percentile(double percent) const noexcept;

  [[nodiscard]] std::uint64_t longest_loss() const noexcept;  ///< Most probes lost in a row, in the order of add().
  /// Runs of losses, in the order of add(): the loss periods of RFC 3357, section 5.3. Rounds without a probe neither
  /// begin nor end one.
  [[nodiscard]] std::uint64_t loss_periods() const noexcept { return loss_periods_; }
  /// Probes lost in such a run, on average: lost() / loss_periods(); 0 when there was none. RFC 3357, section 6.3.
  [[nodiscard]] double mean_loss_period() const noexcept;
  [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }  ///< Calls of add_duplicate().
  [[nodiscard]] std::uint64_t reordered() const noexcept { return reordered_; }    ///< Calls of add_reordered().

  /// A figure with its name, for JSON, CSV or a metrics page.
  struct Figure {
    std::string_view name{};  ///< As figures() lists them.
    double value = 0;         ///< A count as it is, exact to 2^53; loss and availability from 0 to 1; milliseconds
                              ///< where the name ends in "_ms".
    /// The value as text for machines: all its digits, a point, no separators, whatever locale and stream: "1234567",
    /// "0.25".
    [[nodiscard]] MULTIPING_EXPORT std::string text() const;
  };
  /// What is known of: sent, received, lost, loss, not_sent, unresolved, rounds, availability, duplicates, reordered,
  /// longest_loss, loss_periods, mean_loss_period, min_ms, mean_ms, max_ms, stddev_ms, jitter_ms, p50_ms, p90_ms,
  /// p95_ms, p99_ms; in this order. What is not known is left out: the loss of nothing sent, the availability without
  /// rounds, the mean of no loss periods, the times of nothing received.
  [[nodiscard]] std::vector<Figure> figures() const;

  /// A sum of times, exact however great.
  struct Sum {
    std::chrono::seconds seconds{};  ///< The whole ones,
    Duration rest{};                 ///< and what is left, less than one.
    /// In seconds, exact: "86400.000000123".
    [[nodiscard]] MULTIPING_EXPORT std::string text() const;
  };
  /// The sum of all round-trip times: `_sum` of a Prometheus histogram, whose `_count` is received().
  [[nodiscard]] Sum sum() const noexcept;

  /// Answers within a bound.
  struct Bucket {
    Duration bound{};         ///< Duration::max() of the last.
    std::uint64_t count = 0;  ///< Answers whose round-trip time was at most that, exact (to 2^48 between two bounds).
  };
  /// The whole histogram: some 620 buckets, always with the same bounds, which ascend by at most 4 per cent from 1
  /// microsecond to 1000 s. Counts are cumulative, as those of a Prometheus histogram.
  [[nodiscard]] std::vector<Bucket> buckets() const;
  /// The answers within `bound`, exact; none where the histogram has no such bound. It has
  /// 1, 1.2, 1.25, 1.5, 1.6, 1.75, 1.8, 2, 2.5, 3, 3.2, 3.5, 3.75, 4, 4.5, 5, 6, 6.4, 7, 7.5, 8 and 9 times each power
  /// of ten from 1 microsecond to 1000 s (and those of buckets()): 250us, 1ms, 32ms, 7500ms. What is negative has no
  /// answers; a day or more has all.
  [[nodiscard]] std::optional<std::uint64_t> received_within(Duration bound) const noexcept;

  /// The same figures to the last digit that is kept: what was merged may differ from what was added one by one in a
  /// part of the jitter that no figure shows.
  friend bool operator==(const Statistics&, const Statistics&) noexcept = default;

 private:
  /// A number of 128 bits, so that sums of nanoseconds and of their squares stay exact. Modulo 2^128, as the built-in
  /// unsigned numbers are modulo a power of two.
  struct Wide {
    std::uint64_t high = 0, low = 0;

    Wide& operator+=(const Wide& other) noexcept;
    [[nodiscard]] Wide operator-() const noexcept;
    [[nodiscard]] Wide operator*(std::uint64_t factor) const noexcept;
    struct Division;
    [[nodiscard]] Division operator/(std::uint64_t divisor) const noexcept;
    [[nodiscard]] long double approximate() const noexcept;
    friend bool operator==(const Wide&, const Wide&) noexcept = default;
  };

  /// Counts by size, with bounds in decimal numbers, so that the buckets of a metrics page are among them. A count has
  /// 48 bits, so that a week of answers as fast as they come is not too many.
  class Histogram {
   public:
    void add(std::size_t bucket, std::uint64_t count) noexcept;
    [[nodiscard]] std::uint64_t operator[](std::size_t bucket) const noexcept;
    friend bool operator==(const Histogram&, const Histogram&) noexcept = default;

    /// Up to 1 us, from there to 1000 s, and beyond.
    static constexpr std::size_t decades = 9, buckets_per_decade = 68, short_ones = 7,
                                 buckets = short_ones + decades * buckets_per_decade + 1;

   private:
    std::array<std::uint32_t, buckets> low_{};
    std::array<std::uint16_t, buckets> high_{};
  };
  struct Bounds;

  void receive(std::int64_t rtt) noexcept;
  void join_runs(const Statistics& other) noexcept;
  void join_times(const Statistics& other) noexcept;

  std::uint64_t sent_ = 0, received_ = 0, not_sent_ = 0, unresolved_ = 0, duplicates_ = 0, reordered_ = 0;
  std::uint64_t lost_before_ = 0, lost_behind_ = 0, longest_loss_ = 0;  ///< Runs: before the first answer, at the end.
  std::uint64_t loss_periods_ = 0;
  Wide sum_{}, squares_{};
  std::int64_t min_ = 0, max_ = 0, first_ = 0, last_ = 0;  ///< In nanoseconds, and so is:
  double jitter_ = 0;
  Histogram histogram_{};
};
/// One line, as a person would write it: "10 sent, 9 received, 10 % loss, min/mean/max/stddev 0.1/0.2/0.4/0.1 ms";
/// where rounds had no probe, "3 sent, 3 received, 0 % loss, 7 of 10 not sent: 70 % unanswered, min/mean/...". The loss
/// of nothing sent is not told. The same in every locale.
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Statistics& statistics);

}  // namespace multiping
