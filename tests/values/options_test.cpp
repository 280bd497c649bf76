// Tests options as plain values: their names, their defaults, and their use with designated initialisers.
#include "multiping/options.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace multiping;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(protocols_have_names) {
  BOOST_TEST(to_string(Protocol::icmp) == "icmp");
  BOOST_TEST(to_string(Protocol::udp) == "udp");
  BOOST_TEST(to_string(Protocol::tcp) == "tcp");
  BOOST_TEST(to_string(Protocol::sctp) == "sctp");
  BOOST_TEST(to_string(static_cast<Protocol>(9)) == "unknown");
}

BOOST_AUTO_TEST_CASE(a_default_probe_is_that_of_ping) {
  const ProbeOptions probe;
  BOOST_TEST((probe.protocol == Protocol::icmp));
  BOOST_TEST(probe.payload_size == 56U);
  BOOST_TEST(!probe.ttl.has_value());
  BOOST_TEST((Duration{Options{}.resolve.timeout} == 5s));
}

BOOST_AUTO_TEST_CASE(probes_are_equal_by_value) {
  const ProbeOptions short_lived{.ttl = 5};
  BOOST_TEST((short_lived == ProbeOptions{.ttl = 5}));
  BOOST_TEST((short_lived != ProbeOptions{}));
  BOOST_TEST((ProbeOptions{.pattern = {1}} != ProbeOptions{.pattern = {2}}));
}

BOOST_AUTO_TEST_SUITE_END()
