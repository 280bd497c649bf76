// operator new of this whole program, which can be told to fail: how it behaves when memory runs out at any place.
// Counts what is allocated, so that a leak shows.
#pragma once

#include <cstddef>

namespace multiping::test {

/// The allocation number `number` from now on (1: the next), of whatever thread, fails, unless disarm() comes first. 0:
/// none fails, they are only counted.
void arm(std::size_t number);
/// How many were asked for since arm().
std::size_t disarm() noexcept;
/// Pieces of memory that operator new gave and operator delete did not get back.
[[nodiscard]] long long pieces_in_use() noexcept;
/// Their sizes together.
[[nodiscard]] long long bytes_in_use() noexcept;

}  // namespace multiping::test
