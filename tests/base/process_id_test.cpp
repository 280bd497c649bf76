// Tests that a forked child knows its own process id, whatever its parent has asked before.
#include "base/process_id.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using multiping::process_id;

BOOST_AUTO_TEST_SUITE(process_id_test)

namespace {

/// Runs `check` in a forked child. True when it returned true there.
template <class Check>
bool holds_in_child(Check check) {
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

bool is_right() { return process_id() == ::getpid() && process_id() == ::getpid(); }

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_that_of_getpid) { BOOST_TEST(is_right()); }

BOOST_AUTO_TEST_CASE(a_child_and_its_child_have_ids_of_their_own) {
  BOOST_TEST(is_right());
  BOOST_TEST(holds_in_child([] { return is_right() && holds_in_child(is_right); }));
  BOOST_TEST(is_right());
}

BOOST_AUTO_TEST_SUITE_END()
