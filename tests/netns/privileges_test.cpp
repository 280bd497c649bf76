// Tests privileges that are given up after objects are made: the sockets that were opened still work.
// Each case is a process of its own, which begins as root and becomes an ordinary user.
#include <boost/test/unit_test.hpp>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "os/permissions.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(privileges_test, *precondition(needs_root) * label("own_sockets"))

constexpr auto long_enough = 20s;
const std::vector<std::string> both_families = {"127.0.0.1", "::1"};

/// For each kind that needs a right: calls `make` as root, and then calls its result as a user without rights.
template <class Make>
void as_root_then_nobody(Make make) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind, &make] {
      BOOST_TEST_CONTEXT(to_string(kind)) {
        allow_ping_sockets();
        auto then = make(kind);
        allow_ping_sockets(false);
        become_nobody();
        std::error_code refused;
        BOOST_TEST(!open_transport({.kinds = {kind}}, refused), "this process may open nothing any more");
        then();
      }
    });
  }
}

bool is_answered(Prober& prober, const std::string& host) {
  static_cast<void>(prober.submit(*Address::parse(host), {}, long_enough));
  const auto done = prober.poll(long_enough);
  return done.size() == 1 && done[0].result.answered();
}

/// Raw sockets come first in both lists. A process without CAP_NET_RAW has none, and needs none.
BOOST_AUTO_TEST_CASE(an_ordinary_user_pings_by_ping_sockets) {
  in_namespace([] {
    allow_ping_sockets();
    const std::vector<TransportKind> listed = {TransportKind::raw, TransportKind::ping_socket};
    const auto takes = [&listed](TransportKind kind) {
      BOOST_TEST((capabilities(*open_transport()).kind == kind));
      BOOST_TEST((capabilities(*open_transport({.kinds = listed})).kind == kind));
      for (const std::string& host : both_families) BOOST_TEST(ping(host, long_enough).answered());
    };
    BOOST_TEST(os::may_have_net_raw());
    takes(TransportKind::raw);
    become_nobody();
    BOOST_TEST(!os::may_have_net_raw());
    takes(TransportKind::ping_socket);
  });
}

BOOST_AUTO_TEST_CASE(a_prober_that_has_sent_nothing_serves_on) {
  as_root_then_nobody([](TransportKind kind) {
    return [prober = std::make_shared<Prober>(options_for(kind))] {
      for (const std::string& host : both_families) BOOST_TEST(is_answered(*prober, host), host);
    };
  });
}

BOOST_AUTO_TEST_CASE(a_prober_with_a_transport_of_its_own_serves_on) {
  as_root_then_nobody([](TransportKind) {
    return [prober = std::make_shared<Prober>()] {
      for (const std::string& host : both_families) BOOST_TEST(is_answered(*prober, host), host);
    };
  });
}

/// No socket can be opened and bound to the device any more.
BOOST_AUTO_TEST_CASE(a_prober_sends_through_devices_all_the_same) {
  as_root_then_nobody([](TransportKind kind) {
    make_peer();
    return [prober = std::make_shared<Prober>(options_for(kind))] {
      const auto outcome_of = [&](const char* host, const ProbeOptions& probe, Timeout timeout) {
        static_cast<void>(
            prober->submit(*Address::parse(host), {.probe = probe, .timeout = timeout, .fail_fast = true}));
        const auto done = prober->poll(long_enough);
        BOOST_REQUIRE(done.size() == 1U);
        return done[0].result.outcome;
      };
      for (const char* peer : {"10.1.0.2", "fd01::2"}) {
        BOOST_TEST(outcome_of(peer, {.device = "va"}, long_enough) == Outcome::reply, peer);
        const Outcome elsewhere = outcome_of(peer, {.device = "lo"}, 200ms);
        BOOST_TEST((elsewhere == Outcome::no_reply || elsewhere == Outcome::send_failed), peer << ": " << elsewhere);
        BOOST_TEST(outcome_of(peer, {.device = "nosuch0"}, long_enough) == Outcome::send_failed, peer);
        BOOST_TEST(outcome_of(peer, {}, long_enough) == Outcome::reply, peer);
      }
      BOOST_TEST(outcome_of("10.1.0.2", {.source_v4 = *Address::parse("10.1.0.1"), .device = "va"}, long_enough) ==
                 Outcome::reply);
    };
  });
}

