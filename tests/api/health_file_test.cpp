// Checks that a HealthTracker that was saved and loaded goes on as if nothing had happened, and that damaged text is
// told. The rounds are random, with a seed.
#include <boost/test/unit_test.hpp>
#include <locale>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "multiping/health.hpp"

BOOST_AUTO_TEST_SUITE(health_file_test)

using namespace multiping;

namespace {

std::string saved(const HealthTracker& tracker) {
  std::ostringstream out;
  tracker.save(out);
  return out.str();
}

HealthTracker loaded(const std::string& text) {
  std::istringstream in{text};
  return HealthTracker::load(in);
}

std::string told(const std::vector<Transition>& transitions) {
  std::ostringstream text;
  for (const Transition& each : transitions) text << each << " (" << each.members.size() << ")\n";
  return text.str();
}

/// Outages of hosts and racks, losses, and losses on this host, all at random.
class RandomRounds {
 public:
  explicit RandomRounds(unsigned seed) : random_{seed} {}

  std::vector<Result> next(int hosts) {
    std::vector<Result> round;
    if (chance(0.1)) rack_ = static_cast<int>(random_() % 8);
    for (int host = 0; host < hosts; ++host) {
      const bool dead = host / 5 == rack_ || chance(0.2);
      Result result{.host = "h" + std::to_string(host), .outcome = dead ? Outcome::no_reply : Outcome::reply};
      if (dead && chance(0.1)) result.cause = Cause::gateway_silent;
      if (!chance(0.02)) round.push_back(result);
    }
    return round;
  }

 private:
  bool chance(double share) { return std::uniform_real_distribution{}(random_) < share; }

  std::mt19937 random_;
  int rack_ = -1;
};

HealthTracker racks(const HealthOptions& options = {}) {
  HealthTracker tracker{options};
  for (int i = 0; i < 30; ++i) tracker.add("h" + std::to_string(i), {"room/rack" + std::to_string(i / 5)});
  tracker.set_quorum("room/rack3", {.count = 2, .share = 0.3});
  tracker.set_quorum("empty", {.share = 1.0 / 3});
  return tracker;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tracker_that_was_saved_goes_on) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    HealthTracker one = racks({.rise = 1 + static_cast<int>(seed % 3), .flap_window = 10, .max_loss = 0.1});
    HealthTracker other = one;
    RandomRounds rounds{seed};
    for (int i = 0; i < 60; ++i) {
      const auto round = rounds.next(31);
      BOOST_REQUIRE_EQUAL(told(one.observe(round)), told(other.observe(round)));
      const std::string text = saved(other);
      BOOST_REQUIRE_EQUAL(saved(one), text);
      other = loaded(text);
      BOOST_REQUIRE_EQUAL(saved(other), text);
      for (const std::string& host : one.hosts()) BOOST_REQUIRE_EQUAL(one.lossy(host), other.lossy(host));
    }
    BOOST_TEST(one.groups() == other.groups(), boost::test_tools::per_element());
    BOOST_TEST(other.size("room") == 30U);
  }
}

BOOST_AUTO_TEST_CASE(options_and_quorums_come_back) {
  const HealthOptions options{.rise = 5, .fall = 7, .flap_high = 1.0 / 3, .flap_low = 0.1, .max_loss = 1e-9};
  HealthTracker tracker = racks(options);
  const HealthTracker again = loaded(saved(tracker));
  BOOST_TEST(saved(again) == saved(tracker));
  BOOST_TEST(saved(again) != saved(racks()));
}

BOOST_AUTO_TEST_CASE(a_held_fall_is_told_after_loading) {
  HealthTracker tracker = racks();
  const auto round = [](int dead) {
    std::vector<Result> results;
    for (int i = 0; i < 30; ++i)
      results.push_back({.host = "h" + std::to_string(i), .outcome = i < dead ? Outcome::no_reply : Outcome::reply});
    return results;
  };
  for (const int dead : {0, 0, 2, 5}) tracker.observe(round(dead));
  BOOST_TEST(tracker.observe(round(5)).empty());
  tracker = loaded(saved(tracker));
  const auto event = tracker.observe(round(5));
  BOOST_REQUIRE(event.size() == 1U);
  BOOST_TEST(event[0].name == "room/rack0");
  BOOST_TEST(event[0].members.size() == 5U);
}

BOOST_AUTO_TEST_CASE(names_may_have_any_bytes) {
  const std::vector<std::string> names = {"with spaces",
                                          "line\nbreak",
                                          "\"quotes\"",
                                          "back\\slash",
                                          "",
                                          "\xff\x80",
                                          "m\xc3\xbcnchen",
                                          std::string{"zero\0byte", 9},
                                          "\\x41"};
  HealthTracker tracker;
  for (const std::string& name : names) tracker.add(name, {"rack " + name, "a\xfe/b c\n"});
  const std::string text = saved(tracker);
  for (const char c : text) BOOST_TEST((c == '\n' || (c >= ' ' && c <= '~')));
  const HealthTracker again = loaded(text);
  BOOST_TEST(again.hosts() == names, boost::test_tools::per_element());
  BOOST_TEST(again.groups() == tracker.groups(), boost::test_tools::per_element());
  BOOST_TEST(again.size("a\xfe/b c\n") == names.size());
}

