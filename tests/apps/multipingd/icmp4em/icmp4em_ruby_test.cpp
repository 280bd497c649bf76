// Tests the icmp4em server with a client in Ruby that behaves as the original and uses the same event loop.
// The tests are skipped, with a message, where ruby or its library eventmachine is missing.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "apps/multipingd/icmp4em/icmp4em_peers.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;
using Outcomes = std::map<std::string, std::string>;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_ruby, *precondition(needs_to_work("ruby -e 'require %q(eventmachine)'")))

/// Runs the client and returns the outcome that it prints for each target.
Outcomes run_client(const RunningServer& server, const std::string& timeout_and_retries, const std::string& targets) {
  const std::string command = "ruby " MULTIPING_SOURCE_DIR "/tests/apps/multipingd/icmp4em/icmp4em_client.rb " +
                              server.at().to_string() + " " + std::to_string(server.port()) + " " +
                              timeout_and_retries + " " + targets;
  FILE* output = ::popen(command.c_str(), "re");
  BOOST_REQUIRE(output != nullptr);
  std::string text;
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), output) != nullptr) text += buffer.data();
  BOOST_TEST(::pclose(output) == 0);
  Outcomes outcomes;
  std::istringstream words{text};
  for (std::string target, outcome; words >> target >> outcome;) outcomes[target] = outcome;
  return outcomes;
}

BOOST_AUTO_TEST_CASE(hosts_of_both_families_answer) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    RunningServer server{address("127.0.0.1")};
    // The original proxy never answered for its own host.
    const Outcomes expected = {
        {"127.0.0.1", "answered"}, {"::1", "answered"}, {"10.1.0.2", "answered"}, {"fd01::2", "answered"}};
    BOOST_TEST((run_client(server, "2 3", "127.0.0.1 ::1 10.1.0.2 fd01::2") == expected));
  });
}

BOOST_AUTO_TEST_CASE(a_silent_host_times_out_after_its_retries) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    run("nsenter --net=/run/netns/peer sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
    RunningServer server{address("127.0.0.1")};
    const Outcomes expected = {{"10.1.0.2", "timeout"}, {"127.0.0.1", "answered"}};
    BOOST_TEST((run_client(server, "0.3 2", "10.1.0.2 127.0.0.1") == expected));
    BOOST_TEST(server.figures().requests >= 4U);
    BOOST_TEST(server.figures().disowned == 0U);
  });
}

BOOST_AUTO_TEST_CASE(errors_do_it_no_harm) {
  in_namespace([] {
    allow_ping_sockets();
    run("ip route add unreachable 10.9.0.0/16");
    RunningServer server{address("127.0.0.1")};
    const Outcomes expected = {{"10.9.0.1", "timeout"}, {"127.0.0.1", "answered"}};
    BOOST_TEST((run_client(server, "0.3 1", "10.9.0.1 127.0.0.1") == expected));
    BOOST_TEST(server.figures().send_failed == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_thousand_targets_at_once) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    std::string targets;
    for (int i = 0; i < 1000; ++i) targets += "127.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + " ";
    const Outcomes outcomes = run_client(server, "2 3", targets);
    BOOST_TEST(outcomes.size() == 1000U);
    for (const auto& [target, outcome] : outcomes) BOOST_TEST(outcome == "answered", target);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
