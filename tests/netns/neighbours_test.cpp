// Tests sweeps of nearly empty networks: live hosts are found after hundreds of neighbours that do not exist, and these
// are reported as unreachable. All namespaces share the kernel's neighbour table.
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(neighbours_test, *precondition(needs_root))

constexpr std::size_t usual_send_buffer = 212'992;  // in bytes as the kernel counts: twice the size asked for

/// The first `count` addresses of a prefix; the last three of them exist.
std::vector<Address> with_living_end(const std::string& prefix, std::size_t count) {
  std::vector<Address> all = expand(prefix);
  BOOST_REQUIRE(all.size() >= count);
  all.resize(count);
  for (std::size_t i = count - 3; i < count; ++i)
    run("nsenter --net=/run/netns/peer ip addr add " + all[i].to_string() +
        (all[i].family() == Family::ipv4 ? "/16" : "/64 nodad") + " dev vb");
  wait_for_addresses("peer");
  return all;
}

/// IPv4 and IPv6 addresses in one list; the last three of each family exist.
TargetList sweep(std::size_t v4, std::size_t v6) {
  std::vector<Address> all = with_living_end("10.1.4.0/22", v4);
  if (v6 != 0) std::ranges::copy(with_living_end("fd01::4:0/118", v6), std::back_inserter(all));
  return all;
}

void check_found(const Batch& batch, std::size_t living) {
  BOOST_TEST(batch.responses.size() == living);
  for (const Result& result : batch.no_responses)
    if (result.outcome != Outcome::no_reply && result.outcome != Outcome::unreachable) BOOST_ERROR(result);
}

/// Checks the errors of this host itself, which sends as many as its rate limit allows.
void check_unreachable(const Batch& batch) {
  BOOST_TEST(count(batch.no_responses, Outcome::unreachable) > 0U);
  for (const Result& result : batch.no_responses) {
    if (result.outcome != Outcome::unreachable) continue;
    BOOST_REQUIRE(result.icmp != nullptr);
    const bool v4 = result.address.family() == Family::ipv4;
    BOOST_TEST(unsigned{result.icmp->type} == (v4 ? 3U : 1U));
    BOOST_TEST(unsigned{result.icmp->code} == (v4 ? 1U : 3U));
    BOOST_TEST(result.responder.to_string() == (v4 ? "10.1.0.1" : "fd01::1"));
  }
}

// More dead neighbours than the default send buffer of a raw socket holds. Root may have a larger buffer.
BOOST_AUTO_TEST_CASE(the_living_do_not_wait_for_the_dead, *label("own_sockets")) {
  in_namespace([] {
    make_peer();
    const TargetList targets = sweep(600, 600);
    const Batch batch = multi_ping(targets, 2s, 0, options_for(TransportKind::raw));
    check_found(batch, 6);
  });
}

BOOST_AUTO_TEST_CASE(a_sweep_finds_who_is_there_and_calls_nobody_failed) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    const TargetList targets = sweep(1022, 1023);
    become_nobody();
    const Batch batch = multi_ping(targets, 5s, 0, options_for(TransportKind::ping_socket));
    check_found(batch, 6);
    check_unreachable(batch);
  });
}

// As on a host where net.core.wmem_max allows no larger buffer.
BOOST_AUTO_TEST_CASE(a_buffer_that_cannot_grow_is_waited_for) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    const TargetList targets = sweep(300, 0);
    become_nobody();
    const TransportKind kind = kind_here(TransportKind::ping_socket);
    const Options options{.transport = open_transport({.kinds = {kind}, .send_buffer = usual_send_buffer / 2})};
    const Stopwatch watch;
    const Batch in_short = multi_ping(targets, 500ms, 0, options);
    BOOST_TEST((watch.elapsed() < 3s));
    BOOST_TEST(count(in_short.no_responses, Outcome::send_failed) == 0U);
    BOOST_TEST(count(in_short.no_responses, Outcome::pending) > 0U);  // not sent
    MultiPing batch{targets, options};
    batch.send();
    check_found(batch.receive(500ms), 3);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
