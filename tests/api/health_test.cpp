// Checks the rules by which a HealthTracker calls hosts and groups up, down, unknown or flapping.
// Each round is a line of letters, one for each host: g answers, b is silent, l is lost on this host, - is not asked.
#include <boost/test/unit_test.hpp>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "multiping/health.hpp"

BOOST_AUTO_TEST_SUITE(health_test)

using namespace multiping;

namespace {

using Transitions = std::vector<Transition>;

Result result_of(const std::string& host, char letter) {
  Result result{.host = host};
  switch (letter) {
    case 'g':
      result.outcome = Outcome::reply;
      break;
    case 'r':
      result.outcome = Outcome::refused;
      break;
    case 'l':
      result.outcome = Outcome::no_reply;
      result.cause = Cause::gateway_silent;
      break;
    case 'u':
      result.outcome = Outcome::unresolved;
      break;
    case 'p':
      result.outcome = Outcome::pending;
      break;
    default:
      result.outcome = Outcome::no_reply;
      result.cause = Cause::remote;
  }
  return result;
}

/// One round of the hosts h0, h1 and so on.
Transitions observe(HealthTracker& tracker, const std::string& letters) {
  std::vector<Result> round;
  for (std::size_t i = 0; i < letters.size(); ++i)
    if (letters[i] != '-') round.push_back(result_of("h" + std::to_string(i), letters[i]));
  return tracker.observe(round);
}

/// The states of h0 after each of its rounds: u(nknown), U(p), D(own), F(lapping).
std::string states(HealthTracker& tracker, const std::string& rounds) {
  std::string text;
  for (const char letter : rounds) {
    observe(tracker, std::string(1, letter));
    text += "uUDF"[static_cast<std::size_t>(tracker.host("h0"))];
  }
  return text;
}
std::string states(const std::string& rounds, const HealthOptions& options = {}) {
  HealthTracker tracker{options};
  return states(tracker, rounds);
}

/// "h0 up>down @4" for each transition; members in brackets.
std::string told(const Transitions& transitions) {
  std::ostringstream text;
  for (const Transition& each : transitions) {
    if (text.tellp() > 0) text << "; ";
    text << each.name << (each.group ? "[" : "");
    for (const std::string& member : each.members) text << (member == each.members.front() ? "" : " ") << member;
    text << (each.group ? "] " : " ") << each.from << '>' << each.to << " @" << each.round;
  }
  return text.str();
}

std::string all_of(std::size_t count, char letter) { return std::string(count, letter); }

/// Hosts h0 to h(count-1), all up, `in_rack` of them in each of "room/rack0", "room/rack1" and so on.
HealthTracker room(std::size_t count, std::size_t in_rack, const HealthOptions& options = {}) {
  HealthTracker tracker{options};
  for (std::size_t i = 0; i < count; ++i)
    tracker.add("h" + std::to_string(i), {"room/rack" + std::to_string(i / in_rack)});
  for (int i = 0; i < 3; ++i) observe(tracker, all_of(count, 'g'));
  BOOST_TEST(tracker.up("room") == count);
  return tracker;
}

/// A round of `count` hosts that answer, but for those from `first` to before `end`.
std::string but(std::size_t count, std::size_t first, std::size_t end, char letter = 'b') {
  std::string letters = all_of(count, 'g');
  for (std::size_t i = first; i < end; ++i) letters[i] = letter;
  return letters;
}

}  // namespace

BOOST_AUTO_TEST_CASE(runs_make_a_host_up_and_down) {
  BOOST_TEST(states("g") == "u");
  BOOST_TEST(states("ggbbbgg") == "uUUUDDU");
  BOOST_TEST(states("bbb") == "uuD");
  BOOST_TEST(states("ggbbgbbgbbb") == "uUUUUUUUUUD");  // a good round ends a run of bad ones
  BOOST_TEST(states("rrbbb") == "uUUUD");              // a refusal is an answer
  BOOST_TEST(states("gbg", {.rise = 1, .fall = 1}) == "UDU");
}

BOOST_AUTO_TEST_CASE(what_was_lost_here_makes_unknown_and_breaks_no_run) {
  BOOST_TEST(states("ggllllg") == "uUUUuuU");
  BOOST_TEST(states("ggbllb") == "uUUUUU");
  BOOST_TEST(states("ggbllbb") == "uUUUUUD");
  BOOST_TEST(states("ggbbllllb") == "uUUUUUuuD");
  BOOST_TEST(states("glg") == "uuU");
  BOOST_TEST(states("bbblllg") == "uuDDDuu");
  BOOST_TEST(states("ggllglll") == "uUUUUUUu");  // a good round ends a run of local ones
  BOOST_TEST(states("lll") == "uuu");
}

