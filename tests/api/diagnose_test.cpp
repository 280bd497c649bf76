// Tests the options that diagnose() refuses before it opens a socket.
// Tests of whole diagnoses are in sim/ and netns/.
#include "multiping/diagnose.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <string>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(diagnose_test)

std::string complaint(const TraceOptions& options, Timeout budget = 1s) {
  try {
    static_cast<void>(diagnose({}, budget, options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

BOOST_AUTO_TEST_CASE(one_route_for_each_result_has_one_flow) {
  BOOST_TEST(complaint({.flows = 4}) ==
             "TraceOptions::flows is 4; it must be 1, the default: diagnose() does not use it");
  BOOST_TEST(complaint({.first_ttl = 2, .max_ttl = 9, .max_silent_hops = 3, .resolve_names = true}) == "nothing");
}

BOOST_AUTO_TEST_CASE(there_is_one_budget) {
  for (const Timeout budget : {Timeout{}, Timeout{2s}})
    BOOST_TEST(complaint({.budget = 5s}, budget) ==
               "TraceOptions::budget is 5000 ms; it must be 0: diagnose() has a budget of its own");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
