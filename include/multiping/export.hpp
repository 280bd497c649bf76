// Included by every public header: requires C++20, and defines the mark of the names that a shared library exports.
// A program defines nothing for it: the attribute does no harm in a static library.
#pragma once

#if __cplusplus < 202002L
#error "multiping needs C++20: compile with -std=c++20 or later (CMake: set CMAKE_CXX_STANDARD to 20)"
// This file does not exist: the compiler stops here, before it reports a hundred further errors.
#include "multiping/C++20_is_needed"
#endif

#define MULTIPING_EXPORT __attribute__((visibility("default")))
