// Tests which routes count as one path: equal routers at each hop, silence, ends, and the figures of each router.
// Routes are data here; no probe is sent.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/traceroute.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(network_paths_test)

Address router(char name) { return Address::v4({10, 1, 0, static_cast<std::uint8_t>(name)}); }
const Address& target() {
  static const Address address = Address::v4({10, 0, 0, 1});
  return address;
}

/// A letter is a router, 'T' the target, '.' silence, '-' a probe that was not sent, '!' an unreachable error of router
/// 'x'.
Result probe(char what, Duration rtt) {
  Result result{.host = "host", .address = target(), .outcome = Outcome::no_reply, .attempt = 1};
  if (what == '-') result = {.host = "host", .address = target()};
  if (what == '.' || what == '-') return result;
  result.outcome = what == 'T' ? Outcome::reply : what == '!' ? Outcome::unreachable : Outcome::ttl_expired;
  result.responder = what == 'T' ? target() : router(what == '!' ? 'x' : what);
  result.rtt = rtt;
  return result;
}

/// A route with one word for each hop, and one character for each probe.
Route route(int flow, const std::vector<std::string>& hops, int first_ttl = 1) {
  Route made{.host = "host", .address = target(), .hops = {}, .flow = flow};
  for (const std::string& word : hops) {
    Hop& hop = made.hops.emplace_back(Hop{.ttl = first_ttl + static_cast<int>(made.hops.size())});
    for (const char what : word) hop.probes.push_back(probe(what, 1ms * hop.ttl));
    hop.names.resize(hop.probes.size());
  }
  made.reached = !hops.empty() && hops.back().find('T') != std::string::npos;
  return made;
}

std::string responders(const Path& path) {
  std::string text;
  for (const PathHop& hop : path.hops)
    text += hop.responder == target() ? 'T' : hop.responder ? static_cast<char>(hop.responder.bytes()[3]) : '.';
  return text;
}

BOOST_AUTO_TEST_CASE(flows_that_agree_at_every_hop_are_one_path_in_the_order_of_the_routes) {
  const auto paths = distinct_paths(std::vector{route(0, {"a", "b", "d", "T"}), route(1, {"a", "c", "d", "T"}),
                                                route(2, {"a", "b", "d", "T"}), route(3, {"a", "b", "e", "T"})});
  BOOST_REQUIRE_EQUAL(paths.size(), 3U);
  BOOST_TEST(responders(paths[0]) == "abdT");
  BOOST_TEST(responders(paths[1]) == "acdT");
  BOOST_TEST(responders(paths[2]) == "abeT");
  BOOST_TEST(paths[0].flows == (std::vector{0, 2}), boost::test_tools::per_element());
  BOOST_TEST(paths[1].flows == std::vector{1}, boost::test_tools::per_element());
  for (const Path& path : paths) {
    BOOST_TEST(path.reached);
    BOOST_TEST(path.host == "host");
    BOOST_TEST(path.address == target());
  }
}

BOOST_AUTO_TEST_CASE(a_silent_hop_agrees_with_any) {
  const auto paths = distinct_paths(std::vector{route(0, {"aa", "..", "TT"}), route(1, {"..", "bb", "TT"}),
                                                route(2, {"aa", "c.", "TT"}), route(3, {"..", "..", "TT"})});
  BOOST_REQUIRE_EQUAL(paths.size(), 2U);
  BOOST_TEST(responders(paths[0]) == "abT");
  BOOST_TEST(paths[0].flows == (std::vector{0, 1, 3}), boost::test_tools::per_element());
  BOOST_TEST(responders(paths[1]) == "acT");
}

BOOST_AUTO_TEST_CASE(every_answer_counts_for_its_router_and_silence_as_no_answer) {
  const auto paths = distinct_paths(std::vector{route(0, {"aa-", "...", "!.!"}), route(1, {"a..", "...", "!!!"})});
  BOOST_REQUIRE_EQUAL(paths.size(), 1U);
  const auto& hops = paths[0].hops;
  BOOST_REQUIRE_EQUAL(hops.size(), 3U);
  BOOST_TEST(hops[0].statistics.sent() == 5U);
  BOOST_TEST(hops[0].statistics.received() == 3U);
  BOOST_TEST(hops[1].statistics.sent() == 6U);
  BOOST_TEST(hops[1].statistics.received() == 0U);
  BOOST_TEST(!hops[1].responder);
  BOOST_TEST(hops[2].statistics.received() == 5U);
  BOOST_TEST((hops[2].statistics.max() == 3ms));
  BOOST_TEST(hops[2].ttl == 3);
  BOOST_TEST(!paths[0].reached);
}

