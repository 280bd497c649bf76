// Statistics of many probes: loss, round-trip times, jitter and percentiles, in constant memory.
// They are for one target, for one hop, or for any sum of these that the caller makes.
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

/// A range from `low` to `high`.
struct Interval {
  double low = 0;   ///< The lower end.
  double high = 0;  ///< The upper end.
};

/// Streaming statistics of one target in constant memory (at most 4 KiB). Two such objects can be added.
///
///     Statistics figures;
///     for (int i = 0; i < 10; ++i) figures.add(ping("192.0.2.1"));
///     std::cout << figures << '\n';
///
/// A regular value. Every call is O(1), except percentile(), figures(), received_within() and buckets(), which look at
/// the whole histogram. All times are zero while nothing was received. A round-trip time counts as at most a day.
class MULTIPING_EXPORT Statistics {
 public:
  /// Adds the result of the next probe, which is one round.
  ///
  /// A probe with an answer (Result::answered()) counts as received. A probe that was sent and is no_reply, unreachable
  /// or ttl_expired counts as lost. A probe that this host did not send (send_failed) and a target without an address
  /// (unresolved) are a round without a probe: it lowers availability(), and is no loss. A pending result is no round
  /// and changes nothing, since the outcome is not known: the probe was in flight when a stop came, or a call had no
  /// time to send it.
  void add(const Result& result) noexcept;
  void add_duplicate() noexcept;  ///< Counts a further answer to a probe; add() cannot know of it.
  /// Counts an answer that came after the answer to a later probe; add() cannot know of it.
  void add_reordered() noexcept;

