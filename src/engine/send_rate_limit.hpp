// When the next probe may leave: by the caller's rate, by congestion on this host, and by the back-off from refusals.
// Pure: time is an argument.
#pragma once

#include <cstddef>
#include <optional>

#include "base/monotonic_time.hpp"

namespace multiping::engine {

/// Spreads probes evenly over time; one burst is at most 10 ms worth of probes. A rate of 0 means no limit.
class SendRateLimit {
 public:
  explicit SendRateLimit(double per_second) noexcept : rate_{per_second} {}

  /// How many probes may leave now.
  [[nodiscard]] std::size_t allowance(Instant now) noexcept;
  void sent(std::size_t count) noexcept { sent_ += static_cast<double>(count); }
  /// When the next probes may leave: about one millisecond's worth together, so that waiting does not cost more than
  /// sending.
  [[nodiscard]] Instant next() const noexcept;

 private:
  [[nodiscard]] bool limited() const noexcept;
  [[nodiscard]] double due(Instant now) const noexcept;

  double rate_;
  double sent_ = 0;  ///< Probes sent since origin_.
  std::optional<Instant> origin_{};
};

/// Adapts the rate to congestion on this host: additive increase, multiplicative decrease. There is no limit until this
/// host loses a packet. Trouble halves the rate that was reached, and each quiet period of 10 ms adds a little to it.
class Congestion {
 public:
  [[nodiscard]] std::size_t allowance(Instant now) noexcept;
  void sent(std::size_t count, Instant now) noexcept;
  /// A queue of this host was full, or its kernel dropped packets. Several reports within 10 ms count once.
  void trouble(Instant now) noexcept;
  [[nodiscard]] Instant next() const noexcept { return pacer_.next(); }
  [[nodiscard]] double rate() const noexcept { return rate_; }  ///< Probes per second; 0: no limit.

 private:
  void set_rate(double rate, Instant now) noexcept;

  SendRateLimit pacer_{0};
  double rate_ = 0;
  double unlimited_ = 0;  ///< The rate at which trouble began; above twice this rate the limit ends.
  double counted_ = 0;    ///< Probes sent since counting_since_.
  std::optional<Instant> counting_since_{};
  Instant changed_at_ = Instant::min();
};

/// Bounded exponential back-off while this host refuses probes with an error for which passes() is true
/// (sendable_now.hpp).
class RefusalBackOff {
 public:
  void accepted() noexcept { *this = RefusalBackOff{}; }
  void refused(Instant now) noexcept;
  /// When to try again; none: at once.
  [[nodiscard]] std::optional<Instant> ready_at() const noexcept { return ready_at_; }
  /// No probe was accepted for 4 s or more, which is longer than the kernel queues packets for a neighbour that does
  /// not exist.
  [[nodiscard]] bool exhausted(Instant now) const noexcept;

 private:
  std::optional<Instant> first_refusal_{};
  std::optional<Instant> ready_at_{};
  int in_a_row_ = 0;
  Duration pause_{};
};

}  // namespace multiping::engine
