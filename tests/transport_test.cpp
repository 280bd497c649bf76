// Which transport is opened, and what is said when none can be.
// Permissions of other users stand in netns/.
#include "multiping/transport.hpp"

#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_CASE(what_is_not_there_yet_is_refused) {
  for (const TransportKind kind : {TransportKind::broker, TransportKind::proxy}) {
    std::error_code error;
    BOOST_TEST(open_transport({.kinds = {kind}}, error) == nullptr);
    BOOST_CHECK(error == Errc::not_supported);
    BOOST_CHECK_EXCEPTION((void)open_transport({.kinds = {kind}}), std::system_error, [&](const std::system_error& e) {
      return std::string{e.what()}.find(to_string(kind)) != std::string::npos;
    });
  }
}

BOOST_AUTO_TEST_CASE(capabilities_tell_what_was_chosen) {
  const Capabilities can = capabilities(*open_transport());
  BOOST_CHECK(can.kind == TransportKind::raw || can.kind == TransportKind::ping_socket ||
              can.kind == TransportKind::sockets);
  BOOST_TEST((can.ipv4 || can.ipv6));
  BOOST_TEST(can.icmp_errors);
  BOOST_TEST(can.kernel_timestamps);
  BOOST_TEST(can.udp);
  BOOST_TEST(can.tcp);
  BOOST_TEST(can.sctp == (can.kind == TransportKind::raw));
}

BOOST_AUTO_TEST_CASE(sockets_need_no_permission) {
  const Capabilities can = capabilities(*open_transport({.kinds = {TransportKind::sockets}}));
  BOOST_CHECK(can.kind == TransportKind::sockets);
  BOOST_TEST(can.udp);
  BOOST_TEST(can.tcp);
  BOOST_TEST(!can.sctp);
}

BOOST_AUTO_TEST_SUITE_END()
