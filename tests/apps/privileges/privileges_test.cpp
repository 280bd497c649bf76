// Privileges are given up for good: of a process of root, and of a program with the set-user-ID bit.
#include "apps/privileges/privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(privileges_of_programs_test, *boost::unit_test::precondition(multiping::test::needs_root))

using namespace multiping;

namespace {

bool opens_raw_socket() {
  const int descriptor = ::socket(AF_INET, SOCK_RAW, 1);
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(root_stays_root_without_capabilities) {
  test::Child child{[] {
    BOOST_TEST(opens_raw_socket());
    apps::drop_capabilities();
    BOOST_TEST(::geteuid() == 0U);
    BOOST_TEST(!apps::has_capability(CAP_NET_RAW));
    BOOST_TEST(!opens_raw_socket());
    BOOST_TEST(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    BOOST_TEST(::setresuid(4321, 4321, 4321) == -1);
  }};
  BOOST_TEST(child.join());
}

BOOST_AUTO_TEST_CASE(a_set_user_id_program_becomes_the_user_who_started_it) {
  test::Child child{[] {
    BOOST_REQUIRE(::setresgid(4322, 0, 0) == 0);
    BOOST_REQUIRE(::setresuid(4321, 0, 0) == 0);
    apps::drop_capabilities();
    BOOST_TEST(::geteuid() == 4321U);
    BOOST_TEST(::getegid() == 4322U);
    BOOST_TEST(::setresuid(0, 0, 0) == -1);
    BOOST_TEST(!opens_raw_socket());
  }};
  BOOST_TEST(child.join());
}

BOOST_AUTO_TEST_CASE(the_right_to_open_raw_sockets_can_stay_alone) {
  test::Child child{[] {
    BOOST_REQUIRE(::setresuid(4321, 0, 0) == 0);
    apps::drop_capabilities(true);
    BOOST_TEST(::geteuid() == 4321U);
    BOOST_TEST(opens_raw_socket());
    BOOST_TEST(!apps::has_capability(CAP_NET_ADMIN));
    apps::drop_capabilities();
    BOOST_TEST(!opens_raw_socket());
  }};
  BOOST_TEST(child.join());
}

BOOST_AUTO_TEST_CASE(giving_up_twice_is_giving_up) {
  test::Child child{[] {
    apps::drop_capabilities();
    apps::drop_capabilities();
    BOOST_TEST(!opens_raw_socket());
  }};
  BOOST_TEST(child.join());
}

BOOST_AUTO_TEST_SUITE_END()
