// Which hosts are in which groups, with groups nested by '/', and how many of a group must be up.
// Pure. Hosts are numbers here.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/health.hpp"

namespace multiping::engine {

/// The least number of hosts that is a share of so many: 0.8 of 5 are 4, although 0.8 is not a binary number.
[[nodiscard]] std::size_t least_count(double share, std::size_t whole) noexcept;
/// The greatest number of hosts that does not exceed a share of so many.
[[nodiscard]] std::size_t most_count(double share, std::size_t whole) noexcept;

/// The name of a group without empty parts: "/a//b/" is "a/b"; "" where it has no other parts.
[[nodiscard]] std::string group_name(std::string_view text);
/// True for a name that group_name() leaves as it is, with 1 to 64 parts.
[[nodiscard]] bool is_group_name(std::string_view name);

/// A group, and the hosts in it and beneath it.
struct HostGroup {
  std::string name{};
  std::optional<Quorum> quorum{};
  std::vector<std::size_t> members{};  ///< Sorted.

  [[nodiscard]] std::size_t depth() const noexcept;
  [[nodiscard]] std::size_t needed() const noexcept;  ///< How many must be up.
};

class HostGroups {
 public:
  /// Adds a host to a group and to those above it. Returns false when it was in this very group.
  bool join(std::size_t host, std::string_view group);
  void leave_all(std::size_t host);
  /// A host is no more: those after it have a number that is one less.
  void erase(std::size_t host);
  void set_quorum(std::string_view group, Quorum quorum);

  [[nodiscard]] const HostGroup* find(std::string_view name) const;
  [[nodiscard]] const std::vector<HostGroup>& all() const noexcept { return groups_; }
  /// The groups of a host, those above them included; indices of all().
  [[nodiscard]] const std::vector<std::size_t>& of(std::size_t host) const;
  /// The groups to which a host was added itself; indices of all().
  [[nodiscard]] const std::vector<std::size_t>& joined(std::size_t host) const;

 private:
  std::size_t index_of(std::string_view name);
  std::vector<std::size_t>& room(std::vector<std::vector<std::size_t>>& lists, std::size_t host);

  std::vector<HostGroup> groups_{};
  std::map<std::string, std::size_t, std::less<>> index_{};
  std::vector<std::vector<std::size_t>> of_{}, joined_{};  ///< By the number of the host.
};

}  // namespace multiping::engine
