// Checks --health: lists with groups and quorums, what is judged, the lines of changes; and runs as cron makes them,
// with a state file, in a network where a rack falls and where the gateway dies.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/multiping/command_runs.hpp"
#include "apps/multiping/health_facts.hpp"
#include "apps/multiping/target_file.hpp"

BOOST_AUTO_TEST_SUITE(health_run_test)

namespace {

using namespace multiping;
using namespace multiping::command;

std::vector<TargetGroup> groups_of(std::string_view text) {
  TargetText found;
  read_targets(text, false, found);
  return found.groups;
}

/// A view of the hosts of a list, without addresses.
RunFigures view_of(std::string_view text) {
  TargetText found;
  read_targets(text, false, found);
  RunFigures view{.groups = found.groups};
  for (const TargetEntry& entry : found.entries)
    view.targets.push_back({.host = std::string{entry.host}, .port = entry.port, .group = entry.group});
  return view;
}

HealthFacts facts_of(std::string_view text) {
  HealthFacts facts;
  take_list(view_of(text), facts);
  return facts;
}

/// A round in which `dead` hosts are silent for this cause, and the others answer.
std::vector<Transition> observe(HealthFacts& facts, const std::vector<std::string>& dead, Cause cause = Cause::remote) {
  std::vector<Result> round;
  for (const std::string& host : facts.hosts) {
    const bool silent = std::ranges::find(dead, host) != dead.end();
    round.push_back(
        {.host = host, .outcome = silent ? Outcome::no_reply : Outcome::reply, .cause = silent ? cause : Cause::none});
  }
  return observe_round(facts, round);
}

void observe_rounds(HealthFacts& facts, int rounds, const std::vector<std::string>& dead, Cause cause = Cause::remote) {
  for (int round = 0; round < rounds; ++round) static_cast<void>(observe(facts, dead, cause));
}

constexpr const char* two_racks =
    "web9\n@room/rack1 quorum=2\na\nb\nc\n@room/rack2 quorum=50%\nd\ne\n@\nweb8\n@empty quorum=1\n";

/// The namespace `far` has the two racks 10.9.1.0/24 and 10.9.2.0/24, behind the gateway 10.1.0.2; a probe of ARP takes
/// 50 ms.
void make_racks() {
  test::make_router();
  test::run("sysctl -q -w net.ipv4.neigh.va.retrans_time_ms=50");
  test::run("nsenter --net=/run/netns/router ip route add 10.9.0.0/16 via 10.2.0.2");
  test::run("nsenter --net=/run/netns/far ip link set lo up");
  for (const char* address : {"10.9.1.1", "10.9.1.2", "10.9.1.3", "10.9.2.1", "10.9.2.2", "10.9.2.3"})
    test::run(std::string{"nsenter --net=/run/netns/far ip addr add "} + address + "/32 dev lo");
}

/// From now on packets to a rack are lost beyond the gateway.
void fell_rack(const char* network) {
  test::run(std::string{"nsenter --net=/run/netns/router ip route add blackhole "} + network);
}

constexpr const char* racks_list =
    "10.2.0.2\n@rack1 quorum=2\n10.9.1.1\n10.9.1.2\n10.9.1.3\n@rack2\n10.9.2.1\n10.9.2.2\n10.9.2.3\n";

/// A cluster with its list and its state file.
struct Cluster {
  test::TestFolder folder{};
  std::string hosts = folder / "hosts", state = folder / "state";

