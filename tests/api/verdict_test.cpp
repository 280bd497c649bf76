// Checks the verdict on a host that was asked in several ways, and that rate limits are told from losses.
// Series are simulated, with seeds: a token bucket answers, or chance does.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "multiping/health.hpp"

BOOST_AUTO_TEST_SUITE(verdict_test)

using namespace multiping;
using namespace std::chrono_literals;

namespace {

/// "icmp:reply tcp:refused": the verdict on a host with such results. "!" after an outcome: the gateway is silent.
Verdict verdict_on(const std::string& text) {
  std::vector<Result> results;
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find(' ', at), text.size() - 1) + 1) {
    std::string word = text.substr(at, text.find(' ', at) - at);
    Result result{.host = "h", .cause = word.ends_with('!') ? Cause::gateway_silent : Cause::none};
    if (word.ends_with('!')) word.pop_back();
    const std::string protocol = word.substr(0, word.find(':')), outcome = word.substr(word.find(':') + 1);
    for (const Protocol each : {Protocol::icmp, Protocol::udp, Protocol::tcp, Protocol::sctp})
      if (to_string(each) == protocol) result.protocol = each;
    for (int each = 0; each <= static_cast<int>(Outcome::send_failed); ++each)
      if (to_string(static_cast<Outcome>(each)) == outcome) result.outcome = static_cast<Outcome>(each);
    results.push_back(result);
  }
  return verdict(results);
}

/// How a series is sent.
struct Sending {
  double interval = 0.1;  ///< In seconds.
  double jitter = 0;      ///< Of the interval.
  double timeout = 0;     ///< In seconds: when a probe is given up.
  Outcome answer = Outcome::reply;
};

Result result_at(double sent, bool answered, const Sending& how) {
  constexpr Duration rtt = 12ms;
  const auto seconds = [](double value) { return Duration{std::llround(value * 1e9)}; };
  Result result{.host = "h", .outcome = answered ? how.answer : Outcome::no_reply};
  if (answered) result.rtt = rtt;
  result.at = std::chrono::sys_time<Duration>{1000s + seconds(sent) + (answered ? rtt : seconds(how.timeout))};
  return result;
}

class Random {
 public:
  explicit Random(unsigned seed) : random_{seed} {}
  double share() { return static_cast<double>(random_() % 1'000'000) / 1e6; }

 private:
  std::mt19937 random_;
};

/// What a router answers that has a token each `every`, and room for `burst` of them; times are whole microseconds.
std::vector<Result> limited(std::chrono::microseconds every, int burst, int probes, const Sending& how,
                            Random random = Random{1}, double loss = 0) {
  std::vector<Result> series;
  auto credit = every * burst, last = 0us;
  for (int i = 0; i < probes; ++i) {
    const double sent = how.interval * (i + how.jitter * random.share());
    const std::chrono::microseconds now{std::llround(sent * 1e6)};
    credit = std::min(every * burst, credit + (now - last));
    last = now;
    const bool answered = credit >= every;
    if (answered) credit -= every;
    series.push_back(result_at(sent, answered && random.share() >= loss, how));
  }
  return series;
}

std::vector<Result> random_loss(double loss, int probes, const Sending& how, Random& random) {
  std::vector<Result> series;
  for (int i = 0; i < probes; ++i)
    series.push_back(result_at(how.interval * (i + how.jitter * random.share()), random.share() >= loss, how));
  return series;
}

void check_found(const std::vector<Result>& series, double per_second, double burst, const std::string& what) {
  const auto found = rate_limit(series);
  BOOST_REQUIRE_MESSAGE(found, what << ": nothing found");
  BOOST_TEST(std::abs(found->per_second / per_second - 1) < 0.2, what << ": " << found->per_second << " per second");
  BOOST_TEST(std::abs(found->burst - burst) <= 1, what << ": a burst of " << found->burst);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_table_of_verdicts) {
  BOOST_TEST(verdict_on("") == Verdict::unknown);
  BOOST_TEST(verdict_on("icmp:reply") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:no-reply") == Verdict::silent);
  BOOST_TEST(verdict_on("tcp:reply") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:reply tcp:reply") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:no-reply tcp:reply") == Verdict::icmp_filtered);
  BOOST_TEST(verdict_on("icmp:no-reply icmp:reply udp:reply") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:unreachable sctp:reply tcp:no-reply") == Verdict::icmp_filtered);
  BOOST_TEST(verdict_on("tcp:refused") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:reply tcp:refused udp:refused") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:no-reply tcp:refused") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:no-reply tcp:refused udp:no-reply") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:reply udp:no-reply") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:reply tcp:no-reply") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:reply sctp:no-reply udp:no-reply") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:no-reply tcp:no-reply udp:no-reply") == Verdict::silent);
  BOOST_TEST(verdict_on("icmp:pending tcp:unresolved") == Verdict::unknown);
}

