// Reads lists of targets: lines of a file, "host:port", groups. Pure, and fast enough for a million lines.
// The text of the file stays the caller's; entries are views into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/multiping/target_group.hpp"

namespace multiping::command {

/// One target as it stands in a list.
struct TargetEntry {
  std::string_view host{};  ///< Without the port.
  std::uint16_t port = 0;   ///< 0: none was given.
  std::uint32_t group = 0;  ///< Index in TargetText::groups; 0 is the group without a name.
};

/// The targets of a text.
struct TargetText {
  std::vector<TargetEntry> entries{};
  std::vector<TargetGroup> groups{{}};  ///< Of the "@name" lines, in their order; the first has no name.
};

/// Appends the targets of `text`: the first word of each line. Blank lines and lines whose first word begins with '#'
/// are left out. A line "@name" begins a group, to which the targets after it belong until the next such line; "@"
/// alone begins none. "quorum=3" or "quorum=80%" may follow the name, and a comment with '#'. Empty parts of the name
/// count for nothing: "/room2//rack7" is "room2/rack7". With `ports`, "host:port" and "[address]:port" are a host and
/// its port. Throws std::invalid_argument, which names the line and shows its beginning, for a word of more than 1,023
/// bytes, one with a control character, a port that is none, and a quorum that is none.
void read_targets(std::string_view text, bool ports, TargetText& into);

/// Takes one word apart. Throws std::invalid_argument for a port that is out of range.
[[nodiscard]] TargetEntry to_target(std::string_view word, bool ports);

}  // namespace multiping::command
