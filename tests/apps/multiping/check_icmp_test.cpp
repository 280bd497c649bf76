// Checks check_icmp: limits, the verdict, and its line against that of monitoring-plugins' program where it is
// installed. Times are masked for the comparison.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <future>
#include <regex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apps/multiping/check_icmp_options.hpp"
#include "apps/multiping/check_icmp_text.hpp"
#include "apps/multiping/command_line.hpp"
#include "apps/multiping/command_runs.hpp"

BOOST_AUTO_TEST_SUITE(check_icmp_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;

constexpr const char* original = "/usr/lib/nagios/plugins/check_icmp";

CheckLimit limit_of(std::string_view text) {
  CheckLimit limit{.rtt = 7ms, .loss_percent = 7};
  set_check_limit(limit, "-w", text);
  return limit;
}

bool is_limit(std::string_view text, Duration rtt, double loss_percent) {
  const CheckLimit limit = limit_of(text);
  return limit.rtt == rtt && limit.loss_percent == loss_percent;
}

CommandOptions options_of(std::vector<const char*> words) {
  words.insert(words.begin(), "/usr/lib/nagios/plugins/check_icmp");
  const auto parsed =
      parse_command_line(static_cast<int>(words.size()), words.data(), [](auto) { return std::nullopt; });
  return std::get<CommandOptions>(parsed);
}

CheckedHost host_of(std::vector<Duration> times) {
  CheckedHost host{.name = "192.0.2.1"};
  for (const Duration time : times) time < 0ns ? host.tally.add_loss() : host.tally.add_answer(time);
  return host;
}

CheckStatus status_of(const std::vector<CheckedHost>& hosts, std::size_t wanted = 0) {
  IcmpCheck check;
  check.hosts_wanted = wanted;
  return check_answer(hosts, check).status;
}

constexpr Duration lost{-1};

/// The runs of both programs with the same arguments.
struct Pair {
  std::string arguments{};
  std::future<test::CommandRun> wanted{}, found{};
};

std::future<test::CommandRun> in_background(std::string line) {
  return std::async(std::launch::async, [line = std::move(line)] { return test::shell_run(line); });
}

std::string masked(const std::string& line) {
  return std::regex_replace(std::regex_replace(line, std::regex{R"((rta |rta=|rtmax=|rtmin=)[0-9.]+ms)"}, "$1Tms"),
                            std::regex{"rta nan"}, "rta NaN");
}

}  // namespace

