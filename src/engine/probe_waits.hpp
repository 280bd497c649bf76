// How long a request waits for an answer after each of its probes.
// Pure arithmetic that never overflows.
#pragma once

#include <cstdint>

#include "multiping/duration.hpp"

namespace multiping::engine {

/// The wait after probe k, counted from 1, is first * factor^(k-1), and at most `most`.
struct ProbeWaits {
  Duration first{};                 ///< Not negative.
  double factor = 1;                ///< At least 1, and finite.
  Duration most = Duration::max();  ///< Not negative.

  [[nodiscard]] Duration after_probe(std::uint32_t probe) const noexcept;
  /// All waits of so many probes together; Duration::max() where that overflows.
  [[nodiscard]] Duration together(std::uint32_t probes) const noexcept;
};

}  // namespace multiping::engine
