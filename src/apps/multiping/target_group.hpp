// A group of targets, as a line "@name quorum=80%" of a list begins one.
// A value only.
#pragma once

#include <optional>
#include <string>

#include "multiping/health.hpp"

namespace multiping::command {

struct TargetGroup {
  std::string name{};              ///< "room2/rack7"; empty: no group.
  std::optional<Quorum> quorum{};  ///< None: not given.
  /// Compares member by member.
  friend bool operator==(const TargetGroup&, const TargetGroup&) = default;
};

}  // namespace multiping::command