BOOST_AUTO_TEST_CASE(limits_are_times_and_losses) {
  BOOST_TEST(is_limit("200,40%", 200ms, 40));
  BOOST_TEST(is_limit("200.25,60", 200250us, 60));
  BOOST_TEST(is_limit("0.001,40%", 1us, 40));
  BOOST_TEST(is_limit("250us,1.5%", 250us, 1.5));
  BOOST_TEST(is_limit("3ms,0%", 3ms, 0));
  BOOST_TEST(is_limit("1s,100%", 1s, 100));
  BOOST_TEST(is_limit("200", 200ms, 7));
  BOOST_TEST(is_limit("40%", 7ms, 40));
  for (const char* wrong : {"", ",", "foo", "200,", "200,101%", "-1,40%", "200,40%,1", "1m,40%", "200;40%", "nan,40%"})
    BOOST_CHECK_THROW(limit_of(wrong), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(letters_mean_what_they_mean_to_the_plugin) {
  const CommandOptions usual = options_of({"192.0.2.1"});
  BOOST_TEST(static_cast<int>(usual.personality) == static_cast<int>(Personality::check_icmp));
  BOOST_TEST(usual.count == 5);
  BOOST_TEST((usual.period == 80ms));
  BOOST_TEST((usual.check.critical.rtt == 500ms));
  const CommandOptions given =
      options_of({"-H", "a", "-w", "100,20%",   "-c", "80,10%", "-n3", "-i",  "0.5s", "-I", "5", "-t", "4",
                  "-m", "1", "-s", "127.0.0.9", "-l", "9",      "-b",  "100", "-H",   "b",  "c", "a"});
  BOOST_TEST(given.targets == (std::vector<std::string>{"c", "a", "b"}), boost::test_tools::per_element());
  BOOST_TEST((given.check.warning.rtt == 80ms));
  BOOST_TEST(given.check.warning.loss_percent == 10);
  BOOST_TEST(given.count == 3);
  BOOST_TEST((given.period == 500ms));
  BOOST_TEST((given.interval == 5ms));
  BOOST_TEST((given.check.within == 4s));
  BOOST_TEST(given.check.hosts_wanted == 1U);
  BOOST_TEST(given.probe.source_v4.to_string() == "127.0.0.9");
  BOOST_TEST(*given.probe.ttl == 9);
  BOOST_TEST(*given.timeout <= 3s);
  BOOST_TEST(options_of({"-s", "eth0", "a"}).probe.device == "eth0");
  BOOST_TEST((options_of({"a"}).probe.family == Family::ipv4));
  BOOST_TEST((options_of({"::1", "a"}).probe.family == Family::any));
  BOOST_TEST((options_of({"-6", "a"}).probe.family == Family::ipv6));
  for (const auto& wrong :
       {std::vector<const char*>{}, {"-n", "0", "a"}, {"-Z", "a"}, {"-4", "-6", "a"}, {"-t", "0", "a"}})
    BOOST_CHECK_THROW(options_of(wrong), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_worst_limit_decides) {
  BOOST_TEST((status_of({host_of({1ms, 1ms})}) == CheckStatus::ok));
  BOOST_TEST((status_of({host_of({200ms})}) == CheckStatus::warning));
  BOOST_TEST((status_of({host_of({499ms})}) == CheckStatus::warning));
  BOOST_TEST((status_of({host_of({500ms})}) == CheckStatus::critical));
  BOOST_TEST((status_of({host_of({1ms, 1ms, 1ms, lost, lost})}) == CheckStatus::warning));
  BOOST_TEST((status_of({host_of({1ms, lost, lost, lost, lost})}) == CheckStatus::critical));
  BOOST_TEST((status_of({host_of({})}) == CheckStatus::critical));
}

BOOST_AUTO_TEST_CASE(a_host_without_answers_is_critical_whatever_the_limits_are) {
  IcmpCheck check;
  check.warning = check.critical = {.rtt = 1h, .loss_percent = 100};
  const CheckedHost silent = host_of({lost, lost});
  BOOST_TEST((check_status(silent, check) == CheckStatus::critical));
  check.critical.loss_percent = 101;
  BOOST_TEST((check_status(silent, check) == CheckStatus::critical));
}

BOOST_AUTO_TEST_CASE(so_many_hosts_must_be_in_order) {
  const CheckedHost good = host_of({1ms}), slow = host_of({300ms}), dead = host_of({lost});
  CheckedHost unknown{.name = "x", .error = std::make_error_code(std::errc::timed_out)};
  BOOST_TEST((status_of({good, dead}) == CheckStatus::critical));
  BOOST_TEST((status_of({good, dead}, 1) == CheckStatus::ok));
  BOOST_TEST((status_of({slow, dead}, 1) == CheckStatus::warning));
  BOOST_TEST((status_of({good, slow, dead}, 2) == CheckStatus::warning));
  BOOST_TEST((status_of({dead, dead}, 1) == CheckStatus::critical));
  BOOST_TEST((status_of({good, dead}, 5) == CheckStatus::critical));
  BOOST_TEST((status_of({good, unknown}) == CheckStatus::unknown));
  BOOST_TEST((status_of({good, unknown}, 1) == CheckStatus::ok));
  BOOST_TEST((status_of({unknown}, 1) == CheckStatus::unknown));
}

BOOST_AUTO_TEST_CASE(the_line_is_one_line_that_a_monitor_reads) {
  BOOST_TEST(check_answer(std::vector{host_of({1ms, 2ms})}, {}).line ==
             "OK - 192.0.2.1: rta 1.500ms, lost 0%|rta=1.500ms;200.000;500.000;0; pl=0%;40;80;; rtmax=2.000ms;;;; "
             "rtmin=1.000ms;;;; \n");
  CheckedHost odd = host_of({lost});
  odd.name = "a|b\nc";
  const std::string line = check_answer(std::vector{odd, host_of({1ms, lost, lost})}, {}).line;
  BOOST_TEST(std::count(line.begin(), line.end(), '\n') == 1);
  BOOST_TEST(std::count(line.begin(), line.end(), '|') == 1);
  BOOST_TEST(line.find("192.0.2.1: rta 1.000ms, lost 66%") != std::string::npos, line);
  const Result refused{.address = *Address::parse("192.0.2.1"),
                       .outcome = Outcome::unreachable,
                       .responder = *Address::parse("192.0.2.254"),
                       .icmp = std::make_shared<IcmpError>(IcmpError{.type = 3, .code = 1})};
  CheckedHost unreachable = host_of({lost});
  unreachable.fate = &refused;
  BOOST_TEST(
      check_answer(std::vector{unreachable}, {})
          .line.starts_with("CRITICAL - 192.0.2.1: Host unreachable @ 192.0.2.254. rta nan, lost 100%|rta=0.000ms;"));
}

BOOST_AUTO_TEST_CASE(with_health_the_status_goes_by_quorum) {
  const RunFigures view{.targets = {{.host = "a", .group = 1}, {.host = "b", .group = 1}, {.host = "c"}},
                        .groups = {{}, {.name = "rack|7", .quorum = Quorum{.count = 1}}}};
  HealthFacts health;
  take_list(view, health);
  const auto observe = [&](Outcome of_a, Outcome of_b, Cause cause) {
    const std::vector<Result> round{{.host = "a", .outcome = of_a, .cause = cause},
                                    {.host = "b", .outcome = of_b, .cause = cause},
                                    {.host = "c", .outcome = Outcome::reply}};
    for (int time = 0; time < 3; ++time) static_cast<void>(observe_round(health, round));
    return check_answer(std::vector{host_of({1ms})}, {}, health);
  };
  BOOST_TEST(check_answer({}, {}, health).line == "UNKNOWN - rack_7 unknown (0 of 2 up) :: c unknown\n");
  const CheckAnswer held = observe(Outcome::reply, Outcome::no_reply, Cause::remote);
  BOOST_TEST(held.line.starts_with("OK - rack_7 up (1 of 2 up) :: c up|rta=1.000ms;"), held.line);
  const CheckAnswer fell = observe(Outcome::no_reply, Outcome::no_reply, Cause::remote);
  BOOST_TEST((fell.status == CheckStatus::critical));
  BOOST_TEST(fell.line.starts_with("CRITICAL - rack_7 down (0 of 2 up) :: c up|"), fell.line);
  const CheckAnswer blind = observe(Outcome::no_reply, Outcome::no_reply, Cause::gateway_silent);
  BOOST_TEST((blind.status == CheckStatus::unknown));
  BOOST_TEST(
      blind.line.starts_with("UNKNOWN - rack_7 unknown (0 of 2 up) :: c up :: state not known: rack_7: the gateway"),
      blind.line);
}

BOOST_AUTO_TEST_CASE(a_check_with_health_is_one_round, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const test::TestFolder folder;
    test::write_file(folder / "hosts", "127.0.0.1\n@lo quorum=50%\n127.0.0.2\n127.0.0.3\n");
    const std::string arguments = "--as check_icmp --health " + (folder / "state") + " --file " + (folder / "hosts");
    const auto first = test::command_run(arguments), second = test::command_run(arguments);
    BOOST_TEST(first.status == 3);
    BOOST_TEST(first.out.starts_with("UNKNOWN - lo unknown (0 of 2 up) :: 127.0.0.1 unknown|"), first.out);
    BOOST_TEST(second.status == 0);
    BOOST_TEST(second.out.starts_with("OK - lo up (2 of 2 up) :: 127.0.0.1 up|"), second.out);
    test::write_file(folder / "state", "damaged\n");
    const auto damaged = test::command_run(arguments);
    BOOST_TEST(damaged.status == 3);
    BOOST_TEST(damaged.out.find("line 1") != std::string::npos, damaged.out);
    BOOST_TEST(damaged.err == "");
    BOOST_TEST(test::command_run(arguments + " 127.0.0.1").status == 3);
  });
}

BOOST_AUTO_TEST_CASE(errors_are_told_where_the_monitor_reads, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    for (const char* arguments : {"", "-Z 127.0.0.1", "-n 0 127.0.0.1", "-w foo 127.0.0.1", "10.1", "-h", "-V"}) {
      const auto run = test::command_run(std::string{"--as check_icmp "} + arguments);
      BOOST_TEST(run.status == 3, arguments);
      BOOST_TEST(run.out != "", arguments);
      BOOST_TEST(run.err == "", arguments);
    }
    const auto no_way = test::command_run("--as check_icmp -s 192.0.2.1 127.0.0.1");
    BOOST_TEST(no_way.status == 2);
    BOOST_TEST(no_way.err == "");
  });
}

