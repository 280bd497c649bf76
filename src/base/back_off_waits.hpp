// Waits that grow by a factor: how long an answer is awaited after each of several probes.
// Pure arithmetic that never overflows.
#pragma once

#include <cstdint>

#include "multiping/duration.hpp"

namespace multiping {

/// The wait after probe k, counted from 1, is first * factor^(k-1), and at most `most`.
struct BackOffWaits {
  Duration first{};                 ///< Not negative.
  double factor = 1;                ///< At least 1, and finite.
  Duration most = Duration::max();  ///< Not negative.

  [[nodiscard]] Duration after_probe(std::uint32_t probe) const noexcept;
  /// All waits of so many probes together; Duration::max() where that overflows.
  [[nodiscard]] Duration together(std::uint32_t probes) const noexcept;
};

}  // namespace multiping