  /// Adds the probes of `other` after the probes of this object: every figure is as if one object had taken all probes.
  Statistics& operator+=(const Statistics& other) noexcept;
  /// Returns the sum of two, as `+=` makes it.
  [[nodiscard]] friend Statistics operator+(Statistics first, const Statistics& second) noexcept {
    return first += second;
  }

  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }          ///< Probes sent whose outcome is known.
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }  ///< Probes sent and answered.
  [[nodiscard]] std::uint64_t lost() const noexcept { return sent_ - received_; }  ///< Probes sent and not answered.
  [[nodiscard]] std::uint64_t not_sent() const noexcept { return not_sent_; }      ///< Rounds that are send_failed.
  [[nodiscard]] std::uint64_t unresolved() const noexcept { return unresolved_; }  ///< Rounds without an address.
  /// All rounds: sent() + not_sent() + unresolved().
  [[nodiscard]] std::uint64_t rounds() const noexcept { return sent_ + not_sent_ + unresolved_; }
  /// lost() / sent(), from 0 to 1. Not-a-number when nothing was sent, since the loss of the network is not known then.
  [[nodiscard]] double loss() const noexcept;
  /// received() / rounds(), from 0 to 1; 0 without rounds. Rounds that were not sent or not resolved count as not
  /// answered, so that a host that could not be probed does not look perfect.
  [[nodiscard]] double availability() const noexcept;

  using Interval = multiping::Interval;  ///< What loss_interval() returns.
  /// Returns the range in which the loss of the network lies with this confidence (0 to 1, clamped), according to the
  /// probes sent: 0 lost of 10 gives 0 to 0.278. It is the score interval of Wilson (1927), for losses that do not
  /// depend on each other; losses in bursts make it less certain. 0 to 1 when nothing was sent. A not-a-number counts
  /// as a confidence of 1, which gives 0 to 1 as well.
  [[nodiscard]] Interval loss_interval(double confidence = 0.95) const noexcept;

  [[nodiscard]] Duration min() const noexcept;     ///< The smallest round-trip time.
  [[nodiscard]] Duration max() const noexcept;     ///< The greatest round-trip time.
  [[nodiscard]] Duration mean() const noexcept;    ///< The arithmetic mean of all round-trip times.
  [[nodiscard]] Duration stddev() const noexcept;  ///< Standard deviation of all answers, not an estimate of a sample.
  /// Jitter of the round-trip times, as in RFC 3550 section 6.4.1: J += (|D| - J) / 16, where D is the difference
  /// between an answer and the one added before it.
  [[nodiscard]] Duration jitter() const noexcept;
  /// Returns the smallest time that `percent` per cent of the answers did not exceed (nearest rank). `percent` is 0 to
  /// 100, clamped. The time is accurate within 2 per cent from 1 microsecond to several minutes. 0 gives min(); 100 and
  /// not-a-number give max().
  [[nodiscard]] Duration percentile(double percent) const noexcept;

  [[nodiscard]] std::uint64_t longest_loss() const noexcept;  ///< Most probes lost in a row, in the order of add().
  /// Number of runs of losses, in the order of add(): the loss periods of RFC 3357, section 5.3. Rounds without a probe
  /// neither begin nor end a run.
  [[nodiscard]] std::uint64_t loss_periods() const noexcept { return loss_periods_; }
  /// Average number of probes lost in a run: lost() / loss_periods(); 0 without a run. RFC 3357, section 6.3.
  [[nodiscard]] double mean_loss_period() const noexcept;
  [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }  ///< Calls of add_duplicate().
  [[nodiscard]] std::uint64_t reordered() const noexcept { return reordered_; }    ///< Calls of add_reordered().

  /// A figure with its name, for JSON, CSV or a metrics page.
  struct Figure {
    std::string_view name{};  ///< One of the names that figures() lists.
    double value = 0;         ///< A count, exact to 2^53; loss and availability from 0 to 1; milliseconds where the
                              ///< name ends in "_ms".
    /// Returns the value as text for programs: all its digits, with a point and no separators, in every locale:
    /// "1234567", "0.25".
    [[nodiscard]] MULTIPING_EXPORT std::string text() const;
  };
  /// Returns all figures that are known, in this order: sent, received, lost, loss, not_sent, unresolved, rounds,
  /// availability, duplicates, reordered, longest_loss, loss_periods, mean_loss_period, min_ms, mean_ms, max_ms,
  /// stddev_ms, jitter_ms, p50_ms, p90_ms, p95_ms, p99_ms. Unknown figures are left out: loss when nothing was sent,
  /// availability without rounds, mean_loss_period without loss periods, and all times when nothing was received.
  [[nodiscard]] std::vector<Figure> figures() const;

  /// A sum of times, exact at any size.
  struct Sum {
    std::chrono::seconds seconds{};  ///< Whole seconds.
    Duration rest{};                 ///< The rest, less than one second.
    /// Returns the exact sum in seconds: "86400.000000123".
    [[nodiscard]] MULTIPING_EXPORT std::string text() const;
  };
  /// Returns the sum of all round-trip times: `_sum` of a Prometheus histogram, whose `_count` is received().
  [[nodiscard]] Sum sum() const noexcept;

  /// The number of answers within a bound.
  struct Bucket {
    Duration bound{};         ///< The upper bound, inclusive; Duration::max() for the last bucket.
    std::uint64_t count = 0;  ///< Answers with a round-trip time up to the bound, exact (to 2^48 between two bounds).
  };
  /// Returns the whole histogram: some 620 buckets, always with the same bounds. From 1 microsecond to 1000 s each
  /// bound is at most 4 per cent above the one before. Counts are cumulative, as in a Prometheus histogram.
  [[nodiscard]] std::vector<Bucket> buckets() const;
  /// Returns the exact number of answers within `bound`, or nothing where the histogram has no such bound.
  ///
  /// It has 1, 1.2, 1.25, 1.5, 1.6, 1.75, 1.8, 2, 2.5, 3, 3.2, 3.5, 3.75, 4, 4.5, 5, 6, 6.4, 7, 7.5, 8 and 9 times each
  /// power of ten from 1 microsecond to 1000 s (and those of buckets()): 250us, 1ms, 32ms, 7500ms. A negative bound
  /// gives 0; a bound of a day or more gives all answers.
  [[nodiscard]] std::optional<std::uint64_t> received_within(Duration bound) const noexcept;

  /// Compares every stored digit. A merged object may differ from one to which the same results were added one by one,
  /// in a part of the jitter that no figure shows.
  friend bool operator==(const Statistics&, const Statistics&) noexcept = default;

 private:
  /// A number of 128 bits, which keeps sums of nanoseconds and of their squares exact. It wraps modulo 2^128, as the
  /// built-in unsigned numbers wrap modulo a power of two.
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

  /// Counts answers by round-trip time. Bounds are decimal numbers, so that they include the buckets of a metrics page.
  /// A count has 48 bits, which is enough for a week of answers at the highest rate.
  class Histogram {
   public:
    void add(std::size_t bucket, std::uint64_t count) noexcept;
    [[nodiscard]] std::uint64_t operator[](std::size_t bucket) const noexcept;
    friend bool operator==(const Histogram&, const Histogram&) noexcept = default;

    /// Buckets up to 1 us, from there to 1000 s, and one above.
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
  std::int64_t min_ = 0, max_ = 0, first_ = 0, last_ = 0;  ///< In nanoseconds.
  double jitter_ = 0;                                      ///< In nanoseconds.
  Histogram histogram_{};
};
/// Writes one readable line: "10 sent, 9 received, 10 % loss, min/mean/max/stddev 0.1/0.2/0.4/0.1 ms". Where rounds had
/// no probe: "3 sent, 3 received, 0 % loss, 7 of 10 not sent: 70 % unanswered, min/mean/...". The line has no loss when
/// nothing was sent. It is the same in every locale.
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Statistics& statistics);

}  // namespace multiping
