// Keeps the members of each group sorted, and for each host the groups that count it.
// See engine/host_groups.hpp.
#include "engine/host_groups.hpp"

#include <algorithm>
#include <cmath>

namespace multiping::engine {
namespace {

/// A product of a share that stands for a whole number may miss it by some of its last digits: 0.07 of 100.
constexpr double share_rounding = 1e-12;
/// Each part makes a group; a damaged file must not make thousands of them of one line.
constexpr std::ptrdiff_t most_parts = 64;

const std::vector<std::size_t> no_groups{};

const std::vector<std::size_t>& list_of(const std::vector<std::vector<std::size_t>>& lists, std::size_t host) {
  return host < lists.size() ? lists[host] : no_groups;
}

bool insert_sorted(std::vector<std::size_t>& sorted, std::size_t value) {
  const auto at = std::ranges::lower_bound(sorted, value);
  if (at != sorted.end() && *at == value) return false;
  sorted.insert(at, value);
  return true;
}

void erase_sorted(std::vector<std::size_t>& sorted, std::size_t value) {
  const auto at = std::ranges::lower_bound(sorted, value);
  if (at != sorted.end() && *at == value) sorted.erase(at);
}

}  // namespace

std::size_t least_count(double share, std::size_t whole) noexcept {
  return static_cast<std::size_t>(std::ceil(share * static_cast<double>(whole) * (1 - share_rounding)));
}

std::size_t most_count(double share, std::size_t whole) noexcept {
  return static_cast<std::size_t>(std::floor(share * static_cast<double>(whole) * (1 + share_rounding)));
}

std::string group_name(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('/'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    if (!name.empty()) name += '/';
    name += part;
  }
  return name;
}

bool is_group_name(std::string_view name) {
  return !name.empty() && std::ranges::count(name, '/') < most_parts && group_name(name) == name;
}

std::size_t HostGroup::depth() const noexcept { return static_cast<std::size_t>(std::ranges::count(name, '/')); }

std::size_t HostGroup::needed() const noexcept {
  if (!quorum || (quorum->count == 0 && quorum->share == 0)) return members.size();
  return std::max(quorum->count, least_count(quorum->share, members.size()));
}

std::size_t HostGroups::index_of(std::string_view name) {
  if (const auto at = index_.find(name); at != index_.end()) return at->second;
  groups_.push_back({.name = std::string{name}});
  index_.emplace(name, groups_.size() - 1);
  return groups_.size() - 1;
}

std::vector<std::size_t>& HostGroups::room(std::vector<std::vector<std::size_t>>& lists, std::size_t host) {
  if (lists.size() <= host) lists.resize(host + 1);
  return lists[host];
}

bool HostGroups::join(std::size_t host, std::string_view group) {
  if (!insert_sorted(room(joined_, host), index_of(group))) return false;
  for (std::size_t end = group.find('/');; end = group.find('/', end + 1)) {
    const std::size_t index = index_of(group.substr(0, end));
    if (insert_sorted(room(of_, host), index)) insert_sorted(groups_[index].members, host);
    if (end == std::string_view::npos) return true;
  }
}

void HostGroups::leave_all(std::size_t host) {
  for (const std::size_t index : of(host)) erase_sorted(groups_[index].members, host);
  room(of_, host).clear();
  room(joined_, host).clear();
}

void HostGroups::erase(std::size_t host) {
  leave_all(host);
  of_.erase(of_.begin() + static_cast<std::ptrdiff_t>(host));
  joined_.erase(joined_.begin() + static_cast<std::ptrdiff_t>(host));
  for (HostGroup& group : groups_)
    for (std::size_t& member : group.members) member -= member > host ? 1 : 0;
}

void HostGroups::set_quorum(std::string_view group, Quorum quorum) { groups_[index_of(group)].quorum = quorum; }

const HostGroup* HostGroups::find(std::string_view name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &groups_[at->second];
}

const std::vector<std::size_t>& HostGroups::of(std::size_t host) const { return list_of(of_, host); }
const std::vector<std::size_t>& HostGroups::joined(std::size_t host) const { return list_of(joined_, host); }

}  // namespace multiping::engine