BOOST_AUTO_TEST_CASE(what_this_host_lost_counts_for_nothing) {
  BOOST_TEST(verdict_on("icmp:no-reply!") == Verdict::unknown);
  BOOST_TEST(verdict_on("icmp:no-reply! tcp:reply") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:reply tcp:no-reply!") == Verdict::up);
  BOOST_TEST(verdict_on("icmp:no-reply! tcp:refused") == Verdict::service_down);
  BOOST_TEST(verdict_on("icmp:no-reply tcp:send-failed") == Verdict::silent);
  BOOST_TEST(verdict_on("icmp:send-failed") == Verdict::unknown);
}

BOOST_AUTO_TEST_CASE(a_host_that_limits_its_answers_is_limited) {
  auto results = limited(1s, 6, 30, {});
  BOOST_TEST(verdict(results) == Verdict::limited);
  results.push_back({.outcome = Outcome::no_reply, .protocol = Protocol::udp});
  BOOST_TEST(verdict(results) == Verdict::limited);
  results.push_back({.outcome = Outcome::no_reply, .protocol = Protocol::tcp});
  BOOST_TEST(verdict(results) == Verdict::service_down);
  results.push_back({.outcome = Outcome::reply, .protocol = Protocol::tcp});
  BOOST_TEST(verdict(results) == Verdict::up);
}

BOOST_AUTO_TEST_CASE(limits_of_known_routers_are_found_after_30_probes) {
  for (const double interval : {0.1, 0.2, 0.25, 0.5}) check_found(limited(1s, 6, 30, {interval}), 1, 6, "Linux");
  for (const double interval : {0.1, 0.125, 0.2, 0.25, 0.3, 0.4})
    check_found(limited(500ms, 1, 30, {interval}), 2, 1, "Cisco each " + std::to_string(interval) + " s");
  for (const double interval : {0.0125, 0.02, 0.025, 0.05})
    check_found(limited(100ms, 10, 30, {interval}), 10, 10, "RFC 4443");
  for (const double interval : {0.0025, 0.004, 0.005, 0.01})
    check_found(limited(20ms, 10, 30, {interval}), 50, 10, "Juniper");
  for (const double interval : {0.001, 0.002}) check_found(limited(5ms, 1, 30, {interval}), 200, 1, "BSD");
  check_found(limited(1s, 6, 30, {.answer = Outcome::ttl_expired}), 1, 6, "a hop");
  check_found(limited(1s, 6, 30, {.answer = Outcome::unreachable}), 1, 6, "a router that refuses");
}

BOOST_AUTO_TEST_CASE(times_of_giving_up_do_no_harm) {
  for (const double timeout : {0.05, 0.3, 1.0, 3.0}) {
    check_found(limited(1s, 6, 30, {.timeout = timeout}), 1, 6, "given up after " + std::to_string(timeout) + " s");
    check_found(limited(500ms, 1, 30, {.timeout = timeout}), 2, 1, "given up after " + std::to_string(timeout) + " s");
  }
}

BOOST_AUTO_TEST_CASE(jitter_and_some_loss_do_little_harm) {
  int found = 0, right = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto limit = rate_limit(limited(1s, 6, 30, {.interval = 0.13, .jitter = 0.05}, Random{seed}, 0.01));
    found += limit ? 1 : 0;
    right += limit && std::abs(limit->per_second - 1) < 0.2 ? 1 : 0;
  }
  BOOST_TEST_MESSAGE("with 1 % loss: found " << found << " of 200, within 20 %: " << right);
  BOOST_TEST(found >= 180);
  BOOST_TEST(right >= found - 4);
}

BOOST_AUTO_TEST_CASE(random_loss_is_no_limit) {
  Random random{7};
  int series = 0, wrong = 0;
  for (const double loss : {0.02, 0.1, 0.3, 0.5, 0.7, 0.9})
    for (const int probes : {10, 30, 100})
      for (int i = 0; i < (probes == 100 ? 30 : 250); ++i, ++series) {
        const Sending how{.jitter = i % 2 == 0 ? 0 : 0.1, .timeout = i % 3 == 0 ? 1.0 : 0};
        wrong += rate_limit(random_loss(loss, probes, how, random)) ? 1 : 0;
      }
  BOOST_TEST_MESSAGE("random loss: " << wrong << " of " << series << " called a limit");
  BOOST_TEST(wrong <= 3);  // 1 in 1,000 of 3,180
}

BOOST_AUTO_TEST_CASE(nothing_is_found_where_there_is_nothing) {
  Random random{1};
  BOOST_TEST(!rate_limit({}));
  BOOST_TEST(!rate_limit(random_loss(0, 30, {}, random)));
  BOOST_TEST(!rate_limit(random_loss(1, 30, {}, random)));
  BOOST_TEST(!rate_limit(limited(1s, 6, 30, {1.0})));  // sent no faster than the limit
  std::vector<Result> died = random_loss(0, 10, {}, random);
  for (int i = 10; i < 30; ++i) died.push_back(result_at(0.1 * i, false, {}));
  BOOST_TEST(!rate_limit(died));
  std::vector<Result> at_no_time(30);
  for (std::size_t i = 0; i < 30; ++i) at_no_time[i].outcome = i % 3 == 0 ? Outcome::reply : Outcome::no_reply;
  BOOST_TEST(!rate_limit(at_no_time));
}

BOOST_AUTO_TEST_SUITE_END()
