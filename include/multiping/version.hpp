// The version of multiping: that of the headers a program was compiled with, and that of the library it runs with.
// CMake writes the numbers from the project() of CMakeLists.txt, which is the place to change them.
#pragma once

#include <string_view>

#include "multiping/export.hpp"

#define MULTIPING_VERSION_MAJOR 0
#define MULTIPING_VERSION_MINOR 1
#define MULTIPING_VERSION_PATCH 0

namespace multiping {

/// Returns the version of the library that this program runs with, such as "0.1.0". It differs from the macros where a
/// shared library was replaced after the program was compiled. It never fails; the text lives as long as the library.
MULTIPING_EXPORT std::string_view version() noexcept;

}  // namespace multiping
