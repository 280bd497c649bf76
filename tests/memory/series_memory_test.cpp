// Tests series while each allocation fails in turn.
// After a round that throws, the next round still reports the fates that were known.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "memory/network.hpp"
#include "memory/trial.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {

BOOST_AUTO_TEST_SUITE(series_memory_test, *boost::unit_test::precondition(needs_tun))

namespace {

using namespace std::chrono_literals;

std::vector<std::string> hosts() { return {"127.0.0.1", "::1", "127.0.0.1", "10.20.0.1", "224.0.0.1"}; }

SeriesOptions options_of(TransportKind kind, Timeout interval) {
  SeriesOptions options{.count = 3, .interval = interval, .timeout = 20s};
  options.ping.transport = open_transport({.kinds = {kind}});
  return options;
}

void check_all_kinds(const std::function<void(const SeriesOptions& options)>& check) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket})
    for (const Timeout interval : {Timeout{0s}, Timeout{2ms}})
      in_namespace(
          [&] {
            allow_ping_sockets();
            const TunProcess network{labelling_network()};
            check(options_of(kind, interval));
          },
          300s);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_series_that_threw_leaves_nothing) {
  check_all_kinds([](const SeriesOptions& options) {
    const auto failed = fail_each_allocation("ping_series()", [&](Trial& trial) {
      std::vector<Series> figures;
      int told = 0;
      const bool done =
          trial.call([&] { figures = ping_series(hosts(), options, [&](const Result&, int) { ++told; }); });
      if (done && (figures.size() != 5 || told != 15 || figures[3].statistics.received() != 3))
        BOOST_ERROR("allocation " << trial.number() << ": " << told << " fates");
    });
    BOOST_TEST(failed > 20U);
  });
}

BOOST_AUTO_TEST_CASE(a_range_of_rounds_goes_on_after_one_that_threw) {
  check_all_kinds([](const SeriesOptions& options) {
    const auto failed = fail_each_allocation("rounds of PingSeries", [&](Trial& trial) {
      PingSeries series{hosts(), options};
      std::optional<PingSeries::iterator> at;
      if (!trial.call([&] { at = series.begin(); })) at = series.begin();
      int rounds = 0;
      for (; *at != series.end(); ++*at, ++rounds) {
        const Round& round = **at;
        if (round.number != rounds || round.results.size() != 5 || !round.results[3].answered())
          BOOST_ERROR("allocation " << trial.number() << ": round " << round.number << " is not whole");
      }
      const auto figures = series.series();
      if (rounds != 3 || figures[0].statistics.received() != 3 || figures[4].statistics.not_sent() != 3)
        BOOST_ERROR("allocation " << trial.number() << ": " << rounds << " rounds, " << figures[0].statistics);
    });
    BOOST_TEST(failed > 10U);
    fail_each_allocation("a later round of PingSeries", [&](Trial& trial) {
      PingSeries series{hosts(), options};
      auto at = series.begin();
      if (!trial.call([&] { ++at; })) ++at;
      int rounds = 1;
      for (; at != series.end(); ++at) ++rounds;
      if (rounds != 3 || series.series()[3].statistics.received() != 3)
        BOOST_ERROR("allocation " << trial.number() << ": " << rounds << " rounds");
    });
  });
}

BOOST_AUTO_TEST_CASE(a_loop_of_the_programs_own_goes_on_after_one_that_threw) {
  check_all_kinds([](const SeriesOptions& options) {
    fail_each_allocation("poll() and native_handle() of PingSeries", [&](Trial& trial) {
      PingSeries series{hosts(), options};
      int rounds = 0, answered = 0;
      const auto take = [&] {
        if (series.native_handle() < 0) BOOST_ERROR("native_handle()");
        const auto round = series.poll(1h);
        if (!round) return;
        ++rounds;
        if (round->results.at(3).answered()) ++answered;
      };
      trial.call(take);
      while (!series.done()) take();
      if (rounds != 3 || answered != 3 || series.series()[3].statistics.received() != 3)
        BOOST_ERROR("allocation " << trial.number() << ": " << rounds << " rounds, " << answered << " answered");
    });
  });
}

BOOST_AUTO_TEST_CASE(a_range_that_cannot_be_made_leaves_nothing) {
  check_all_kinds([](const SeriesOptions& options) {
    fail_each_allocation("PingSeries()", [&](Trial& trial) {
      std::optional<PingSeries> series;
      trial.call([&] { series.emplace(hosts(), options); });
    });
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace multiping::test
