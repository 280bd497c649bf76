// Tests how the way out is asked about: few questions for many targets, and none of them believed too far.
// The network is a table in this file, which counts the questions.
#include "engine/cause_finder.hpp"

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using engine::CauseFinder;
using net::Link;
using net::Neighbour;
using net::RouteEntry;
using net::WayOut;
using State = net::Neighbour::State;

BOOST_AUTO_TEST_SUITE(cause_finder_test)

Address address(const std::string& text) { return *Address::parse(text); }

/// 192.0.2.0/24 is on the link 2; the default route leads to 192.0.2.1, 10.7.0.0/16 to 192.0.2.2; marked probes to
/// 192.0.2.3.
class TableNetwork final : public net::LocalNetwork {
 public:
  bool plain = true;       ///< The destination alone decides.
  std::size_t most = 999;  ///< Questions until there is no more time.
  std::size_t asked = 0;
  std::map<Address, State> states{};

  std::optional<std::vector<RouteEntry>> routes(Family) override {
    ++asked;
    if (!plain) return std::nullopt;
    return std::vector<RouteEntry>{
        {.to = address("0.0.0.0"), .gateway = address("192.0.2.1"), .device = 2},
        {.to = address("0.0.0.0"), .metric = 100, .gateway = address("192.0.2.9"), .device = 2},
        {.to = address("10.7.0.0"), .length = 16, .gateway = address("192.0.2.2"), .device = 2},
        {.to = address("10.8.0.0"), .length = 16, .several = true},
        {.to = address("10.9.0.1"), .gateway = address("192.0.2.4"), .device = 2, .exception = true},
        {.to = address("192.0.2.0"), .length = 24, .device = 2}};
  }
  std::optional<WayOut> way_out(const Address& to, const ProbeOptions& probe) override {
    ++asked;
    const std::string text = to.to_string();
    WayOut way{.source = address("192.0.2.100"), .device = 2};
    if (text.starts_with("192.0.2.")) return way;
    way.several = text.starts_with("10.8.");
    way.gateway = address(probe.mark                  ? "192.0.2.3"
                          : text.starts_with("10.7.") ? "192.0.2.2"
                          : text == "10.9.0.1"        ? "192.0.2.4"
                                                      : "192.0.2.1");
    return way;
  }
  std::optional<Neighbour> neighbour(const Address& of, std::uint32_t device) override {
    ++asked;
    const auto found = states.find(of);
    if (found == states.end()) return std::nullopt;
    return Neighbour{.address = of,
                     .device = device,
                     .state = found->second,
                     .unconfirmed = found->second == State::stale ? Duration{60s} : Duration{1s},
                     .unchanged = 1s};
  }
  std::vector<Neighbour> neighbours(Family, std::uint32_t device) override {
    ++asked;
    std::vector<Neighbour> all;
    for (const auto& [of, state] : states)
      all.push_back({.address = of, .device = device, .state = state, .unconfirmed = 1s, .unchanged = 1s});
    return all;
  }
  std::optional<Link> link(std::uint32_t) override { return ++asked, Link{.up = true, .carrier = true}; }
  std::uint32_t device(const std::string&) override { return 2; }
  bool has_time() override { return asked < most; }
  void call(const Address& next_hop, std::uint32_t, const Address&, const ProbeOptions&) override {
    called.push_back(next_hop);
  }
  std::optional<Instant> answered_call(const Address& next_hop, std::uint32_t) override {
    return answering.contains(next_hop) ? std::optional{called_at} : std::nullopt;
  }
  Instant now() override { return Instant{1h}; }

  std::vector<Address> called{};
  std::set<Address> answering{};
  Instant called_at{};
};

const ProbeOptions usual;

Cause cause(CauseFinder& finder, const std::string& to, const ProbeOptions& probe = usual) {
  return finder.find({.to = address(to), .probe = probe, .asked = 2s}).cause;
}

std::string host(const std::string& prefix, std::size_t number) { return prefix + std::to_string(number); }

