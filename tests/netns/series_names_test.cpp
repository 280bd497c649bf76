// Tests series whose names are looked up again: probes go to the new address, figures go on, and no lookup delays a
// round. Runs in a mount namespace with an /etc/hosts or a name server of the test.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "resolve/name_server.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(series_names_test, *precondition(needs_root))

/// More rounds than a test needs: a minute.
constexpr int plenty = 6000;
constexpr auto interval = 10ms;

void set_hosts(const std::string& hosts) {
  const AsRoot root;
  write_file("/etc/hosts", hosts);
}

/// Runs `body` in a namespace with 127.0.0.0/8, fd01::1 and fd01::2 on loopback. Only names of /etc/hosts exist.
void in_small_world(const std::string& names, const std::function<void()>& body) {
  in_namespace([&] {
    make_resolver_files(names);
    write_file("/etc/nsswitch.conf", "hosts: files\n");
    run("ip addr add fd01::1/128 dev lo && ip addr add fd01::2/128 dev lo");
    allow_ping_sockets();
    body();
  });
}

Address address(std::string_view text) { return Address::parse(text).value(); }

SeriesOptions options_of(std::stop_source& stop, const Options& ping = {}) {
  SeriesOptions options{.count = plenty, .interval = interval, .timeout = 10s, .ping = ping, .resolve_every = 20ms};
  options.ping.ignore_lookup_errors = true;
  options.ping.stop = stop.get_token();
  return options;
}

/// Stops a series when `host` was answered `times` times from address `from`.
struct Until {
  std::stop_source& stop;
  std::string host;
  Address from;
  int times = 3;

  void look(const Result& result) {
    if (result.host == host && result.answered() && result.address == from && --times == 0) stop.request_stop();
  }
};