BOOST_AUTO_TEST_CASE(a_batch_serves_on) {
  as_root_then_nobody([](TransportKind kind) {
    return [batch = std::make_shared<MultiPing>(TargetList{both_families}, options_for(kind))] {
      for (int round = 0; round < 3; ++round) {
        batch->send();
        BOOST_TEST(batch->receive(long_enough).responses.size() == 2U);
        batch->reset();
      }
    };
  });
}

BOOST_AUTO_TEST_CASE(a_series_serves_on) {
  as_root_then_nobody([](TransportKind kind) {
    return [series = std::make_shared<PingSeries>(
                TargetList{both_families},
                SeriesOptions{.count = 2, .interval = 10ms, .timeout = long_enough, .ping = options_for(kind)})] {
      int rounds = 0;
      for (const Round& round : *series) rounds += round.results[0].answered() && round.results[1].answered() ? 1 : 0;
      BOOST_TEST(rounds == 2);
    };
  });
}

BOOST_AUTO_TEST_CASE(a_transport_serves_one_object_after_another) {
  as_root_then_nobody([](TransportKind kind) {
    return [options = options_for(kind), before = capabilities(*options_for(kind).transport)] {
      for (int times = 0; times < 3; ++times) {
        for (const std::string& host : both_families) BOOST_TEST(ping(host, long_enough, options).answered(), host);
        BOOST_TEST(multi_ping(both_families, long_enough, 0, options).responses.size() == 2U);
        Prober prober{options};
        for (const std::string& host : both_families) BOOST_TEST(is_answered(prober, host), host);
      }
      const Capabilities can = capabilities(*options.transport);
      BOOST_TEST((can.icmp == before.icmp && can.ipv4 == before.ipv4 && can.ipv6 == before.ipv6));
      BOOST_TEST(can.mark == before.mark);
    };
  });
}

BOOST_AUTO_TEST_CASE(threads_give_way_where_sockets_are_few) {
  as_root_then_nobody([](TransportKind kind) {
    return [options = options_for(kind)]() mutable {
      options.threads = 2;
      std::vector<std::string> targets;
      for (const Address& host : loopback_hosts(200)) targets.push_back(host.to_string());
      for (int times = 0; times < 2; ++times)
        BOOST_TEST(multi_ping(targets, long_enough, 0, options).responses.size() == 200U);
    };
  });
}

/// A socket has no changed options and no unread packets of the object that used it before.
BOOST_AUTO_TEST_CASE(the_next_object_finds_a_socket_as_new) {
  as_root_then_nobody([](TransportKind kind) {
    return [options = options_for(kind)]() mutable {
      for (int times = 0; times < 3; ++times) {
        {
          options.probe.payload_size = 1400;  // is sent without DF
          MultiPing batch{both_families, options};
          for (int i = 0; i < 5; ++i) {  // leaves answers unread
            batch.send();
            batch.reset();
          }
          batch.send();
        }
        options.probe.payload_size = 0;
        MultiPing batch{both_families, options};
        batch.send();
        BOOST_TEST(batch.receive(long_enough).responses.size() == 2U);
        const Counters counters = batch.counters();
        BOOST_TEST(counters.late + counters.unauthenticated + counters.receive_drops == 0U);
      }
    };
  });
}

BOOST_AUTO_TEST_CASE(a_forked_child_takes_none_of_its_parents_sockets) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const Options options = options_for(kind);
      BOOST_TEST(ping("127.0.0.1", long_enough, options).answered());
      std::vector<std::string> targets;
      for (const Address& host : loopback_hosts(500)) targets.push_back(host.to_string());
      const auto all_answer = [&] {
        for (int times = 0; times < 20; ++times)
          BOOST_TEST(multi_ping(targets, long_enough, 0, options).responses.size() == 500U);
      };
      Child child{all_answer};
      all_answer();
      BOOST_TEST(child.join());
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
