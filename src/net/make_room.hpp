// Room in a vector before it is needed, for what must not fail for want of memory later.
// Grows as push_back() does: asking each time costs no more than that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace multiping::net {

/// The next `count` push_back() of `all` throw nothing.
template <class Value>
void make_room(std::vector<Value>& all, std::size_t count) {
  if (all.capacity() - all.size() >= count) return;
  all.reserve(std::max(all.size() + count, 2 * all.capacity()));
}

}  // namespace multiping::net