BOOST_AUTO_TEST_CASE(pending_and_unresolved_rounds_are_left_out) {
  BOOST_TEST(states("gpg") == "uuU");
  BOOST_TEST(states("ggbubpb") == "uUUUUUD");
  BOOST_TEST(states("ggl-l-l") == "uUUUUUu");
  BOOST_TEST(states("uuuuppp") == "uuuuuuu");
}

BOOST_AUTO_TEST_CASE(several_results_of_a_host_are_one_round) {
  const auto after = [](const std::string& letters) {
    HealthTracker tracker{{.rise = 1, .fall = 1}};
    std::vector<Result> round;
    for (const char letter : letters) round.push_back(result_of("h", letter));
    tracker.observe(round);
    return tracker.host("h");
  };
  BOOST_TEST(after("bgl") == State::up);
  BOOST_TEST(after("bl") == State::down);
  BOOST_TEST(after("up") == State::unknown);
  BOOST_TEST(after("ub") == State::down);
  BOOST_TEST(after("ll") == State::unknown);
}

BOOST_AUTO_TEST_CASE(a_cause_on_this_host_is_local_and_no_other) {
  for (int value = 0; value <= static_cast<int>(Cause::remote); ++value) {
    const auto cause = static_cast<Cause>(value);
    HealthTracker tracker{{.fall = 1}};
    const std::vector<Result> round{{.host = "h", .outcome = Outcome::no_reply, .cause = cause}};
    tracker.observe(round);
    BOOST_TEST(tracker.host("h") == (is_local(cause) ? State::unknown : State::down), cause);
  }
}

BOOST_AUTO_TEST_CASE(a_gateway_that_may_have_failed_makes_no_host_down) {
  Result lost{.host = "h", .outcome = Outcome::no_reply, .cause = Cause::unknown};
  lost.cause_address = *Address::parse("192.0.2.1");
  HealthTracker tracker{{.fall = 2}};
  for (int i = 0; i < 10; ++i) tracker.observe({&lost, 1});
  BOOST_TEST(tracker.host("h") == State::unknown);
  // The rounds in which the gateway was heard count, whatever was between them.
  lost.cause = Cause::remote;
  tracker.observe({&lost, 1});
  lost.cause = Cause::unknown;
  tracker.observe({&lost, 1});
  lost.cause = Cause::remote;
  tracker.observe({&lost, 1});
  BOOST_TEST(tracker.host("h") == State::down);
}

BOOST_AUTO_TEST_CASE(a_host_that_changes_too_often_is_flapping) {
  const HealthOptions options{.flap_window = 8, .flap_high = 0.5, .flap_low = 0.25};
  // The fifth change of eight rounds begins it; with the first of them out of the window it is one change less.
  BOOST_TEST(states("gbgbgb", options) == "uuuuuF");
  BOOST_TEST(states("gbgbgbbbbb", options) == "uuuuuFFFFF");
  BOOST_TEST(states("gbgbgbbbbbbbb", options) == "uuuuuFFFFFFFD");
  BOOST_TEST(states("gbgbgbllbllblll", options) == "uuuuuFFFFFFFFFu");
  BOOST_TEST(states("gbgbgbgbgbgb", {.flap_high = 2}) == "uuuuuuuuuuuu");
  const std::string many = states("gbgbgbgbgbgbgggggggggggggggggg");
  BOOST_TEST(many == "uuuuuuuuuuuFFFFFFFFFFFFFFFFFUU");
}

BOOST_AUTO_TEST_CASE(a_transition_says_which_rounds_and_why) {
  HealthTracker tracker;
  BOOST_TEST(told(observe(tracker, "g")) == "");
  const auto rise = observe(tracker, "g");
  BOOST_TEST(told(rise) == "h0 unknown>up @1");
  BOOST_TEST(rise[0].reason == "answers in 2 rounds, 0 to 1");
  observe(tracker, "b");
  observe(tracker, "l");
  observe(tracker, "b");
  const auto fall = observe(tracker, "b");
  BOOST_TEST(told(fall) == "h0 up>down @5");
  BOOST_TEST(fall[0].reason == "no answer in 3 rounds, 2 to 5: no-reply, cause remote");
  std::ostringstream line;
  line << fall[0];
  BOOST_TEST(line.str() == "h0: up -> down in round 5: no answer in 3 rounds, 2 to 5: no-reply, cause remote");
  observe(tracker, "l");
  observe(tracker, "l");
  const auto lost = observe(tracker, "l");
  BOOST_TEST(told(lost) == "h0 down>unknown @8");
  BOOST_TEST(lost[0].reason == "probes lost on this host in 3 rounds, 6 to 8: cause gateway-silent");
}

