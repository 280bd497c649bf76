// Figures of many probes: loss, round-trip times, jitter and percentiles, in constant memory.
// For one target, one hop, or whatever the caller adds up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>

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
/// A regular value; every call is O(1), but for percentile() and figures(), which look at the whole histogram. Times
/// are zero while nothing was received. A round-trip time counts as at most a day.
class MULTIPING_EXPORT Statistics {
 public:
  /// Takes in what became of the next probe. An answer (Result::answered()) is received; whatever else was sent is
  /// lost: no_reply, unreachable, ttl_expired. A probe that is still in flight (pending), or that has no address
  /// (unresolved), changes nothing, and one that this host would not send (send_failed) moves not_sent() alone: it is
  /// no loss.
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
  [[nodiscard]] double loss() const noexcept;                                      ///< 0 to 1; 0 when nothing was sent.
  [[nodiscard]] Duration min() const noexcept;                                     ///< The smallest round-trip time.
  [[nodiscard]] Duration max() const noexcept;                                     ///< The greatest.
  [[nodiscard]] Duration mean() const noexcept;                                    ///< The arithmetic mean of all.
  [[nodiscard]] Duration stddev() const noexcept;  ///< Of all that were received, not an estimate from a sample.
  /// RFC 3550 section 6.4.1, over round-trip times: J += (|D| - J) / 16, D between an answer and the one added before.
  [[nodiscard]] Duration jitter() const noexcept;
  /// 0 to 100, clamped: the smallest time that so many per cent of the answers did not exceed (nearest rank), within 2
  /// per cent for times from 1 microsecond to several minutes; 0 is min(), 100 is max(), and so is not-a-number.
  [[nodiscard]] Duration percentile(double percent) const noexcept;
  [[nodiscard]] std::uint64_t longest_loss() const noexcept;  ///< Most probes lost in a row, in the order of add().
  [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }  ///< Calls of add_duplicate().
  [[nodiscard]] std::uint64_t reordered() const noexcept { return reordered_; }    ///< Calls of add_reordered().

  /// A figure with its name, for JSON, CSV or a metrics page.
  struct Figure {
    std::string_view name{};  ///< As figures() lists them.
    double value = 0;         ///< A count as it is; "loss" from 0 to 1; milliseconds where the name ends in "_ms".
  };
  /// Every figure: sent, received, lost, loss, not_sent, duplicates, reordered, longest_loss, min_ms, mean_ms, max_ms,
  /// stddev_ms, jitter_ms, p50_ms, p90_ms, p95_ms, p99_ms.
  [[nodiscard]] std::array<Figure, 17> figures() const noexcept;

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

  /// Counts by size: 18 buckets for each doubling, from 16 ns to nine minutes, what lies outside in the first and the
  /// last. A count has 48 bits, so that a week of answers as fast as they come is not too many.
  class Histogram {
   public:
    void add(std::size_t bucket, std::uint64_t count) noexcept;
    [[nodiscard]] std::uint64_t operator[](std::size_t bucket) const noexcept;
    friend bool operator==(const Histogram&, const Histogram&) noexcept = default;

    static constexpr std::size_t buckets_per_doubling = 18, buckets = 35 * buckets_per_doubling;

   private:
    std::array<std::uint32_t, buckets> low_{};
    std::array<std::uint16_t, buckets> high_{};
  };

  void receive(std::int64_t rtt) noexcept;
  void join_runs(const Statistics& other) noexcept;
  void join_times(const Statistics& other) noexcept;

  std::uint64_t sent_ = 0, received_ = 0, not_sent_ = 0, duplicates_ = 0, reordered_ = 0;
  std::uint64_t lost_before_ = 0, lost_behind_ = 0, longest_loss_ = 0;  ///< Runs: before the first answer, at the end.
  Wide sum_{}, squares_{};
  std::int64_t min_ = 0, max_ = 0, first_ = 0, last_ = 0;  ///< In nanoseconds, and so is:
  double jitter_ = 0;
  Histogram histogram_{};
};
/// One line, as a person would write it: "10 sent, 9 received, 10 % loss, min/mean/max/stddev 0.1/0.2/0.4/0.1 ms".
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Statistics& statistics);

}  // namespace multiping
