// Tests that the header, the library and the CMake project have the same version.
#include <boost/test/unit_test.hpp>
#include <string>

#include "multiping/version.hpp"

BOOST_AUTO_TEST_SUITE(version_test)

BOOST_AUTO_TEST_CASE(the_library_has_the_version_of_the_project) {
  BOOST_TEST(multiping::version() == MULTIPING_PROJECT_VERSION);
}

BOOST_AUTO_TEST_CASE(the_macros_have_the_version_of_the_project) {
  const auto text = std::to_string(MULTIPING_VERSION_MAJOR) + '.' + std::to_string(MULTIPING_VERSION_MINOR) + '.' +
                    std::to_string(MULTIPING_VERSION_PATCH);
  BOOST_TEST(text == MULTIPING_PROJECT_VERSION);
}

BOOST_AUTO_TEST_SUITE_END()