BOOST_AUTO_TEST_CASE(targets_with_one_route_share_its_questions) {
  TableNetwork network;
  network.states = {{address("192.0.2.1"), State::incomplete}, {address("192.0.2.2"), State::reachable}};
  CauseFinder finder{network, 100};
  for (std::size_t i = 1; i <= 50; ++i) {
    BOOST_TEST(cause(finder, host("10.1.0.", i)) == Cause::gateway_silent);
    BOOST_TEST(cause(finder, host("10.7.0.", i)) == Cause::remote);
  }
  BOOST_TEST(network.asked == 6U);  // the routes, two ways, one link, two neighbours
}

BOOST_AUTO_TEST_CASE(neighbours_on_one_link_are_listed) {
  TableNetwork network;
  for (std::size_t i = 1; i <= 50; ++i) network.states[address(host("192.0.2.", i))] = State::failed;
  CauseFinder finder{network, 51};
  for (std::size_t i = 1; i <= 50; ++i) BOOST_TEST(cause(finder, host("192.0.2.", i)) == Cause::neighbour_silent);
  BOOST_TEST(cause(finder, "192.0.2.77") == Cause::unknown);
  BOOST_TEST(network.asked == 8U);  // the routes, one way, one link, four neighbours, the list of all
}

BOOST_AUTO_TEST_CASE(a_few_targets_are_asked_for_one_by_one) {
  TableNetwork network;
  network.states = {{address("192.0.2.1"), State::failed}};
  CauseFinder finder{network, 1};
  BOOST_TEST(cause(finder, "10.1.0.1") == Cause::gateway_silent);
  BOOST_TEST(cause(finder, "10.1.0.1") == Cause::gateway_silent);
  BOOST_TEST(network.asked == 3U);
  for (std::size_t i = 2; i <= 50; ++i) BOOST_TEST(cause(finder, host("10.1.0.", i)) == Cause::gateway_silent);
  BOOST_TEST(network.asked <= 8U);  // the list of routes after all
}

BOOST_AUTO_TEST_CASE(where_policy_decides_each_is_asked_for_up_to_a_limit) {
  TableNetwork network;
  network.plain = false;
  network.states = {{address("192.0.2.1"), State::failed}};
  CauseFinder finder{network, 100};
  std::size_t accused = 0;
  for (std::size_t i = 1; i <= 100; ++i)
    accused += cause(finder, host("10.1.0.", i)) == Cause::gateway_silent ? 1U : 0U;
  BOOST_TEST(accused == 64U);
  TableNetwork slow;
  slow.plain = false;
  slow.most = 10;
  slow.states = network.states;
  CauseFinder hurried{slow, 100};
  for (std::size_t i = 1; i <= 100; ++i) static_cast<void>(cause(hurried, host("10.1.0.", i)));
  BOOST_TEST(slow.asked <= 12U);
  BOOST_TEST(cause(hurried, "10.1.0.90") == Cause::unknown);
}

BOOST_AUTO_TEST_CASE(what_the_list_does_not_decide_is_asked_for) {
  TableNetwork network;
  network.states = {{address("192.0.2.1"), State::failed},
                    {address("192.0.2.3"), State::reachable},
                    {address("192.0.2.4"), State::reachable}};
  CauseFinder finder{network, 10};
  BOOST_TEST(cause(finder, "10.8.0.1") == Cause::unknown);
  BOOST_TEST(cause(finder, "10.9.0.1") == Cause::remote);
  BOOST_TEST(cause(finder, "10.9.0.2") == Cause::gateway_silent);
  // The kernel does not agree with the list: it is believed.
  BOOST_TEST(cause(finder, "10.1.0.1", {.mark = 7}) == Cause::remote);
}

BOOST_AUTO_TEST_CASE(another_target_that_answered_clears_its_gateway) {
  TableNetwork network;
  network.states = {{address("192.0.2.1"), State::stale}, {address("192.0.2.2"), State::stale}};
  for (const std::size_t expected : {1U, 10U}) {
    CauseFinder finder{network, expected};
    finder.set_answers({{.from = address("10.1.0.9"), .probe = &usual, .at = network.now() - 1s},
                        {.from = address("10.7.0.9"), .probe = &usual, .at = network.now() - 3s},
                        {.from = address("192.0.2.50"), .probe = &usual, .at = network.now()}});
    BOOST_TEST(cause(finder, "10.1.0.1") == Cause::remote);
    BOOST_TEST(cause(finder, "10.7.0.1") == Cause::unknown);
    BOOST_TEST(cause(finder, "192.0.2.51") == Cause::unknown);
  }
}

