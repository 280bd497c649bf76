// Tests diagnose() with silent hosts behind a Linux router.
// Runs as root and as an ordinary user.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "multiping/traceroute.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(diagnose_netns, *precondition(needs_root))

const std::string in_router = "nsenter --net=/run/netns/router ";

void check_diagnosis(const Options& options) {
  const Batch batch = multi_ping({"10.2.0.2", "10.3.3.1", "fd02::2", "fd03:3::1", "10.66.1.1"}, 1s, 0, options);
  BOOST_TEST(batch.responses.size() == 2U);
  BOOST_REQUIRE(batch.no_responses.size() == 3U);
  TraceOptions trace;
  trace.ping = options;
  trace.max_ttl = 6;
  trace.probes_per_hop = 1;
  const auto routes = diagnose(batch.no_responses, 3s, trace);
  BOOST_REQUIRE(routes.size() == 3U);
  const char* const last[] = {"10.1.0.2", "fd01::2"};
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(routes[i].host == batch.no_responses[i].host);
    BOOST_REQUIRE(routes[i].hops.size() == 1U);
    BOOST_TEST(routes[i].hops[0].probes[0].responder.to_string() == last[i]);
    BOOST_TEST(routes[i].hops[0].probes[0].outcome == Outcome::ttl_expired);
    BOOST_TEST(!routes[i].reached);
  }
  BOOST_TEST(routes[2].hops.empty());
  BOOST_TEST(routes[2].error == error_of(EHOSTUNREACH));
}

BOOST_AUTO_TEST_CASE(the_router_before_a_black_hole_is_named, *precondition(needs_to_work("nft add table inet t"))) {
  for (const bool as_root : {true, false}) {
    in_namespace([as_root] {
      allow_ping_sockets();
      make_router();
      // The firewall drops packets that the router forwards. A probe whose TTL ends at the router is still answered.
      run(in_router + "nft add table inet t");
      run(in_router + "nft 'add chain inet t pass { type filter hook forward priority 0; }'");
      run(in_router + "nft add rule inet t pass ip daddr 10.3.3.0/24 drop");
      run(in_router + "nft add rule inet t pass ip6 daddr fd03:3::/32 drop");
      run(in_router + "ip route add 10.3.3.0/24 via 10.2.0.2 && " + in_router +
          "ip -6 route add fd03:3::/32 via fd02::2");
      run("ip route add unreachable 10.66.1.0/24");
      if (!as_root) become_nobody();
      check_diagnosis({});
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
