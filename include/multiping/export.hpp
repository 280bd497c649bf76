// What every public header begins with: the language that it needs, and the mark of what a shared multiping shows.
// Nothing to define: the attribute is harmless in a static library.
#pragma once

#if __cplusplus < 202002L
#error "multiping needs C++20: compile with -std=c++20 or later (CMake: set CMAKE_CXX_STANDARD to 20)"
// No such file: the compiler ends here, instead of after the hundred errors that would follow.
#include "multiping/C++20_is_needed"
#endif

#define MULTIPING_EXPORT __attribute__((visibility("default")))
