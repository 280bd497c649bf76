// The state of a HealthTracker as text with a version, one line for each thing.
// Pure. The reader takes any text, and says in which line it is wrong.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "engine/health_tracker_state.hpp"

namespace multiping::engine {

/// The first line.
inline constexpr std::string_view health_text_title = "multiping-health 1";

[[nodiscard]] std::string health_text(const HealthTrackerState& data);

/// Throws std::invalid_argument for options out of range.
using OptionCheck = void (*)(const HealthOptions&);
/// Throws std::runtime_error, which names the line.
[[nodiscard]] HealthTrackerState read_health(std::istream& in, OptionCheck check);

}  // namespace multiping::engine
