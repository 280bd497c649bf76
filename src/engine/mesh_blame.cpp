// Takes the surest suspect, sets aside what it explains, and looks again, until what is left is chance.
// Pure. See multiping/blame.hpp.
#include "multiping/blame.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include "base/number_text.hpp"
#include "engine/mesh_losses.hpp"
#include "multiping/result.hpp"

namespace multiping {
namespace engine {
namespace {

/// The logarithm of how rarely chance may accuse somebody: in one of 2,000 meshes.
constexpr double enough_evidence = 7.6;
/// The logarithm of how many times likelier it must be that one direction loses than that both of a link do.
constexpr double one_way = 3;
/// A part of what a suspect is blamed for may lose so many times more or less than the whole: bursts of losses hit the
/// links of a bad host unevenly.
constexpr double uneven = 3;

double times_log(double factor, double value) { return factor <= 0 ? 0 : factor * std::log(value); }

/// How unlikely it is that a share that should be `expected` is `found`: the divergence of Kullback and Leibler. By the
/// bound of Chernoff, exp(-n * divergence) is the most that n events give it.
double divergence(double found, double expected) {
  return times_log(found, found / expected) + times_log(1 - found, (1 - found) / (1 - expected));
}

/// The logarithm of how likely these losses are where each probe is lost with that probability.
double log_likelihood(const Tally& tally, double loss) {
  return times_log(tally.lost, loss) + times_log(tally.sent - tally.lost, 1 - loss);
}

double log_choices(double whole, double part) {
  return std::lgamma(whole + 1) - std::lgamma(part + 1) - std::lgamma(whole - part + 1);
}

/// The logarithm of how unlikely chance makes the losses of a block. Chance spreads the losses that are not explained
/// yet over all probes alike, so that a block has as large a share of the losses as of the probes: the upper tail of a
/// binomial distribution, whose terms fall at least as fast as the first two.
double evidence(const Tally& block, const Tally& all) {
  if (block.lost <= 0 || all.sent <= block.sent) return 0;
  const double share = block.sent / all.sent;
  if (block.lost <= all.lost * share) return 0;
  const double first = log_choices(all.lost, block.lost) + log_likelihood({block.lost, all.lost}, share);
  const double next = (all.lost - block.lost) / (block.lost + 1) * share / (1 - share);
  return std::max(0.0, std::log1p(-next) - first);
}

/// Whether a part loses about as much as the whole.
bool fits(const Tally& part, double whole, double doubt) {
  const double share = part.share(), least = whole / uneven, most = whole * uneven;
  if (share < least) return part.sent * divergence(share, least) < doubt;
  if (share > most) return part.sent * divergence(share, most) < doubt;
  return true;
}

class Search {
 public:
  explicit Search(Mesh mesh) : mesh_{std::move(mesh)}, tried_{std::log(static_cast<double>(mesh_.blocks.size()) + 1)} {}

  std::vector<Suspect> run() {
    while (mesh_.open.lost > 0 && take_surest()) {
    }
    for (Found& each : found_) each.evidence = alone(each.block.open);
    std::ranges::stable_sort(found_, std::ranges::greater{}, &Found::evidence);
    std::vector<Suspect> suspects;
    for (const Found& each : found_) suspects.push_back(suspect(each));
    return suspects;
  }

 private:
  struct Found {
    MeshBlock block{};  ///< `open` as it was when it was found.
    double evidence = 0;
  };

  /// The evidence against a suspect when the others have explained what they do.
  [[nodiscard]] double alone(const Tally& suspect) const {
    Tally all = mesh_.open;
    all.add(suspect);
    return std::max(evidence(suspect, all) - tried_, enough_evidence);
  }

  /// False when no block is more than chance.
  bool take_surest() {
    std::vector<std::pair<double, std::size_t>> sure;
    for (std::size_t i = 0; i < mesh_.blocks.size(); ++i) {
      const double sureness = evidence(mesh_.blocks[i].open, mesh_.open) - tried_;
      if (sureness > enough_evidence) sure.emplace_back(sureness, i);
    }
    std::ranges::stable_sort(sure, std::ranges::greater{}, &std::pair<double, std::size_t>::first);
    const auto at = std::ranges::find_if(sure, [&](const auto& each) { return is_whole(mesh_.blocks[each.second]); });
    if (at == sure.end()) return false;
    take(mesh_.blocks[at->second]);
    return true;
  }