BOOST_AUTO_TEST_CASE(several_routers_of_one_hop_each_have_their_own_figures) {
  const auto paths = distinct_paths(std::vector{route(0, {"ab.", "T"}), route(1, {"bbc", "T"})});
  BOOST_REQUIRE_EQUAL(paths.size(), 1U);
  BOOST_TEST(responders(paths[0]) == "abcT");
  const auto& hops = paths[0].hops;
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(hops[i].ttl == 1);
  BOOST_TEST(hops[0].statistics.sent() == 2U);  // the silent probe counts for this router
  BOOST_TEST(hops[0].statistics.received() == 1U);
  BOOST_TEST(hops[1].statistics.received() == 3U);
  BOOST_TEST(hops[2].statistics.received() == 1U);
}

// An unreachable error that another probe of the same hop contradicts does not end a route.
BOOST_AUTO_TEST_CASE(a_stray_unreachable_error_is_no_end) {
  const auto paths = distinct_paths(std::vector{route(0, {"a", "!b."}), route(1, {"a", "b..", "T"})});
  BOOST_REQUIRE_EQUAL(paths.size(), 1U);
  BOOST_TEST(paths[0].reached);
}

BOOST_AUTO_TEST_CASE(paths_of_different_length_are_different) {
  const auto longer = distinct_paths(std::vector{route(0, {"a", "T"}), route(1, {"a", "b", "T"})});
  BOOST_TEST(longer.size() == 2U);
  const auto refused = distinct_paths(std::vector{route(0, {"a", "!"}), route(1, {"a", ".", "c", "T"})});
  BOOST_TEST(refused.size() == 2U);
}

// A branch that leads nowhere is a path of its own, and its silence does not count as loss on the other paths.
BOOST_AUTO_TEST_CASE(a_flow_that_gets_no_further_is_a_path_of_its_own) {
  const Route dead = route(1, {"a", ".", ".", "."}), also_dead = route(3, {"a", ".", ".", "."});
  const auto paths = distinct_paths(std::vector{route(0, {"a", "b", "T"}), dead, route(2, {"a", ".", "T"}), also_dead});
  BOOST_REQUIRE_EQUAL(paths.size(), 2U);
  BOOST_TEST(responders(paths[0]) == "abT");
  BOOST_TEST(paths[0].reached);
  BOOST_TEST((paths[0].flows == std::vector{0, 2}));
  BOOST_TEST(!paths[1].reached);
  BOOST_TEST((paths[1].flows == std::vector{1, 3}));
  BOOST_TEST(distinct_paths(std::vector{dead, route(2, {"a", "b", "T"}), also_dead}).size() == 2U);
  BOOST_TEST(distinct_paths(std::vector{dead, route(2, {"a", "!"})}).size() == 2U);
  // Two routes that were given up may be one path, because their ends are not known.
  BOOST_TEST(distinct_paths(std::vector{dead, route(2, {"a", "b", "."})}).size() == 1U);
}

BOOST_AUTO_TEST_CASE(targets_are_apart_and_the_unresolved_have_no_path) {
  Route unresolved{.host = "nosuch.example"};
  unresolved.error = std::make_error_code(std::errc::host_unreachable);
  const auto paths = distinct_paths(std::vector{route(0, {"a", "T"}), unresolved, route(0, {"a", "T"}),
                                                route(1, {"a", "T"}), route(0, {"b", "T"}, 7)});
  BOOST_REQUIRE_EQUAL(paths.size(), 3U);
  BOOST_TEST(paths[0].flows.size() == 1U);
  BOOST_TEST(paths[1].flows.size() == 2U);
  BOOST_TEST(paths[2].hops.at(0).ttl == 7);
  BOOST_TEST(distinct_paths({}).empty());
}

BOOST_AUTO_TEST_CASE(routes_without_hops_are_a_path_without_hops) {
  const auto paths = distinct_paths(std::vector{route(0, {}), route(1, {"a", "T"}), route(2, {})});
  BOOST_REQUIRE_EQUAL(paths.size(), 2U);
  BOOST_TEST(paths[0].hops.empty());
  BOOST_TEST(paths[0].flows.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
