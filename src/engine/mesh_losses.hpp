// The mesh as cells, one for each direction between two hosts, and blocks of cells that one fault would hit.
// Pure. See blame() in multiping/blame.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "multiping/blame.hpp"

namespace multiping::engine {

/// Probes, as numbers to reckon with.
struct Tally {
  double lost = 0, sent = 0;

  void add(const Tally& other) noexcept {
    lost += other.lost;
    sent += other.sent;
  }
  void subtract(const Tally& other) noexcept {
    lost -= other.lost;
    sent -= other.sent;
  }
  [[nodiscard]] double share() const noexcept { return sent > 0 ? lost / sent : 0; }
};

/// What one host asked another.
struct MeshCell {
  std::size_t from = 0, to = 0;  ///< Hosts.
  Tally tally{};
  bool explained = false;             ///< By a suspect that was found.
  std::vector<std::size_t> blocks{};  ///< Those that it is in.
};

/// Cells that one fault would hit.
struct MeshBlock {
  Suspect::Kind kind{};
  std::size_t one = 0, other = 0;  ///< Hosts or groups; the same where the kind has one.
  std::vector<std::size_t> cells{};
  Tally open{};  ///< Of the cells that are not explained.
};

struct Mesh {
  static constexpr std::size_t no_group = ~std::size_t{0};

  std::vector<std::string> hosts{}, groups{};  ///< Sorted, so that pairs of them are too.
  std::vector<std::size_t> group_of{};         ///< By host; no_group.
  std::vector<MeshCell> cells{};
  std::vector<MeshBlock> blocks{};  ///< Of those with the same cells, that which is to be named comes first.
  Tally open{};                     ///< Of all cells that are not explained.

  [[nodiscard]] std::size_t group(std::size_t host) const noexcept { return group_of[host]; }
  void explain(const MeshBlock& block);
};

/// Throws std::invalid_argument for a row with more answers than probes.
[[nodiscard]] Mesh make_mesh(std::span<const Sighting> matrix, const std::map<std::string, std::string>& group_of);

}  // namespace multiping::engine
