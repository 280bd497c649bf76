// Which columns of --watch a width has room for, and how wide each of them is.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "apps/multiping/watch_model.hpp"

namespace multiping::command {

struct LayoutColumn {
  WatchColumn column = WatchColumn::host;
  std::size_t width = 0;  ///< Without the space in front, which all but the first have.
};

/// The columns from left to right; together with the spaces between them they take at most `columns`. The host is
/// always there.
[[nodiscard]] std::vector<LayoutColumn> layout_for(std::size_t columns, std::size_t longest_name);

/// The heading: "HOST", "STATE", "LOSS".
[[nodiscard]] std::string_view heading_of(WatchColumn column) noexcept;

}  // namespace multiping::command