BOOST_AUTO_TEST_CASE(groups_nest_and_have_a_quorum) {
  HealthTracker tracker;
  tracker.add("h0", {"room2/rack7", "ups1"});
  tracker.add("h1", {"room2/rack7"});
  tracker.add("h2", {"room2/rack8", "ups1"});
  tracker.add("h3", {"room2"});
  BOOST_TEST(tracker.size("room2") == 4U);
  BOOST_TEST(tracker.size("room2/rack7") == 2U);
  BOOST_TEST(tracker.size("/room2//rack7/") == 2U);
  BOOST_TEST(tracker.size("ups1") == 2U);
  BOOST_TEST(tracker.group("room2") == State::unknown);
  for (int i = 0; i < 3; ++i) observe(tracker, "ggbg");
  BOOST_TEST(tracker.up("room2") == 3U);
  BOOST_TEST(tracker.group("room2") == State::down);  // without a quorum all must be up
  BOOST_TEST(!tracker.quorum("room2"));
  BOOST_TEST(tracker.group("room2/rack7") == State::up);
  tracker.set_quorum("room2", {.share = 0.75});
  BOOST_TEST(tracker.quorum("room2"));
  BOOST_TEST(tracker.group("room2") == State::up);
  tracker.set_quorum("room2", {.count = 4, .share = 0.5});
  BOOST_TEST(tracker.group("room2") == State::down);
  for (int i = 0; i < 3; ++i) observe(tracker, "gglg");
  BOOST_TEST(tracker.host("h2") == State::unknown);
  BOOST_TEST(tracker.group("room2") == State::unknown);
  BOOST_TEST(!tracker.quorum("room2"));
  BOOST_TEST(tracker.group("nowhere") == State::unknown);
  BOOST_TEST(tracker.size("nowhere") == 0U);
  BOOST_TEST(!tracker.quorum("nowhere"));
}

BOOST_AUTO_TEST_CASE(unknown_hosts_count_only_where_they_could_tip_it) {
  HealthTracker tracker;
  for (const char* host : {"h0", "h1", "h2", "h3", "h4"}) tracker.add(host, {"a"});
  for (int i = 0; i < 3; ++i) observe(tracker, "ggbbl");
  const auto with = [&](std::size_t count) {
    tracker.set_quorum("a", {.count = count});
    return tracker.group("a");
  };
  BOOST_TEST(with(2) == State::up);
  BOOST_TEST(with(3) == State::unknown);
  BOOST_TEST(with(4) == State::down);
  BOOST_TEST(with(6) == State::down);
}

BOOST_AUTO_TEST_CASE(shares_round_up_as_in_decimal) {
  const auto needed = [](std::size_t size, Quorum quorum) {
    HealthTracker tracker;
    for (std::size_t i = 0; i < size; ++i) tracker.add("h" + std::to_string(i), {"a"});
    tracker.set_quorum("a", quorum);
    for (std::size_t up = 0; up <= size; ++up) {
      std::vector<Result> round;
      for (std::size_t i = 0; i < up; ++i) round.push_back(result_of("h" + std::to_string(i), 'g'));
      tracker.observe(round);
      tracker.observe(round);
      if (tracker.quorum("a")) return up;
    }
    return size + 1;
  };
  BOOST_TEST(needed(5, {.share = 0.8}) == 4U);
  BOOST_TEST(needed(100, {.share = 0.07}) == 7U);
  BOOST_TEST(needed(100, {.share = 0.29}) == 29U);
  BOOST_TEST(needed(3, {.share = 0.34}) == 2U);
  BOOST_TEST(needed(10, {.share = 0.7001}) == 8U);
  BOOST_TEST(needed(10, {.count = 3, .share = 0.2}) == 3U);
  BOOST_TEST(needed(10, {.count = 1, .share = 0.2}) == 2U);
  BOOST_TEST(needed(10, {}) == 10U);
}

