// Makes the text of the version from the macros, so that the numbers are in one place.
// See multiping/version.hpp.
#include "multiping/version.hpp"

#define MULTIPING_TEXT_OF(number) #number
#define MULTIPING_TEXT(number) MULTIPING_TEXT_OF(number)

namespace multiping {

std::string_view version() noexcept {
  return MULTIPING_TEXT(MULTIPING_VERSION_MAJOR) "." MULTIPING_TEXT(MULTIPING_VERSION_MINOR) "." MULTIPING_TEXT(
      MULTIPING_VERSION_PATCH);
}

}  // namespace multiping