  /// Whether a block has enough hosts for its kind, and all of it loses: each host, each link and each group.
  [[nodiscard]] bool is_whole(const MeshBlock& block) const {
    std::map<std::pair<int, std::size_t>, Tally> parts;
    std::set<std::size_t> hosts;
    for (const std::size_t index : block.cells) {
      const MeshCell& cell = mesh_.cells[index];
      if (cell.explained) continue;
      hosts.insert({cell.from, cell.to});
      const std::size_t links = mesh_.hosts.size() * std::min(cell.from, cell.to) + std::max(cell.from, cell.to);
      const std::size_t from = mesh_.group(cell.from), to = mesh_.group(cell.to);
      for (const auto& key : {std::pair{0, cell.from},
                              {1, cell.to},
                              {2, cell.from},
                              {2, cell.to},
                              {3, links},
                              {4, from},
                              {5, to},
                              {6, from},
                              {6, to}})
        parts[key].add(cell.tally);
    }
    if (!is_link(block) && hosts.size() < 3) return false;
    if (block.kind == Suspect::Kind::direction && !is_one_way(block)) return false;
    const double whole = block.open.share(), doubt = enough_evidence + std::log(static_cast<double>(parts.size()));
    return std::ranges::all_of(parts, [&](const auto& part) { return fits(part.second, whole, doubt); });
  }

  /// Whether the losses of one direction are not those of both by chance.
  [[nodiscard]] bool is_one_way(const MeshBlock& direction) const {
    const auto& blocks = mesh_.cells[direction.cells.front()].blocks;
    const auto link = std::ranges::find(blocks, Suspect::Kind::pair, [&](auto i) { return mesh_.blocks[i].kind; });
    const Tally& both = mesh_.blocks[*link].open;
    Tally back = both;
    back.subtract(direction.open);
    const double split =
        log_likelihood(direction.open, direction.open.share()) + log_likelihood(back, mesh_.open.share());
    return split - log_likelihood(both, both.share()) > one_way;
  }

  /// One suspect of those that are the same: a host that was found by what it asks and by what it is asked, or a link
  /// by both of its directions.
  void take(const MeshBlock& block) {
    Found found{.block = block};
    mesh_.explain(block);
    const auto same = std::ranges::find_if(found_, [&](const Found& each) { return is_same(each.block, block); });
    if (same == found_.end()) {
      found_.push_back(std::move(found));
      return;
    }
    if (is_link(block)) same->block.kind = Suspect::Kind::pair;
    if (same->block.one > same->block.other) std::swap(same->block.one, same->block.other);
    same->block.open.add(found.block.open);
  }

  static bool is_link(const MeshBlock& block) {
    return block.kind == Suspect::Kind::pair || block.kind == Suspect::Kind::direction;
  }

  static bool is_same(const MeshBlock& one, const MeshBlock& other) {
    const bool alike = one.kind == other.kind || (is_link(one) && is_link(other));
    return alike && std::minmax(one.one, one.other) == std::minmax(other.one, other.other);
  }

  [[nodiscard]] Suspect suspect(const Found& found) const {
    const bool group = found.block.kind == Suspect::Kind::group || found.block.kind == Suspect::Kind::group_pair;
    const auto& names = group ? mesh_.groups : mesh_.hosts;
    return {.kind = found.block.kind,
            .name = names[found.block.one],
            .other = found.block.one == found.block.other ? std::string{} : names[found.block.other],
            .loss = found.block.open.share(),
            .confidence = 1 - std::exp(-found.evidence)};
  }

  Mesh mesh_;
  double tried_;  ///< The logarithm of the number of blocks, each of which chance may hit.
  std::vector<Found> found_{};
};

}  // namespace
}  // namespace engine

std::vector<Suspect> blame(std::span<const Sighting> matrix, const std::map<std::string, std::string>& group_of) {
  return engine::Search{engine::make_mesh(matrix, group_of)}.run();
}

std::string_view to_string(Suspect::Kind kind) noexcept {
  switch (kind) {
    case Suspect::Kind::node:
      return "node";
    case Suspect::Kind::pair:
      return "pair";
    case Suspect::Kind::direction:
      return "direction";
    case Suspect::Kind::group:
      return "group";
    case Suspect::Kind::group_pair:
      return "group-pair";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, Suspect::Kind kind) { return out << to_string(kind); }

std::ostream& operator<<(std::ostream& out, const Suspect& suspect) {
  std::string text{to_string(suspect.kind)};
  text.append(" ").append(printable(suspect.name));
  if (!suspect.other.empty()) {
    text.append(suspect.kind == Suspect::Kind::direction ? " -> " : " - ").append(printable(suspect.other));
  }
  text.append(": ").append(fixed_text(suspect.loss * 100, suspect.loss < 0.1 ? 1 : 0)).append(" % loss, confidence ");
  return out << text.append(fixed_text(suspect.confidence, 4));
}

}  // namespace multiping
