// Tests that kernel_constants.hpp defines the kernel's own numbers where the system's headers have no name.
// This file is compiled alone, as if with old headers: the names are undefined before kernel_constants.hpp is read.
#include <netinet/in.h>
#include <sys/socket.h>

#undef IPV6_FLOWINFO
#undef IPV6_FLOWINFO_SEND
#undef IPV6_AUTOFLOWLABEL
#undef IP_RECVERR_RFC4884
#undef IPV6_RECVERR_RFC4884
#undef SO_MEMINFO
#undef SO_PEERGROUPS
#undef SO_NETNS_COOKIE

#include "os/kernel_constants.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(kernel_constants_test)

BOOST_AUTO_TEST_CASE(what_old_headers_lack_has_the_number_that_the_kernel_knows) {
  BOOST_TEST(IPV6_FLOWINFO == 11);
  BOOST_TEST(IPV6_FLOWINFO_SEND == 33);
  BOOST_TEST(IPV6_AUTOFLOWLABEL == 70);
  BOOST_TEST(IP_RECVERR_RFC4884 == 26);
  BOOST_TEST(IPV6_RECVERR_RFC4884 == 31);
  BOOST_TEST(SO_MEMINFO == 55);
  BOOST_TEST(SO_PEERGROUPS == 59);
  BOOST_TEST(SO_NETNS_COOKIE == 71);
}

BOOST_AUTO_TEST_SUITE_END()