BOOST_AUTO_TEST_CASE(a_rack_that_falls_is_one_transition) {
  HealthTracker tracker = room(40, 10);
  const std::string fall = but(40, 10, 20);
  BOOST_TEST(told(observe(tracker, fall)) == "");
  BOOST_TEST(told(observe(tracker, fall)) == "");
  const auto event = observe(tracker, fall);
  BOOST_TEST(told(event) == "room/rack1[h10 h11 h12 h13 h14 h15 h16 h17 h18 h19] up>down @5");
  BOOST_TEST(event[0].reason ==
             "10 of 10 hosts fell together, and 0 of 30 others: h10: no answer in 3 rounds, 3 to 5: no-reply, "
             "cause remote");
  BOOST_TEST(tracker.group("room/rack1") == State::down);
  BOOST_TEST(told(observe(tracker, fall)) == "");
  observe(tracker, all_of(40, 'g'));
  BOOST_TEST(told(observe(tracker, all_of(40, 'g'))) ==
             "room/rack1[h10 h11 h12 h13 h14 h15 h16 h17 h18 h19] down>up @8");
  BOOST_TEST(told(observe(tracker, all_of(40, 'g'))) == "");
}

// The switch dies in the middle of a round: some of its hosts have answered.
BOOST_AUTO_TEST_CASE(a_rack_may_fall_within_two_rounds) {
  HealthTracker tracker = room(40, 10);
  observe(tracker, but(40, 10, 14));
  observe(tracker, but(40, 10, 20));
  BOOST_TEST(told(observe(tracker, but(40, 10, 20))) == "");  // four are down, and wait for the others
  BOOST_TEST(tracker.host("h10") == State::down);
  BOOST_TEST(tracker.host("h14") == State::up);
  BOOST_TEST(told(observe(tracker, but(40, 10, 20))) ==
             "room/rack1[h10 h11 h12 h13 h14 h15 h16 h17 h18 h19] up>down @6");
}

BOOST_AUTO_TEST_CASE(those_who_wait_in_vain_are_told_one_round_late) {
  HealthTracker tracker = room(40, 10);
  observe(tracker, but(40, 10, 12));
  observe(tracker, but(40, 10, 20));
  BOOST_TEST(told(observe(tracker, but(40, 10, 20))) == "");
  BOOST_TEST(told(observe(tracker, but(40, 10, 12))) == "h10 up>down @5; h11 up>down @5");
}

BOOST_AUTO_TEST_CASE(one_host_alone_is_told_at_once) {
  HealthTracker tracker = room(40, 10);
  observe(tracker, but(40, 7, 8));
  observe(tracker, but(40, 7, 8));
  BOOST_TEST(told(observe(tracker, but(40, 7, 8))) == "h7 up>down @5");
  HealthTracker single;
  single.add("h0", {"rack"});
  for (int i = 0; i < 3; ++i) observe(single, "g");
  observe(single, "b");
  observe(single, "b");
  BOOST_TEST(told(observe(single, "b")) == "h0 up>down @5");  // one host falls with nobody
}

BOOST_AUTO_TEST_CASE(the_smallest_group_is_told) {
  HealthTracker tracker;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "h" + std::to_string(i);
    tracker.add(name, {i < 10 ? "room1/rack" + std::to_string(i / 5) : "room2/rack" + std::to_string(i / 5)});
    if (i % 5 == 0) tracker.add(name, {"power"});
  }
  for (int i = 0; i < 3; ++i) observe(tracker, all_of(40, 'g'));
  for (int i = 0; i < 2; ++i) observe(tracker, but(40, 0, 10));
  auto event = observe(tracker, but(40, 0, 10));  // two racks: their room
  BOOST_REQUIRE(event.size() == 1U);
  BOOST_TEST(event[0].name == "room1");
  BOOST_TEST(event[0].members.size() == 10U);
  for (int i = 0; i < 2; ++i) observe(tracker, all_of(40, 'g'));
  for (int i = 0; i < 3; ++i) event = observe(tracker, all_of(40, 'b'));  // no group has them all: each is told
  BOOST_TEST(event.size() == 40U);
}

BOOST_AUTO_TEST_CASE(four_fifths_inside_and_a_twentieth_outside) {
  const auto fall = [](std::size_t inside, std::size_t outside) {
    HealthTracker tracker = room(50, 10);
    std::string letters = but(50, 0, inside);
    for (std::size_t i = 0; i < outside; ++i) letters[10 + 10 * i] = 'b';
    Transitions event;
    for (int i = 0; i < 4; ++i) {
      const auto now = observe(tracker, letters);
      event.insert(event.end(), now.begin(), now.end());
    }
    return event;
  };
  BOOST_TEST(fall(8, 0).size() == 1U);
  BOOST_TEST(fall(7, 0).size() == 7U);
  BOOST_TEST(fall(8, 2).size() == 3U);  // 5 % of 40
  BOOST_TEST(fall(8, 3).size() == 11U);
  BOOST_TEST(fall(10, 2)[0].members.size() == 10U);
}

