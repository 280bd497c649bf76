// How many probes may leave now, and when the next may leave. Batches and single probes share it.
// Pure: time is an argument.
#pragma once

#include <cstddef>
#include <optional>
#include <system_error>

#include "base/monotonic_time.hpp"
#include "engine/send_rate_limit.hpp"

namespace multiping::engine {

/// The error is a passing shortage on this host: of buffer space, memory or descriptors.
[[nodiscard]] bool passes(std::error_code error) noexcept;

/// Keeps to the caller's rate, slows down on congestion on this host, and backs off while this host refuses probes
/// because it has no room.
class SendableNow {
 public:
  explicit SendableNow(double max_rate) noexcept : pacer_{max_rate} {}

  /// How many of `most` probes may leave now.
  [[nodiscard]] std::size_t allowance(Instant now, std::size_t most) noexcept;
  /// The same as far as the caller's rate decides; no limit is the largest number.
  [[nodiscard]] std::size_t allowance_by_rate(Instant now) noexcept { return pacer_.allowance(now); }
  void sent(std::size_t count, Instant last) noexcept;
  /// This host refused a probe with an error for which passes() is true.
  void refused(Instant now) noexcept;
  /// No probe was accepted for so long that further tries are useless.
  [[nodiscard]] bool exhausted(Instant now) const noexcept { return back_off_.exhausted(now); }
  /// Forgets the earlier refusals.
  void be_patient() noexcept { back_off_.accepted(); }
  /// The kernel of this host dropped packets.
  void dropped(Instant now) noexcept { congestion_.trouble(now); }
  /// The earliest time at which allowance() may be more than zero.
  [[nodiscard]] Instant next() const noexcept;
  /// The same for allowance_by_rate().
  [[nodiscard]] Instant next_by_rate() const noexcept { return pacer_.next(); }

 private:
  SendRateLimit pacer_;
  Congestion congestion_;
  RefusalBackOff back_off_;
};

/// Whether the transport has room for another probe that takes up some of it, such as a connection. A full transport
/// has room again after the next event, or at the time that it named.
class Room {
 public:
  void full(Instant until) noexcept { until_ = until; }
  void heard() noexcept { until_.reset(); }
  /// When there is room again; Instant::min() while there is room.
  [[nodiscard]] Instant at() const noexcept { return until_.value_or(Instant::min()); }

 private:
  std::optional<Instant> until_{};
};

}  // namespace multiping::engine