  Cluster() {
    make_racks();
    test::write_file(hosts, racks_list);
  }
  [[nodiscard]] std::string arguments(const std::string& more) const {
    return "--health " + state + " -f " + hosts + " -r 0 -t 700 " + more;
  }
  [[nodiscard]] test::CommandRun run(const std::string& more) const { return test::command_run(arguments(more)); }
  /// Several runs; the outputs together, and the status of the last.
  [[nodiscard]] test::CommandRun runs(int count, const std::string& more) const {
    test::CommandRun all;
    for (int at = 0; at < count; ++at) {
      const test::CommandRun one = run(more);
      all = {.status = one.status, .out = all.out + one.out, .err = all.err + one.err};
    }
    return all;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(groups_of_a_list_have_quorums) {
  const auto groups = groups_of("@rack7\n@/room2//rack7/ quorum=80% # most of them\n@r quorum=3\n@\n@x # none\n");
  BOOST_TEST_REQUIRE(groups.size() == 5U);
  BOOST_TEST((groups[1] == TargetGroup{.name = "rack7"}));
  BOOST_TEST((groups[2] == TargetGroup{.name = "room2/rack7", .quorum = Quorum{.share = 0.8}}));
  BOOST_TEST((groups[3] == TargetGroup{.name = "r", .quorum = Quorum{.count = 3}}));
  BOOST_TEST((groups[4] == TargetGroup{.name = "x"}));
  for (const char* wrong : {"quorum=0", "quorum=0%", "quorum=101%", "quorum=x", "quorum=", "quorum=-1", "quroum=3",
                            "quorum=3 4", "quorum=nan%"})
    BOOST_CHECK_EXCEPTION(static_cast<void>(groups_of(std::string{"a\n@rack7 "} + wrong)), std::invalid_argument,
                          [](const std::invalid_argument& error) {
                            return std::string_view{error.what()}.find("line 2 of the targets") == 0;
                          });
}

BOOST_AUTO_TEST_CASE(an_at_sign_alone_ends_a_group) {
  const HealthFacts facts = facts_of(two_racks);
  BOOST_TEST((facts.groups == std::vector<std::string>{"room/rack1", "room/rack2"}));
  BOOST_TEST((facts.alone == std::vector<std::string>{"web9", "web8"}));
  BOOST_TEST(facts.hosts.size() == 7U);
  BOOST_TEST(facts.tracker.size("room") == 5U);
}

BOOST_AUTO_TEST_CASE(each_group_needs_its_quorum_and_each_other_host_must_be_up) {
  HealthFacts facts = facts_of(two_racks);
  BOOST_TEST((judge(facts) == HealthJudgement::unknown));
  observe_rounds(facts, 2, {"c", "e"});
  BOOST_TEST((judge(facts) == HealthJudgement::good));
  observe_rounds(facts, 3, {"c", "e", "web8"});
  BOOST_TEST((judge(facts) == HealthJudgement::bad));
  BOOST_TEST(down_text(facts) == "down: web8");
  observe_rounds(facts, 3, {"c", "e"});
  BOOST_TEST(down_text(facts) == "");
  BOOST_TEST((judge(facts) == HealthJudgement::good));
  observe_rounds(facts, 3, {"b", "c", "e"});
  BOOST_TEST((judge(facts) == HealthJudgement::bad));
}

BOOST_AUTO_TEST_CASE(a_cause_on_this_host_is_unknown_and_never_down) {
  HealthFacts facts = facts_of(two_racks);
  observe_rounds(facts, 2, {});
  const std::vector<std::string> all = facts.hosts;
  std::vector<std::string> lines;
  for (int round = 0; round < 5; ++round)
    for (std::string& line : transition_lines(observe(facts, all, Cause::gateway_silent))) lines.push_back(line);
  BOOST_TEST_REQUIRE(lines.size() == 1U);
  BOOST_TEST(lines[0].find("7 hosts: up -> unknown in round 4: web9, a, b, c, d and 2 more: ") == 0U, lines[0]);
  BOOST_TEST((judge(facts) == HealthJudgement::unknown));
  BOOST_TEST(unknown_text(facts).find("state not known: room/rack1, room/rack2, web9, web8: the gateway") == 0U);
  BOOST_TEST(local_cause(facts, "a") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_rack_that_falls_is_one_line) {
  HealthFacts facts = facts_of(two_racks);
  observe_rounds(facts, 2, {});
  std::vector<std::string> lines;
  for (int round = 0; round < 5; ++round)
    for (std::string& line : transition_lines(observe(facts, {"a", "b", "c"}))) lines.push_back(line);
  BOOST_TEST_REQUIRE(lines.size() == 1U);
  BOOST_TEST(lines[0].find("group room/rack1: up -> down in round 4: ") == 0U, lines[0]);
  BOOST_TEST(unknown_text(facts) == "");
}

BOOST_AUTO_TEST_CASE(hosts_that_left_the_list_are_forgotten_and_others_keep_their_state) {
  HealthFacts facts = facts_of("@rack1 quorum=1\na\nb\n");
  observe_rounds(facts, 3, {"b"});
  take_list(view_of("@rack2\na\n"), facts);
  BOOST_TEST((facts.tracker.host("a") == State::up));
  BOOST_TEST((facts.tracker.hosts() == std::vector<std::string>{"a"}));
  BOOST_TEST((facts.groups == std::vector<std::string>{"rack2"}));
  BOOST_TEST((judge(facts) == HealthJudgement::good));
}

BOOST_AUTO_TEST_CASE(a_host_with_a_port_is_one_of_its_own) {
  BOOST_TEST(health_name({.host = "web1"}) == "web1");
  BOOST_TEST(health_name({.host = "web1", .port = 80}) == "web1:80");
  BOOST_TEST(health_name({.host = "2001:db8::1", .port = 80}) == "[2001:db8::1]:80");
}

BOOST_AUTO_TEST_CASE(runs_with_a_state_file_tell_each_change_once, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const Cluster cluster;
    const auto first = cluster.runs(3, "-q");
    BOOST_TEST(first.status == 0);
    BOOST_TEST(first.err == "");
    BOOST_TEST(test::lines_of(first.out).size() == 1U, first.out);
    BOOST_TEST(first.out.find("7 hosts: unknown -> up in round 1: ") == 0U, first.out);
    fell_rack("10.9.1.0/24");
    const auto two = cluster.runs(2, "-q");
    BOOST_TEST(two.status == 0);
    BOOST_TEST(two.out == "");
    const auto fallen = cluster.runs(3, "-q");
    BOOST_TEST(fallen.status == 1);
    BOOST_TEST(test::lines_of(fallen.out).size() == 1U, fallen.out);
    BOOST_TEST(fallen.out.find("group rack1: up -> down in round 5: 3 of 3 hosts fell together") == 0U, fallen.out);
    const auto loud = cluster.run("");
    BOOST_TEST(loud.out.find("10.9.2.1 is alive\n") != std::string::npos);
    BOOST_TEST(loud.err == "down: rack1 (0 of 3 up)\n");
    BOOST_TEST(loud.status == 1);
  });
}

BOOST_AUTO_TEST_CASE(each_round_of_a_count_is_observed, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const Cluster cluster;
    fell_rack("10.9.2.0/24");
    const auto run = cluster.run("-q -c 4 -p 750");
    BOOST_TEST(run.status == 1);
    BOOST_TEST(run.out.find("4 hosts: unknown -> up in round 1: ") != std::string::npos, run.out);
    BOOST_TEST(run.out.find("group rack2: unknown -> down in round 2") != std::string::npos, run.out);
  });
}