BOOST_AUTO_TEST_CASE(the_time_limit_ends_it_with_what_is_known, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const auto run = test::command_run("--as check_icmp -n 100 -i 100 -t 1 127.0.0.1");
    BOOST_TEST(run.status == 0);
    BOOST_TEST(run.out.starts_with("OK - 127.0.0.1: rta "), run.out);
  });
}

BOOST_AUTO_TEST_CASE(its_lines_are_those_of_the_plugin,
                     *boost::unit_test::precondition(test::needs_command_network) *
                         boost::unit_test::precondition(test::needs_to_work(std::string{"test -x "} + original))) {
  test::in_namespace([] {
    test::make_command_network();
    std::vector<Pair> pairs;
    for (const char* arguments :
         {"127.0.0.1", "-H 127.0.0.1 -n 3 -i 10", "127.0.0.1 127.0.0.2", "-n 2 10.2.0.2 10.1.0.2 10.2.0.2",
          "-n 2 -t 2 10.9.0.1", "-n 2 -t 2 127.0.0.1 10.9.0.1", "-n 2 -t 2 -m 1 127.0.0.1 10.9.0.1",
          "-n 2 -t 2 -m 5 127.0.0.1", "-n 2 -i 10 10.7.0.1", "-n 2 -w 1us,40% -c 500ms,80% 127.0.0.1",
          "-n 2 -w 500,80% -c 200,40% 127.0.0.1", "-n 2 -w 1s,40% -c 5s,80% 127.0.0.1", "-n 2 -w 0us,0% 127.0.0.1",
          "-n 2 -w 200,40 -c 500,80 127.0.0.1", "-6 -n 1 ::1", "-n 2 -b 1000 -l 64 -s 127.0.0.9 127.0.0.1"}) {
      pairs.push_back({.arguments = arguments,
                       .wanted = in_background(std::string{original} + " " + arguments),
                       .found = in_background(std::string{MULTIPING_COMMAND} + " --as check_icmp " + arguments)});
    }
    for (Pair& pair : pairs) {
      const auto wanted = pair.wanted.get(), found = pair.found.get();
      BOOST_TEST(masked(found.out) == masked(wanted.out), pair.arguments);
      BOOST_TEST(found.status == wanted.status, pair.arguments);
      BOOST_TEST(found.err == "", pair.arguments);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