BOOST_AUTO_TEST_CASE(hosts_can_leave_and_groups_can_be_listed) {
  HealthTracker tracker = room(6, 2);
  BOOST_TEST(tracker.remove("h2"));
  BOOST_TEST(!tracker.remove("h2"));
  BOOST_TEST(tracker.host("h2") == State::unknown);
  BOOST_TEST(tracker.size("room") == 5U);
  BOOST_TEST(tracker.size("room/rack1") == 1U);
  BOOST_TEST((tracker.hosts() == std::vector<std::string>{"h0", "h1", "h3", "h4", "h5"}));
  BOOST_TEST((tracker.groups() == std::vector<std::string>{"room", "room/rack0", "room/rack1", "room/rack2"}));
  for (int i = 0; i < 3; ++i) observe(tracker, "gg-bgg");
  BOOST_TEST(tracker.group("room/rack1") == State::down);
  BOOST_TEST(tracker.group("room/rack2") == State::up);
}

BOOST_AUTO_TEST_CASE(a_host_is_lossy_when_the_figures_allow_it) {
  HealthTracker tracker{{.loss_window = 50, .max_loss = 0.05}};
  for (int i = 0; i < 50; ++i) observe(tracker, i % 10 == 0 ? "b" : "g");
  BOOST_TEST(!tracker.lossy("h0"));  // 10 % of 50: 4.3 to 21 %
  for (int i = 0; i < 50; ++i) observe(tracker, i % 8 == 0 ? "b" : "g");
  BOOST_TEST(tracker.lossy("h0"));  // 14 % of 50: 7 to 26 %
  for (int i = 0; i < 40; ++i) observe(tracker, "l");
  BOOST_TEST(tracker.lossy("h0"));
  for (int i = 0; i < 50; ++i) observe(tracker, "g");
  BOOST_TEST(!tracker.lossy("h0"));
  BOOST_TEST(!tracker.lossy("nobody"));
  HealthTracker never;
  for (int i = 0; i < 50; ++i) observe(never, "b");
  BOOST_TEST(!never.lossy("h0"));
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_named) {
  const std::vector<std::pair<HealthOptions, std::string>> wrong = {
      {{.rise = 0}, "HealthOptions::rise is 0; it must be 1 to 2147483647"},
      {{.fall = -1}, "HealthOptions::fall is -1; it must be 1 to 2147483647"},
      {{.flap_window = 0}, "HealthOptions::flap_window is 0; it must be 1 to 1000000"},
      {{.flap_high = -0.5}, "HealthOptions::flap_high is -0.5; it must be 0 or more"},
      {{.flap_low = 0.75}, "HealthOptions::flap_low is 0.75; it must be 0 to HealthOptions::flap_high"},
      {{.loss_window = 2'000'000}, "HealthOptions::loss_window is 2000000; it must be 1 to 1000000"},
      {{.max_loss = 1.5}, "HealthOptions::max_loss is 1.5; it must be 0 to 1"},
      {{.confidence = std::numeric_limits<double>::quiet_NaN()}, "HealthOptions::confidence is nan; it must be 0 to 1"},
      {{.shared_inside = 0}, "HealthOptions::shared_inside is 0; it must be above 0, to 1"},
      {{.shared_outside = 2}, "HealthOptions::shared_outside is 2; it must be 0 to 1"}};
  for (const auto& each : wrong)
    BOOST_CHECK_EXCEPTION(HealthTracker{each.first}, std::invalid_argument,
                          [&](const auto& error) { return error.what() == each.second; });
  HealthTracker tracker;
  BOOST_CHECK_THROW(tracker.set_quorum("a", {.share = 1.1}), std::invalid_argument);
  BOOST_CHECK_THROW(tracker.set_quorum("//", {}), std::invalid_argument);
  BOOST_CHECK_THROW(tracker.add("h", {"a", ""}), std::invalid_argument);
  BOOST_TEST(tracker.hosts().empty());
}

BOOST_AUTO_TEST_CASE(names_of_states_and_verdicts) {
  std::ostringstream text;
  for (int i = 0; i <= static_cast<int>(State::flapping); ++i) text << static_cast<State>(i) << ' ';
  for (int i = 0; i <= static_cast<int>(Verdict::silent); ++i) text << static_cast<Verdict>(i) << ' ';
  BOOST_TEST(text.str() == "unknown up down flapping unknown up icmp-filtered service-down limited silent ");
}

BOOST_AUTO_TEST_SUITE_END()