BOOST_AUTO_TEST_CASE(thresholds_are_options_and_the_file_keeps_them,
                     *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const Cluster cluster;
    const auto first = cluster.run("-q --rise 1 --fall 5");
    BOOST_TEST(first.out.find("7 hosts: unknown -> up in round 0: ") == 0U, first.out);
    fell_rack("10.9.1.0/24");
    BOOST_TEST(cluster.runs(3, "-q").out == "");
    const auto fallen = cluster.run("-q --fall=4");
    BOOST_TEST(fallen.out.find("group rack1: up -> down in round 4: ") == 0U, fallen.out);
    for (const char* wrong : {"--rise 0", "--fall 0", "--fall x", "--fall 1000001", "--rise -1"})
      BOOST_TEST(cluster.run(wrong).status == 3, wrong);
    const auto alone = test::command_run("--rise 1 127.0.0.1");
    BOOST_TEST(alone.status == 3);
    BOOST_TEST(alone.err.find("--rise and --fall go together with --health") != std::string::npos, alone.err);
  });
}

/// The kernel's entry of the gateway is sound: it holds the gateway for reachable. Rounds are short.
BOOST_AUTO_TEST_CASE(a_gateway_that_has_just_died_takes_no_host_down,
                     *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const Cluster cluster;
    BOOST_TEST(cluster.runs(2, "-q").status == 0);
    test::run("nsenter --net=/run/netns/router sysctl -qw net.ipv4.ip_forward=0");
    test::run("nsenter --net=/run/netns/router ip addr flush dev ra");
    const auto blind = cluster.run("-t 300 -c 6 -p 400");
    BOOST_TEST(blind.status == 0);
    BOOST_TEST(blind.out.find("-> down") == std::string::npos, blind.out);
    BOOST_TEST(blind.out.find("7 hosts: up -> unknown in round ") != std::string::npos, blind.out);
    BOOST_TEST(blind.err.find("state not known: rack1, rack2, 10.2.0.2: ") != std::string::npos, blind.err);
    BOOST_TEST(blind.err.find("gateway of this host") != std::string::npos, blind.err);
  });
}

