// Tests permissions: the error that a process without any right gets, and what an ordinary user can do.
// Probes without privilege give the same results.
#include <linux/capability.h>
#include <sys/prctl.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(permission_test, *precondition(needs_root))

bool contains(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

/// The text of the PermissionError that a process without any right gets with these kinds of transport.
std::string complaint(std::vector<TransportKind> kinds = {}) {
  try {
    const MultiPing batch{{"127.0.0.1"}, {.transport = open_transport({.kinds = std::move(kinds)})}};
  } catch (const PermissionError& error) {
    BOOST_TEST((error.code() == std::errc::operation_not_permitted));
    return error.what();
  }
  BOOST_FAIL("this process may not ping");
  return {};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Runs `before` as root, and then `body` as nobody, in a namespace whose sysctl allows no ping sockets.
void in_forbidding_namespace(const std::function<void()>& before, const std::function<void()>& body) {
  in_namespace([&] {
    allow_ping_sockets(false);
    before();
    become_nobody();
    body();
  });
}

BOOST_AUTO_TEST_CASE(without_any_right_every_remedy_stands_on_a_line_of_its_own) {
  in_forbidding_namespace(
      [] {},
      [] {
        const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
        const std::vector<std::string> wanted = {
            "this process may not ping: any one of these lets it:",
            "  for this program: sudo setcap cap_net_raw+ep '" + program + "'",
            "  for a systemd service: AmbientCapabilities=CAP_NET_RAW in its unit",
            "  for group 65534: sudo sysctl -w net.ipv4.ping_group_range='65534 65534'",
            "  for chosen users: a broker, multipingd, listening at /run/multiping/multiping.sock"};
        for (const auto& kinds : {std::vector<TransportKind>{}, {TransportKind::raw, TransportKind::ping_socket}}) {
          const std::vector<std::string> lines = lines_of(complaint(kinds));
          BOOST_REQUIRE_EQUAL(lines.size(), wanted.size() + 1);
          BOOST_TEST(std::vector(lines.begin(), lines.end() - 1) == wanted, boost::test_tools::per_element{});
          BOOST_TEST(lines.back().starts_with("cannot "), lines.back());
          BOOST_TEST(lines.back().ends_with(": Operation not permitted"), lines.back());
        }
      });
}

BOOST_AUTO_TEST_CASE(a_transport_of_one_kind_names_its_own_remedies) {
  in_forbidding_namespace(
      [] {},
      [] {
        const std::string raw = complaint({TransportKind::raw}), ping = complaint({TransportKind::ping_socket});
        BOOST_TEST((contains(raw, "setcap") && !contains(raw, "ping_group_range") && !contains(raw, "broker")), raw);
        BOOST_TEST((!contains(ping, "setcap") && contains(ping, "ping_group_range") && contains(ping, "broker")), ping);
        for (const std::string& text : {raw, ping}) BOOST_TEST(text.starts_with("this process may not ping: "), text);
        std::error_code error;
        BOOST_TEST(open_transport({.kinds = {TransportKind::raw, TransportKind::ping_socket}}, error) == nullptr);
        BOOST_TEST(error == error_of(EPERM));
      });
}

// As in a container without CAP_NET_RAW: there a program with that file capability does not start.
BOOST_AUTO_TEST_CASE(where_nothing_can_have_the_capability_the_remedy_is_the_containers) {
  const auto empty_bounding_set = [] { BOOST_TEST(::prctl(PR_CAPBSET_DROP, CAP_NET_RAW) == 0); };
  in_forbidding_namespace(empty_bounding_set, [] {
    const std::string text = complaint();
    for (const char* words : {"for user 0 of a container: CAP_NET_RAW, by docker run --cap-add=NET_RAW",
                              "securityContext", "AmbientCapabilities=CAP_NET_RAW",
                              "CapabilityBoundingSet=", "docker run --sysctl net.ipv4.ping_group_range='65534 65534'"})
      BOOST_TEST(contains(text, words), text);
    BOOST_TEST(!contains(text, "setcap"), text);
  });
}

BOOST_AUTO_TEST_CASE(where_file_capabilities_do_not_count_setcap_is_no_remedy) {
  const auto no_new_privileges = [] { BOOST_TEST(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0); };
  in_forbidding_namespace(no_new_privileges, [] {
    const std::string text = complaint();
    BOOST_TEST(!contains(text, "setcap"), text);
    BOOST_TEST(contains(text, "AmbientCapabilities=CAP_NET_RAW"), text);
  });
}

// UDP and TCP need no permission, so a transport can always be opened; Capabilities::icmp tells whether it may ping.
BOOST_AUTO_TEST_CASE(capabilities_tell_whether_this_process_may_ping) {
  in_namespace([] {
    allow_ping_sockets(false);
    BOOST_TEST(capabilities(*open_transport()).icmp);
    BOOST_TEST(!capabilities(*open_transport({.kinds = {TransportKind::sockets}})).icmp);
    Child allowed{[] {
      allow_ping_sockets();
      become_nobody();
      BOOST_TEST(capabilities(*open_transport()).icmp);
    }};
    BOOST_TEST(allowed.join());
    allow_ping_sockets(false);
    become_nobody();
    BOOST_TEST(!capabilities(*open_transport()).icmp);
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
        BOOST_TEST(contains(error.what(), "setcap"), error.what());
        BOOST_TEST(std::string_view{error.what()}.starts_with("this process may not "), error.what());
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

// Sockets that were opened while it was allowed still work.
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
