// Which results say nothing about the host that was asked, because of a cause on this host.
// Pure. For the health of hosts, the verdict, and the detection of rate limits.
#pragma once

#include "multiping/cause.hpp"
#include "multiping/result.hpp"

namespace multiping::engine {

/// The probe was lost for a cause on this host, or by a gateway that is not known to be alive.
[[nodiscard]] inline bool may_be_lost_here(const Result& result) noexcept {
  return is_local(result.cause) || (result.cause == Cause::unknown && result.cause_address);
}

}  // namespace multiping::engine
