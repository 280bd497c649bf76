// When the next probe may leave: a rate that the caller set, and the patience with a full queue on this host.
// Pure: time is an argument.
#pragma once

#include <cstddef>
#include <optional>

#include "net/instant.hpp"

namespace multiping::engine {

/// Spreads probes evenly over time, at most 10 ms worth of them at once. A rate of 0 is no limit.
class Pacer {
 public:
  explicit Pacer(double per_second) noexcept : rate_{per_second} {}

  /// How many probes may leave now.
  [[nodiscard]] std::size_t allowance(net::Instant now) noexcept;
  void sent(std::size_t count) noexcept { sent_ += static_cast<double>(count); }
  /// When the next probes may leave; about a millisecond's worth together, so that waiting does not cost more than
  /// sending.
  [[nodiscard]] net::Instant next() const noexcept;

 private:
  [[nodiscard]] bool limited() const noexcept;
  [[nodiscard]] double due(net::Instant now) const noexcept;

  double rate_;
  double sent_ = 0;  ///< Since origin_.
  std::optional<net::Instant> origin_{};
};

/// Adapts to a path that queues: additive increase, multiplicative decrease. As long as nothing is lost on this host
/// there is no limit; trouble halves the rate that was reached, and each quiet while adds a little to it.
class Congestion {
 public:
  [[nodiscard]] std::size_t allowance(net::Instant now) noexcept;
  void sent(std::size_t count, net::Instant now) noexcept;
  /// A queue of this host was full, or its kernel dropped something. Several reports of one burst count once.
  void trouble(net::Instant now) noexcept;
  [[nodiscard]] net::Instant next() const noexcept { return pacer_.next(); }
  [[nodiscard]] double rate() const noexcept { return rate_; }  ///< Probes per second; 0: no limit.

 private:
  void set_rate(double rate, net::Instant now) noexcept;

  Pacer pacer_{0};
  double rate_ = 0;
  double unlimited_ = 0;  ///< The rate at which trouble began; twice that is no limit again.
  double counted_ = 0;    ///< Sent since counting_since_.
  std::optional<net::Instant> counting_since_{};
  net::Instant changed_at_ = net::Instant::min();
};

/// Bounded exponential back-off while this host refuses probes for want of room (ENOBUFS, EAGAIN, ENOMEM).
class BackOff {
 public:
  void accepted() noexcept { *this = BackOff{}; }
  void refused(net::Instant now) noexcept;
  /// When to try again; none: at once.
  [[nodiscard]] std::optional<net::Instant> ready_at() const noexcept { return ready_at_; }
  /// Nothing was accepted for longer than dead neighbours hold packets.
  [[nodiscard]] bool exhausted(net::Instant now) const noexcept;

 private:
  std::optional<net::Instant> first_refusal_{};
  std::optional<net::Instant> ready_at_{};
  int in_a_row_ = 0;
  Duration pause_{};
};

}  // namespace multiping::engine
