// Adds up the rows, and sorts the cells into all blocks that may be suspects.
// See engine/mesh_losses.hpp.
#include "engine/mesh_losses.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "multiping/result.hpp"

namespace multiping::engine {
namespace {

/// Which cells of a host or a group: what is asked of it, what it asks, both, and with it also what its own hosts ask
/// each other.
enum class Way : std::uint8_t { both, whole, in, out };

/// A block by what it is: kind, ways, hosts or groups. Sorted as the blocks are.
using BlockName = std::tuple<Suspect::Kind, Way, std::size_t, std::size_t>;

void check_row(const Sighting& row) {
  if (row.received <= row.sent) return;
  throw std::invalid_argument{"Sighting::received is " + std::to_string(row.received) + " from " + printable(row.from) +
                              " to " + printable(row.to) + "; it must be at most Sighting::sent, " +
                              std::to_string(row.sent)};
}

bool is_about_a_link(const Sighting& row) noexcept { return row.sent > 0 && row.from != row.to; }

void sort_and_make_unique(std::vector<std::string>& names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

std::size_t index_in(const std::vector<std::string>& sorted, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::lower_bound(sorted, name) - sorted.begin());
}

void name_hosts(Mesh& mesh, std::span<const Sighting> matrix, const std::map<std::string, std::string>& group_of) {
  for (const Sighting& row : matrix) {
    check_row(row);
    if (!is_about_a_link(row)) continue;
    mesh.hosts.push_back(row.from);
    mesh.hosts.push_back(row.to);
  }
  sort_and_make_unique(mesh.hosts);
  for (const auto& [host, group] : group_of) mesh.groups.push_back(group);
  sort_and_make_unique(mesh.groups);
  for (const std::string& host : mesh.hosts) {
    const auto at = group_of.find(host);
    mesh.group_of.push_back(at == group_of.end() ? Mesh::no_group : index_in(mesh.groups, at->second));
  }
}

void add_up(Mesh& mesh, std::span<const Sighting> matrix) {
  std::map<std::pair<std::size_t, std::size_t>, Tally> sums;
  for (const Sighting& row : matrix) {
    if (!is_about_a_link(row)) continue;
    const auto lost = static_cast<double>(row.sent - row.received);
    sums[{index_in(mesh.hosts, row.from), index_in(mesh.hosts, row.to)}].add({lost, static_cast<double>(row.sent)});
  }
  mesh.cells.reserve(sums.size());
  for (const auto& [ends, tally] : sums) {
    mesh.cells.push_back({.from = ends.first, .to = ends.second, .tally = tally});
    mesh.open.add(tally);
  }
}

std::vector<BlockName> group_blocks_of(std::size_t from, std::size_t to) {
  using Kind = Suspect::Kind;
  if (from == to)
    return from == Mesh::no_group ? std::vector<BlockName>{}
                                  : std::vector<BlockName>{{Kind::group, Way::whole, from, from}};
  std::vector<BlockName> names;
  for (const std::size_t group : {from, to})
    if (group != Mesh::no_group) {
      const Way way = group == from ? Way::out : Way::in;
      for (const Way each : {Way::both, Way::whole, way}) names.emplace_back(Kind::group, each, group, group);
    }
  if (names.size() < 6) return names;  // one of the hosts is in no group
  names.emplace_back(Kind::group_pair, Way::both, std::min(from, to), std::max(from, to));
  names.emplace_back(Kind::group_pair, Way::out, from, to);
  return names;
}

std::vector<BlockName> blocks_of(const Mesh& mesh, const MeshCell& cell) {
  using Kind = Suspect::Kind;
  auto names = group_blocks_of(mesh.group(cell.from), mesh.group(cell.to));
  names.emplace_back(Kind::node, Way::both, cell.from, cell.from);
  names.emplace_back(Kind::node, Way::out, cell.from, cell.from);
  names.emplace_back(Kind::node, Way::both, cell.to, cell.to);
  names.emplace_back(Kind::node, Way::in, cell.to, cell.to);
  names.emplace_back(Kind::pair, Way::both, std::min(cell.from, cell.to), std::max(cell.from, cell.to));
  names.emplace_back(Kind::direction, Way::out, cell.from, cell.to);
  return names;
}

void make_blocks(Mesh& mesh) {
  std::map<BlockName, std::vector<std::size_t>> found;
  for (std::size_t i = 0; i < mesh.cells.size(); ++i)
    for (const BlockName& name : blocks_of(mesh, mesh.cells[i])) found[name].push_back(i);
  for (auto& [name, cells] : found) {
    const auto& [kind, way, one, other] = name;
    MeshBlock& block = mesh.blocks.emplace_back(MeshBlock{.kind = kind, .one = one, .other = other});
    block.cells = std::move(cells);
    for (const std::size_t cell : block.cells) {
      block.open.add(mesh.cells[cell].tally);
      mesh.cells[cell].blocks.push_back(mesh.blocks.size() - 1);
    }
  }
}

}  // namespace

void Mesh::explain(const MeshBlock& block) {
  for (const std::size_t index : block.cells) {
    MeshCell& cell = cells[index];
    if (std::exchange(cell.explained, true)) continue;
    open.subtract(cell.tally);
    for (const std::size_t each : cell.blocks) blocks[each].open.subtract(cell.tally);
  }
}

Mesh make_mesh(std::span<const Sighting> matrix, const std::map<std::string, std::string>& group_of) {
  Mesh mesh;
  name_hosts(mesh, matrix, group_of);
  add_up(mesh, matrix);
  make_blocks(mesh);
  return mesh;
}

}  // namespace multiping::engine