BOOST_AUTO_TEST_CASE(probes_follow_a_name_and_figures_go_on) {
  struct Move {
    std::string from, to;
  };
  for (const TransportKind kind : both_kinds) {
    in_small_world("", [kind] {
      for (const Move& move : {Move{"127.0.0.2", "127.0.0.3"}, Move{"fd01::1", "fd01::2"}, Move{"127.0.0.2", "fd01::1"},
                               Move{"fd01::1", "127.0.0.2"}}) {
        BOOST_TEST_CONTEXT(move.from << " to " << move.to) {
          set_hosts(move.from + " moving.test\n");
          std::stop_source stop;
          Until moved{stop, "moving.test", address(move.to)};
          std::uint64_t told = 0;
          const auto series = ping_series({"127.0.0.9", "moving.test"}, options_of(stop, options_for(kind)),
                                          [&](const Result& result, int round) {
                                            if (result.host == "moving.test") ++told;
                                            if (round == 3) set_hosts(move.to + " moving.test\n");
                                            moved.look(result);
                                          });
          BOOST_TEST(moved.times <= 0);
          BOOST_CHECK(series[1].address == address(move.to));
          BOOST_TEST(series[1].statistics.sent() == told);
          BOOST_TEST(series[1].statistics.received() == told);
          BOOST_TEST(series[0].statistics.lost() == 0U);
        }
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(rounds_follow_a_name) {
  in_small_world("127.0.0.2 moving.test\n", [] {
    std::stop_source stop;
    Until moved{stop, "moving.test", address("127.0.0.3")};
    PingSeries series{{"127.0.0.9", "moving.test"}, options_of(stop)};
    std::set<std::string> seen;
    for (const Round& round : series) {
      BOOST_REQUIRE_EQUAL(round.results.size(), 2U);
      for (const Result& result : round.results) BOOST_REQUIRE(result.answered());
      seen.insert(round.results[1].responder.to_string());
      BOOST_REQUIRE(round.results[1].responder == round.results[1].address);
      if (round.number == 3) set_hosts("127.0.0.3 moving.test\n");
      moved.look(round.results[1]);
    }
    BOOST_TEST(seen == (std::set<std::string>{"127.0.0.2", "127.0.0.3"}), boost::test_tools::per_element());
    BOOST_CHECK(series.series()[1].address == address("127.0.0.3"));
  });
}

BOOST_AUTO_TEST_CASE(without_resolve_every_a_name_stays_where_it_was) {
  in_small_world("127.0.0.2 moving.test\n", [] {
    std::stop_source stop;
    SeriesOptions options = options_of(stop);
    options.resolve_every = {};
    options.count = 30;
    const auto series = ping_series({"moving.test", "coming.test"}, options, [](const Result&, int round) {
      if (round == 0) set_hosts("127.0.0.3 moving.test\n127.0.0.4 coming.test\n");
    });
    BOOST_CHECK(series[0].address == address("127.0.0.2"));
    BOOST_TEST(series[0].statistics.received() == 30U);
    BOOST_TEST(series[1].statistics.sent() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(what_was_unresolved_is_probed_once_it_has_an_address_and_not_when_it_has_none_any_more) {
  in_small_world("127.0.0.2 going.test\n", [] {
    std::stop_source stop;
    Until came{stop, "coming.test", address("127.0.0.4")};
    bool gone = false;
    const auto series =
        ping_series({"coming.test", "going.test"}, options_of(stop), [&](const Result& result, int round) {
          if (round == 3) set_hosts("127.0.0.4 coming.test\n");
          if (result.host == "going.test" && result.outcome == Outcome::unresolved) {
            gone = true;
            BOOST_TEST(!result.address);
          }
          if (gone) came.look(result);
        });
    BOOST_TEST(gone);
    BOOST_TEST(came.times == 0);
    BOOST_CHECK(series[0].address == address("127.0.0.4"));
    BOOST_CHECK(!series[1].address);
    BOOST_TEST(series[1].statistics.received() >= 3U);
  });
}

BOOST_AUTO_TEST_CASE(names_of_one_address_share_its_probes_as_long_as_they_do) {
  for (const Timeout each : {Timeout{interval}, Timeout{}}) {
    in_small_world("127.0.0.2 one.test\n127.0.0.2 other.test\n", [each] {
      std::stop_source stop;
      SeriesOptions options = options_of(stop);
      options.count = 20;
      options.interval = each;
      const TargetList list{"one.test", "127.0.0.2", "other.test", "one.test"};
      PingSeries together{list, options};
      for (const Round& round : together)
        for (const Result& result : round.results) BOOST_REQUIRE(result.rtt == round.results[0].rtt);
      BOOST_TEST(together.counters().sent == 20U);
      options.count = plenty;
      Until parted{stop, "other.test", address("127.0.0.3")};
      const auto apart = ping_series(list, options, [&](const Result& result, int round) {
        if (round == 3) set_hosts("127.0.0.2 one.test\n127.0.0.3 other.test\n");
        parted.look(result);
      });
      BOOST_TEST(parted.times == 0);
      for (const Series& one : apart) BOOST_TEST(one.statistics.received() > 3U);
      BOOST_CHECK(apart[0].address == address("127.0.0.2"));
      BOOST_CHECK(apart[2].address == address("127.0.0.3"));
    });
  }
}

BOOST_AUTO_TEST_CASE(a_lookup_that_fails_leaves_the_address_as_it_was) {
  in_small_world("127.0.0.2 staying.test\n", [] {
    std::stop_source stop;
    SeriesOptions options = options_of(stop);
    options.count = 60;
    options.ping.resolve.timeout = 50ms;
    const auto series = ping_series("staying.test", options, [](const Result&, int round) {
      if (round != 3) return;
      const AsRoot root;
      write_file("/etc/nsswitch.conf", "hosts: dns\n");  // no name server listens
    });
    BOOST_TEST(series[0].statistics.received() == 60U);
  });
}

// The name server answers only after further rounds have passed. If a lookup delayed a round, it would never answer.
BOOST_AUTO_TEST_CASE(no_lookup_delays_a_round) {
  in_namespace([] {
    make_resolver_files();
    std::atomic<bool> asked_again = false, answers = true;
    const NameServer server{[&](const Question&) -> std::optional<Response> {
      if (!answers) {
        asked_again = true;
        return std::nullopt;
      }
      return Response{.addresses = {address(asked_again ? "127.0.0.3" : "127.0.0.2")}};
    }};
    allow_ping_sockets();
    std::stop_source stop;
    SeriesOptions options = options_of(stop);
    options.ping.resolve.timeout = 20s;
    Until moved{stop, "slow.test", address("127.0.0.3"), 1};
    int rounds_meanwhile = 0;
    const auto series = ping_series({"127.0.0.9", "slow.test"}, options, [&](const Result& result, int round) {
      if (round == 3) answers = false;
      if (asked_again && result.host == "127.0.0.9" && ++rounds_meanwhile == 30) answers = true;
      moved.look(result);
    });
    BOOST_TEST(rounds_meanwhile >= 30);
    BOOST_TEST(moved.times == 0);
    for (const Series& one : series) BOOST_TEST(one.statistics.lost() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(resolve_every_is_not_negative) {
  const auto names_it = [](const std::invalid_argument& error) {
    return std::string{error.what()}.find("SeriesOptions::resolve_every") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(ping_series("127.0.0.1", {.count = 1, .resolve_every = -1s})),
                        std::invalid_argument, names_it);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
