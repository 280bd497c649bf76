// Tests which transport open_transport() opens, and the error when it can open none.
// Tests with the permissions of other users are in netns/.
#include "multiping/transport.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

#include "multiping/error.hpp"

using namespace multiping;

BOOST_AUTO_TEST_SUITE(transport_test)

BOOST_AUTO_TEST_CASE(kinds_have_names) {
  BOOST_TEST(to_string(TransportKind::automatic) == "automatic");
  BOOST_TEST(to_string(TransportKind::raw) == "raw");
  BOOST_TEST(to_string(TransportKind::ping_socket) == "ping-socket");
  BOOST_TEST(to_string(TransportKind::broker) == "broker");
  BOOST_TEST(to_string(TransportKind::proxy) == "proxy");
  BOOST_TEST(to_string(TransportKind::sockets) == "sockets");
}

BOOST_AUTO_TEST_CASE(a_proxy_needs_a_host_and_a_port) {
  for (const char* name :
       {"", ":", "host:", "host:0", "host:65536", "host:7x", "10.1", "[::1", "[::1]7", "[1.2.3.4]:7"}) {
    const TransportOptions options{.kinds = {TransportKind::proxy}, .proxy = name};
    std::error_code error;
    BOOST_TEST(open_transport(options, error) == nullptr, name);
    BOOST_TEST((error == std::errc::invalid_argument), name);
    BOOST_CHECK_EXCEPTION((void)open_transport(options), std::invalid_argument, [](const std::invalid_argument& e) {
      return std::string{e.what()}.find("TransportOptions::proxy is ") == 0;
    });
  }
}

BOOST_AUTO_TEST_CASE(capabilities_tell_what_was_chosen) {
  const Capabilities can = capabilities(*open_transport());
  BOOST_CHECK(can.kind == TransportKind::raw || can.kind == TransportKind::ping_socket ||
              can.kind == TransportKind::broker || can.kind == TransportKind::sockets);
  BOOST_TEST((can.ipv4 || can.ipv6));
  BOOST_TEST(can.icmp_errors);
  BOOST_TEST(can.kernel_timestamps);
  BOOST_TEST(can.udp);
  BOOST_TEST(can.tcp);
  BOOST_TEST(can.sctp == (can.kind == TransportKind::raw));
  BOOST_TEST(can.icmp == (can.kind != TransportKind::sockets));
}

BOOST_AUTO_TEST_CASE(sockets_need_no_permission) {
  const Capabilities can = capabilities(*open_transport({.kinds = {TransportKind::sockets}}));
  BOOST_CHECK(can.kind == TransportKind::sockets);
  BOOST_TEST(can.udp);
  BOOST_TEST(can.tcp);
  BOOST_TEST(!can.sctp);
  BOOST_TEST(!can.icmp);
}

BOOST_AUTO_TEST_SUITE_END()