BOOST_AUTO_TEST_CASE(a_dead_gateway_takes_no_host_down, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const Cluster cluster;
    BOOST_TEST(cluster.runs(2, "-q").status == 0);
    test::run("nsenter --net=/run/netns/router ip addr flush dev ra && ip neigh flush dev va");
    const auto blind = cluster.runs(4, "-t 1500");
    BOOST_TEST(blind.status == 0);
    BOOST_TEST(blind.out.find("down") == std::string::npos, blind.out);
    BOOST_TEST(blind.out.find("7 hosts: up -> unknown in round 4: ") != std::string::npos, blind.out);
    BOOST_TEST(blind.err.find("state not known: rack1, rack2, 10.2.0.2: ") != std::string::npos, blind.err);
    BOOST_TEST(blind.err.find("the gateway of this host does not answer (10.1.0.2)") != std::string::npos, blind.err);
    const auto why = test::command_run("--why --no-names -r 0 -t 1500 10.9.1.1");
    BOOST_TEST(why.status == 1);
    BOOST_TEST(why.out.find("the gateway of this host does not answer (10.1.0.2)") != std::string::npos, why.out);
  });
}

BOOST_AUTO_TEST_CASE(a_damaged_state_file_is_an_error_and_stays, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const test::TestFolder folder;
    const std::string state = folder / "state", hosts = folder / "hosts";
    const auto run = [&](const std::string& more) {
      return test::command_run("--health " + state + " -q " + more + " 127.0.0.1");
    };
    BOOST_TEST(run("").status == 0);
    const std::string whole = test::read_file(state);
    test::write_file(state, whole.substr(0, whole.find("host ")) + "hosts?\n");
    const std::string damaged = test::read_file(state);
    const auto refused = run("");
    BOOST_TEST(refused.status == 4);
    BOOST_TEST(refused.err.find("line 3") != std::string::npos, refused.err);
    BOOST_TEST(refused.err.find("state") != std::string::npos, refused.err);
    BOOST_TEST(test::read_file(state) == damaged);
    BOOST_TEST(std::distance(std::filesystem::directory_iterator{std::filesystem::path{state}.parent_path()}, {}) == 1);
    test::write_file(state, whole + "more\n");
    BOOST_TEST(run("").err.find("line 5: there is more after the end") != std::string::npos, run("").err);
    for (const char* more : {"--trace", "-J -c 1", "--format csv", "--watch"}) BOOST_TEST(run(more).status == 3, more);
    BOOST_TEST(test::command_run("--health /nonexistent/state 127.0.0.1").status == 4);
  });
}

BOOST_AUTO_TEST_SUITE_END()