BOOST_AUTO_TEST_CASE(a_gateway_in_doubt_is_called_and_its_answer_clears_it) {
  TableNetwork network;
  network.states = {{address("192.0.2.1"), State::stale}, {address("192.0.2.2"), State::reachable}};
  CauseFinder finder{network, 10};
  const auto look = [&](const std::string& to) {
    finder.look_ahead({.to = address(to), .probe = usual, .asked = 500ms});
  };
  look("10.1.0.1"), look("10.7.0.1"), look("192.0.2.60");
  BOOST_TEST(network.called == (std::vector{address("192.0.2.1"), address("192.0.2.2")}),
             boost::test_tools::per_element());
  const engine::FoundCause doubt = finder.find({.to = address("10.1.0.1"), .probe = usual, .asked = 500ms});
  BOOST_TEST((doubt == engine::FoundCause{Cause::unknown, address("192.0.2.1")}));
  network.answering = {address("192.0.2.1")};
  network.called_at = network.now() - 100ms;
  BOOST_TEST(finder.find({.to = address("10.1.0.1"), .probe = usual, .asked = 500ms}).cause == Cause::remote);
  BOOST_TEST(finder.find({.to = address("10.1.0.1"), .probe = usual, .asked = 50ms}).cause == Cause::unknown);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_was_seen_alive_or_silent_is_not_called) {
  TableNetwork network;
  network.states = {{address("192.0.2.1"), State::failed}, {address("192.0.2.2"), State::reachable}};
  CauseFinder finder{network, 10};
  for (const char* const to : {"10.1.0.1", "10.7.0.1"})
    finder.look_ahead({.to = address(to), .probe = usual, .asked = 2s});
  BOOST_TEST(network.called.empty());
}

BOOST_AUTO_TEST_CASE(the_longest_prefix_and_the_least_metric_decide) {
  const engine::KernelRoutes table{{{.to = address("0.0.0.0"), .metric = 5, .device = 1},
                                    {.to = address("0.0.0.0"), .metric = 4, .device = 2},
                                    {.to = address("10.0.0.0"), .length = 9, .device = 3},
                                    {.to = address("10.0.0.0"), .length = 8, .device = 4},
                                    {.to = address("10.1.1.1"), .length = 32, .device = 5},
                                    {.to = address("10.2.0.0"), .length = 16, .metric = 1, .device = 6},
                                    {.to = address("10.2.0.0"), .length = 16, .metric = 1, .device = 7}}};
  const auto route = [&](const char* to, std::uint32_t device = 0) {
    const auto found = table.find(address(to), device);
    return found ? table[*found].device : 0;
  };
  BOOST_TEST(route("192.0.2.1") == 2U);
  BOOST_TEST(route("192.0.2.1", 1) == 1U);
  BOOST_TEST(route("10.127.0.1") == 3U);
  BOOST_TEST(route("10.128.0.1") == 4U);
  BOOST_TEST(route("10.1.1.1") == 5U);
  BOOST_TEST(route("10.1.1.2") == 3U);
  BOOST_TEST(route("10.2.0.1") == 0U);
  BOOST_TEST(route("10.2.0.1", 7) == 7U);
  const engine::KernelRoutes v6{{{.to = address("fe80::"), .length = 64, .device = 3},
                                 {.to = address("fe80::"), .length = 64, .device = 4},
                                 {.to = address("fd00::"), .length = 33, .device = 5}}};
  BOOST_TEST((v6.find(address("fd00:0:7fff::1")) == std::size_t{2}));
  BOOST_TEST(!v6.find(address("fd00:0:8000::1")).has_value());
  BOOST_TEST(!v6.find(address("fe80::1")).has_value());
  BOOST_TEST((v6.find(address("fe80::1"), 4) == std::size_t{1}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
