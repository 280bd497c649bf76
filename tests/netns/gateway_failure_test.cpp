// Tests what a program that checks hosts all the time sees when its gateway fails and comes back, and when a host
// beyond a sound gateway does. The kernel takes the gateway for reachable at first.
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(gateway_failure_netns, *precondition(needs_root))

const std::string in_router = "nsenter --net=/run/netns/router ", in_far = "nsenter --net=/run/netns/far ";

/// The kernel notices the death of a gateway some seconds after it was heard, instead of a minute.
void make_network() {
  allow_ping_sockets();
  make_router();
  for (const std::string family : {"ipv4", "ipv6"})
    run("sysctl -q -w net." + family + ".neigh.va.base_reachable_time_ms=6000 net." + family +
        ".neigh.va.delay_first_probe_time=1 net." + family + ".neigh.va.retrans_time_ms=300");
}

/// The router keeps its link, and answers nothing.
void fail_gateway() {
  run(in_router + "sysctl -q -w net.ipv4.ip_forward=0 && " + in_router + "ip addr flush dev ra && " + in_router +
      "sysctl -q -w net.ipv6.conf.ra.disable_ipv6=1");
}

void bring_gateway_back() {
  run(in_router + "sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.ra.disable_ipv6=0 && " + in_router +
      "ip addr add 10.1.0.2/24 dev ra && " + in_router + "ip addr add fd01::2/64 dev ra nodad");
}

void fail_far_host() { run(in_far + "ip link set vb down"); }

const std::vector<std::string> far_hosts{"10.2.0.2", "fd02::2"};

std::size_t count_to(const std::vector<Transition>& changes, State state) {
  return static_cast<std::size_t>(std::ranges::count(changes, state, &Transition::to));
}

std::string lines(const std::vector<Transition>& changes) {
  std::ostringstream text;
  for (const Transition& change : changes) text << change << '\n';
  return text.str();
}

struct Way {
  TransportKind kind;
  ProbeOptions probe{};
};

TargetList targets_of(const Way& way) {
  std::vector<Target> list;
  for (const std::string& host : far_hosts) list.emplace_back(host, way.probe);
  return TargetList{std::move(list)};
}

/// Rounds 0.8 s apart. `at_round(number)` is called after each of them.
template <class AtRound>
std::vector<Transition> watch(HealthTracker& tracker, const Way& way, int rounds, AtRound at_round) {
  SeriesOptions options{.count = rounds, .interval = 800ms, .timeout = 500ms};
  options.ping.transport = open_transport({.kinds = {way.kind}});
  PingSeries series{targets_of(way), options};
  std::vector<Transition> changes;
  for (const Round& round : series) {
    for (Transition& change : tracker.observe(round.results)) changes.push_back(std::move(change));
    at_round(round.number);
  }
  return changes;
}

/// The gateway is dead for 15 rounds, 12 s: while the kernel takes it for reachable, while it asks, and after that.
void check_gateway(const Way& way) {
  make_network();
  HealthTracker tracker;
  const auto changes = watch(tracker, way, 24, [](int round) {
    if (round == 2) fail_gateway();
    if (round == 17) bring_gateway_back();
  });
  BOOST_TEST(count_to(changes, State::down) == 0U, lines(changes));
  BOOST_TEST(count_to(changes, State::unknown) == far_hosts.size(), lines(changes));
  for (const std::string& host : far_hosts) BOOST_TEST(tracker.host(host) == State::up, lines(changes));
}

void check_host(const Way& way) {
  make_network();
  HealthTracker tracker;
  const auto changes = watch(tracker, way, 7, [](int round) {
    if (round == 2) fail_far_host();
  });
  BOOST_TEST(count_to(changes, State::down) == far_hosts.size(), lines(changes));
  for (const Transition& change : changes)
    if (change.to == State::down) BOOST_TEST(change.round <= 6U, change);
}

/// Each batch lasts as long as its timeout, since nobody answers.
void check_batches() {
  make_network();
  fail_gateway();
  for (int i = 0; i < 6; ++i)
    for (const Result& result : multi_ping(far_hosts, 500ms, i % 2).no_responses) {
      const bool told = result.cause == Cause::gateway_silent || result.cause == Cause::unknown;
      BOOST_TEST(told, result << ": " << result.cause);
      BOOST_TEST(result.cause_address.to_string() ==
                 (result.address.family() == Family::ipv4 ? "10.1.0.2" : "fd01::2"));
    }
}

void check_all(void (*check)(const Way&)) {
  const std::array ways{Way{TransportKind::raw}, Way{TransportKind::ping_socket},
                        Way{TransportKind::sockets, {.protocol = Protocol::udp}},
                        Way{TransportKind::sockets, {.protocol = Protocol::tcp, .port = 9}}};
  std::vector<std::unique_ptr<Child>> children;
  for (const Way& way : ways)
    children.push_back(std::make_unique<Child>([check, &way] { in_namespace([check, &way] { check(way); }); }));
  for (const auto& child : children) BOOST_TEST(child->join());
}

BOOST_AUTO_TEST_CASE(a_gateway_that_fails_makes_no_host_down) { check_all(check_gateway); }

BOOST_AUTO_TEST_CASE(a_dead_host_behind_a_sound_gateway_becomes_down) { check_all(check_host); }

BOOST_AUTO_TEST_CASE(batches_do_not_clear_a_gateway_that_has_just_failed) { in_namespace(check_batches); }

/// Each run of the command opens its sockets anew, and the kernel's entry is old in each.
BOOST_AUTO_TEST_CASE(an_old_entry_tells_a_dead_gateway_from_a_dead_host) {
  for (const bool sound : {true, false})
    in_namespace([sound] {
      make_network();
      sound ? fail_far_host() : fail_gateway();
      HealthTracker tracker;
      for (int i = 0; i < 4; ++i) {
        run("ip neigh change 10.1.0.2 dev va nud stale");
        std::stringstream file;
        tracker.save(file);
        tracker = HealthTracker::load(file);
        tracker.observe(multi_ping("10.2.0.2", 600ms, 1).no_responses);
      }
      BOOST_TEST(tracker.host("10.2.0.2") == (sound ? State::down : State::unknown));
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
