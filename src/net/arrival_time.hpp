// When a packet arrived, as both interfaces tell it.
#pragma once

#include <optional>

#include "base/monotonic_time.hpp"

namespace multiping::net {

/// When a packet came in.
struct Arrival {
  Instant read{};                  ///< When this process read it.
  std::optional<Instant> stamp{};  ///< When the kernel received it; none where its stamp cannot be trusted.
};

}  // namespace multiping::net
