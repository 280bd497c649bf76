// Compares multiping, mtr-packet and traceroute on one network: they must see the same responders and labels.
// The network is a TUN device with routers that append MPLS label stacks.
#include <boost/test/unit_test.hpp>
#include <regex>
#include <sstream>

#include "netns/batch.hpp"
#include "netns/hop_views.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(peers_test, *precondition(needs_tun) *
                                      precondition(needs_to_work("command -v mtr-packet && command -v traceroute")))

const char* const target = "10.70.0.9";
constexpr int hops = 4;  // the last one is the target

Scenario labelled_path() {
  const auto labels = [](std::vector<MplsLabel> stack) { return IcmpExtensionData{.objects = {mpls_object(stack)}}; };
  HostRule host{.block = target};
  host.path = {
      {.address = *Address::parse("10.70.1.1")},
      {.address = *Address::parse("10.70.1.2"), .extension = labels({{16001, 0, true, 1}})},
      {.address = *Address::parse("10.70.1.3"), .extension = labels({{24, 3, false, 1}, {1048575, 7, true, 254}})}};
  Scenario scenario{.name = "labelled path"};
  scenario.hosts = {host};
  return scenario;
}

View seen_by_multiping(TransportKind kind) {
  std::vector<Target> targets;
  for (int ttl = 1; ttl <= hops; ++ttl) targets.emplace_back(target, ProbeOptions{.ttl = ttl});
  MultiPing batch{targets, options_for(kind)};
  batch.send();
  static_cast<void>(batch.receive(10s));
  View view;
  for (const Result& result : batch.results()) {
    view.emplace(static_cast<int>(view.size()) + 1, words_of(result));
  }
  return view;
}

/// Reads lines such as "2 ttl-expired ip-4 10.70.1.2 round-trip-time 1834 mpls 16001,0,1,1".
View seen_by_mtr_packet() {
  std::string requests;
  for (int ttl = 1; ttl <= hops; ++ttl)
    requests += std::to_string(ttl) + " send-probe ip-4 " + target + " ttl " + std::to_string(ttl) + " timeout 10\\n";
  std::istringstream lines{output_of("printf '" + requests + "' | mtr-packet")};
  const std::regex format{R"((\d+) (?:ttl-expired|reply) ip-4 (\S+) round-trip-time \d+(?: mpls (\S+))?)"};
  View view;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, format)) continue;
    std::string& words = view[std::stoi(match[1])] = match[2];
    std::istringstream numbers{match[3]};
    MplsLabel label;
    char comma = 0;
    unsigned tc = 0, bottom = 0, ttl = 0;
    while (numbers >> label.label >> comma >> tc >> comma >> bottom >> comma >> ttl) {
      words += " " + std::to_string(label.label) + "/" + std::to_string(tc) + "/" + std::to_string(bottom) + "/" +
               std::to_string(ttl);
      numbers >> comma;
    }
  }
  return view;
}

BOOST_AUTO_TEST_CASE(mtr_packet_and_traceroute_see_the_same) {
  in_namespace([] {
    allow_ping_sockets();
    const TunDevice device{labelled_path()};
    const View ours = seen_by_multiping(TransportKind::raw);
    BOOST_TEST(ours.at(1) == "10.70.1.1");
    BOOST_TEST(ours.at(2) == "10.70.1.2 16001/0/1/1");
    BOOST_TEST(ours.at(3) == "10.70.1.3 24/3/0/1 1048575/7/1/254");
    BOOST_TEST(ours.at(4) == target);
    check_same("ping sockets", seen_by_multiping(TransportKind::ping_socket), ours);
    check_same("mtr-packet", seen_by_mtr_packet(), ours);
    check_same("traceroute", seen_by_traceroute("-I -w 10 -m " + std::to_string(hops) + " " + target), ours);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
