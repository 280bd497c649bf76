// Reserves room in a vector in advance, for code that must not fail later for want of memory.
// The vector grows as with push_back(), so that a call before each push_back() costs no more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace multiping {

/// After this call the next `count` push_back() to `all` throw nothing.
template <class Value>
void reserve_more(std::vector<Value>& all, std::size_t count) {
  if (all.capacity() - all.size() >= count) return;
  all.reserve(std::max(all.size() + count, 2 * all.capacity()));
}

}  // namespace multiping