BOOST_AUTO_TEST_CASE(the_text_is_the_same_in_every_locale) {
  struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  HealthTracker tracker = racks({.loss_window = 12345});
  const std::string text = saved(tracker);
  std::stringstream stream;
  stream.imbue(std::locale{std::locale::classic(), new Commas});
  tracker.save(stream);
  BOOST_TEST(stream.str() == text);
  BOOST_TEST(saved(HealthTracker::load(stream)) == text);
}

BOOST_AUTO_TEST_CASE(groups_of_a_file_are_replaced_once) {
  HealthTracker tracker = racks();
  tracker = loaded(saved(tracker));
  tracker.add("h0", {"room/rack5"});
  BOOST_TEST(tracker.size("room/rack0") == 4U);
  BOOST_TEST(tracker.size("room/rack5") == 6U);
  tracker.add("h0", {"power"});
  BOOST_TEST(tracker.size("room/rack5") == 6U);
  BOOST_TEST(tracker.size("power") == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_is_damaged) {
  HealthTracker tracker = racks();
  RandomRounds rounds{1};
  for (int i = 0; i < 5; ++i) tracker.observe(rounds.next(30));
  const std::string text = saved(tracker);
  for (std::size_t length = 0; length < text.size(); length += 7)
    BOOST_CHECK_THROW(loaded(text.substr(0, length)), std::runtime_error);
  BOOST_CHECK_THROW(loaded(text.substr(0, text.size() - 1)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(damage_is_told_with_its_line) {
  const std::string head = "multiping-health 1\noptions 2 3 20 0.5 0.25 100 0 0.95 0.8 0.05 9\n";
  const std::string host = "host \"h\" up steady good 3 1 8 0 0 0 0 0 0 0 0 0 0 0 0 000 000\n";
  BOOST_TEST(loaded(head + host + "end\n").host("h") == State::up);
  const std::vector<std::pair<std::string, std::string>> damaged = {
      {"", "line 1: the text ends too early"},
      {"multiping-health 2\n", "line 1: this version is not known: \"multiping-health 2\""},
      {"#!/bin/sh\n", "line 1: this is no state of health"},
      {"multiping-health 1\n" + host, "line 2: the options are missing"},
      {"multiping-health 1\noptions 0 3 20 0.5 0.25 100 0 0.95 0.8 0.05 9\n", "line 2: HealthOptions::rise is 0"},
      {"multiping-health 1\noptions 2 3 20 0,5 0.25 100 0 0.95 0.8 0.05 9\n", "line 2: 0,5 is no number"},
      {"multiping-health 1\noptions 2 3 20 nan 0.25 100 0 0.95 0.8 0.05 9\n", "line 2: nan is no number"},
      {head + host + host, "line 4: this host is there twice"},
      {head + "host h up\n", "line 3: a name in double quotes is missing"},
      {head + "host \"h\\x4\" up\n", "line 3: \\x is not followed by two digits"},
      {head + "host \"h up\n", "line 3: a name has no end"},
      {head + "host \"h\" sideways\n", "line 3: sideways is no state"},
      {head + "host \"h\" up steady good 3 1 2 0 0 0 0 0 0 0 0 0 0 0 0 000 000\n", "line 3: a run of rounds"},
      {head + "host \"h\" up steady good 3 1 8 0 0 0 0 0 0 0 0 0 0 0 0 0200 000\n", "line 3: a row has something else"},
      {head + "host \"h\" up steady good 3 1 8 0 0 0 0 0 0 0 0 0 0 0 0 " + std::string(21, '0') + " 0\n",
       "line 3: a row of 0 and 1 is longer"},
      {head + "member 0 \"a\"\n", "line 3: there is no host of this number"},
      {head + host + "member 0 \"a//b\"\n", "line 4: this is no name of a group"},
      {head + host + "move 0 up down 3 held \"\"\n", "line 4: this move is not of the last round"},
      {head + host + "move 0 up up 8 held \"\"\n", "line 4: a host is what it was"},
      {head + "quorum \"a\" 1 1.5\n", "line 3: 1.5 is no number"},
      {head + "rest\n", "line 3: rest is no kind of line"},
      {head + host + "end of it\n", "line 4: there is more"},
      {head + host + "end\n\n", "line 5: there is more after the end"},
      {head + host + "end\n" + host, "line 5: there is more after the end"},
      {head + host + "end\n" + head + host + "end\n", "line 5: there is more after the end"}};
  for (const auto& each : damaged)
    BOOST_CHECK_EXCEPTION(loaded(each.first), std::runtime_error, [&](const auto& error) {
      const bool right = std::string{error.what()}.starts_with("state of health, " + each.second);
      if (!right) BOOST_TEST_MESSAGE(error.what());
      return right;
    });
}

BOOST_AUTO_TEST_SUITE_END()
