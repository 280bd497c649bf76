// Flow control, shared by whatever decides what to send: how many probes may leave now, and when the next may.
// Pure: time is an argument.
#pragma once

#include <cstddef>
#include <optional>
#include <system_error>

#include "engine/pacer.hpp"
#include "net/instant.hpp"

namespace multiping::engine {

/// This host had no room for the packet, or no descriptor, now; it may have in a moment.
[[nodiscard]] bool passes(std::error_code error) noexcept;

/// Keeps to the caller's rate, gives way to congestion on this host, and backs off while it refuses for want of room.
class Flow {
 public:
  explicit Flow(double max_rate) noexcept : pacer_{max_rate} {}

  /// How many of `most` probes may leave now.
  [[nodiscard]] std::size_t allowance(net::Instant now, std::size_t most) noexcept;
  void sent(std::size_t count, net::Instant last) noexcept;
  /// A probe was refused by an error that passes.
  void refused(net::Instant now) noexcept;
  /// Nothing was accepted for so long that there is no point in trying again.
  [[nodiscard]] bool exhausted(net::Instant now) const noexcept { return back_off_.exhausted(now); }
  /// Earlier refusals count no more.
  void be_patient() noexcept { back_off_.accepted(); }
  /// The kernel of this host dropped something.
  void dropped(net::Instant now) noexcept { congestion_.trouble(now); }
  /// When allowance() may give something again.
  [[nodiscard]] net::Instant next() const noexcept;

 private:
  Pacer pacer_;
  Congestion congestion_;
  BackOff back_off_;
};

/// Room in the transport for what takes up some of it (a connection, say): until it is full, and again when something
/// was heard, or at the time that it named.
class Room {
 public:
  void full(net::Instant until) noexcept { until_ = until; }
  void heard() noexcept { until_.reset(); }
  /// When there is room again; long ago while there is.
  [[nodiscard]] net::Instant at() const noexcept { return until_.value_or(net::Instant::min()); }

 private:
  std::optional<net::Instant> until_{};
};

}  // namespace multiping::engine
