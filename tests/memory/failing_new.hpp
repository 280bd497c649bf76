// Replaces operator new of the whole program by one that a test can make fail at any allocation.
// Counts the allocated memory, so that a test finds leaks.
#pragma once

#include <cstddef>

namespace multiping::test {

/// Makes allocation number `number` from now on (1: the next one) fail, in any thread, unless disarm() is called
/// before. 0: none fails; allocations are only counted.
void arm(std::size_t number);
/// Ends arm(), and returns the number of allocations since arm().
std::size_t disarm() noexcept;
/// The number of allocations that are not yet freed.
[[nodiscard]] long long pieces_in_use() noexcept;
/// The total size of these allocations, in bytes as malloc_usable_size(3) tells it.
[[nodiscard]] long long bytes_in_use() noexcept;

}  // namespace multiping::test
