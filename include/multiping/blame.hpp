// Who is to blame for the losses in a mesh: which hosts, links, directions or groups explain what was lost between
// hosts. Each host of the mesh reports whom it asked and how many answers it got; nothing here reads a clock or opens a
// socket.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/export.hpp"

namespace multiping {

/// What one host saw of another: the probes that `from` sent to `to`, and the answers. Several rows of the same pair
/// are added up, so that the rows of all hosts and of all rounds can be put together in any order.
struct Sighting {
  std::string from{};          ///< The host that asked.
  std::string to{};            ///< The host that was asked. A row of a host about itself counts for nothing.
  std::uint64_t sent = 0;      ///< Probes sent and not pending; 0: the row counts for nothing.
  std::uint64_t received = 0;  ///< Answers, at most `sent`.
};

/// What explains losses.
struct Suspect {
  /// What it is.
  enum class Kind : std::uint8_t {
    node,        ///< Host `name`: what it asks and what it is asked is lost.
    pair,        ///< The link between hosts `name` and `other`, in both directions.
    direction,   ///< What host `name` asks host `other`, and not the other way round.
    group,       ///< Group `name`: what its hosts and the hosts outside ask each other is lost.
    group_pair,  ///< What the hosts of groups `name` and `other` ask each other is lost.
  };
  Kind kind{};            ///< What it is.
  std::string name{};     ///< The host, or the group.
  std::string other{};    ///< The second host or group of a pair; else empty.
  double loss = 0;        ///< The share of probes that it loses, 0 to 1, of those which no surer suspect explains.
  double confidence = 0;  ///< That it is to blame, 0 to 1: chance and the other suspects do not explain these losses.
};
/// "node", "pair", "direction", "group", "group-pair".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Suspect::Kind kind) noexcept;
/// Writes to_string(kind).
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, Suspect::Kind kind);
/// Writes one readable line: "pair node3 - node9: 40 % loss, confidence 0.9999".
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Suspect& suspect);

/// Finds the fewest suspects that explain the losses of a mesh; the surest is first. None where the losses are within
/// what chance explains.
///
/// `group_of` names the group of each host (its rack or switch, say), where it has one.
///
/// Chance spreads losses over all probes alike, however many there are. A suspect has so much more than its share of
/// them that chance accuses somebody in less than one of 2,000 meshes, all hosts, links and groups together that could
/// have been accused. All parts of a suspect lose: a group in which one host is down is not to blame, but that host; a
/// host with one broken link is not either, but the link. A link is blamed for one direction only where the other is
/// clearly better. Of suspects that explain the same losses, the first kind of Suspect::Kind is named, but a host, a
/// group or two groups need rows about three hosts at least.
///
/// A host that is down reports nothing, so its own rows may be missing: those of the others are enough. A link that
/// loses 2 per cent is found with 200 probes in each direction, in a mesh of 64 hosts without other losses; one that is
/// dead, with some 10. Losses that are the same everywhere, even all, are nobody's.
///
/// Takes time in proportion to the rows and the suspects: some milliseconds for 64 hosts. Throws std::invalid_argument
/// for a row with more answers than probes.
[[nodiscard]] MULTIPING_EXPORT std::vector<Suspect> blame(std::span<const Sighting> matrix,
                                                          const std::map<std::string, std::string>& group_of = {});

}  // namespace multiping
