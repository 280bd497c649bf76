// Who may ping: what a process without any right is told, and what an ordinary user can do.
// Unprivileged is no second class.
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(permission_test, *precondition(needs_root))

BOOST_AUTO_TEST_CASE(without_any_right_every_remedy_is_named) {
  in_namespace([] {
    allow_ping_sockets(false);
    become_nobody();
    try {
      const MultiPing batch{"127.0.0.1"};
      BOOST_FAIL("this process may not ping");
    } catch (const PermissionError& error) {
      const std::string text = error.what();
      BOOST_TEST_CONTEXT(text) {
        for (const char* remedy : {"setcap", "cap_net_raw", "ping_group_range", "sysctl"})
          BOOST_TEST((text.find(remedy) != std::string::npos), remedy);
      }
    }
    std::error_code error;
    BOOST_TEST(open_transport({.kinds = {TransportKind::raw, TransportKind::ping_socket}}, error) == nullptr);
    BOOST_TEST(error == error_of(EPERM));
    BOOST_CHECK_THROW(static_cast<void>(open_transport({.kinds = {TransportKind::raw}})), PermissionError);
    BOOST_CHECK_THROW(static_cast<void>(open_transport({.kinds = {TransportKind::ping_socket}})), PermissionError);
  });
}

BOOST_AUTO_TEST_CASE(only_what_needs_a_right_is_denied) {
  in_namespace([] {
    allow_ping_sockets(false);
    become_nobody();
    const ProbeOptions udp{.protocol = Protocol::udp}, tcp{.protocol = Protocol::tcp, .port = 9};
    const Batch batch = multi_ping({{"127.0.0.1", udp}, {"127.0.0.1", tcp}, {"::1", tcp}}, 5s);
    BOOST_TEST(batch.responses.size() == 3U);
    const ProbeOptions half_open{.protocol = Protocol::tcp, .half_open = true}, sctp{.protocol = Protocol::sctp};
    for (const ProbeOptions& forbidden : {ProbeOptions{}, half_open, sctp}) {
      try {
        const MultiPing mixed{{{"127.0.0.1", tcp}, {"127.0.0.1", forbidden}}};
        BOOST_ERROR("this process may not send that");
      } catch (const PermissionError& error) {
        BOOST_TEST((error.code() == std::errc::operation_not_permitted));
        BOOST_TEST((std::string{error.what()}.find("setcap") != std::string::npos), error.what());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(an_ordinary_user_pings_through_ping_sockets) {
  in_namespace([] {
    allow_ping_sockets();
    become_nobody();
    const auto transport = open_transport();
    BOOST_TEST((capabilities(*transport).kind == TransportKind::ping_socket));
    BOOST_TEST(capabilities(*transport).icmp_errors);
    const Batch batch = multi_ping({"127.0.0.1", "::1"}, 1s, 0, {.transport = transport});
    BOOST_TEST(batch.responses.size() == 2U);
    for (const Result& result : batch.responses) BOOST_TEST(unsigned{result.auth_bits} == 80U);
  });
}

BOOST_AUTO_TEST_CASE(root_takes_raw_sockets_and_needs_no_group) {
  in_namespace([] {
    allow_ping_sockets(false);
    const auto transport = open_transport();
    BOOST_TEST((capabilities(*transport).kind == TransportKind::raw));
    const Result result = ping("127.0.0.1", 1s, {.transport = transport});
    BOOST_TEST(result.answered());
    BOOST_TEST(unsigned{result.auth_bits} == 96U);
  });
}

// What was opened while it was allowed goes on working.
BOOST_AUTO_TEST_CASE(an_open_object_survives_the_loss_of_the_right) {
  in_namespace([] {
    allow_ping_sockets();
    MultiPing batch{{"127.0.0.1", "::1"}, options_for(TransportKind::ping_socket)};
    allow_ping_sockets(false);
    batch.send();
    BOOST_TEST(batch.receive(1s).responses.size() == 2U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
