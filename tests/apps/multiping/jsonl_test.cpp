// Checks the lines of --format jsonl: their texts, and each line of real runs against the schema of the package.
// The schema is read from the tree.
#include <array>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/multiping/command_runs.hpp"
#include "apps/multiping/exact_number_text.hpp"
#include "apps/multiping/json_schema.hpp"
#include "apps/multiping/jsonl_text.hpp"

BOOST_AUTO_TEST_SUITE(jsonl_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;
using Json = nlohmann::json;

const test::JsonSchema& schema() {
  static const test::JsonSchema read{
      Json::parse(std::ifstream{std::string{MULTIPING_SOURCE_DIR} + "/src/apps/multiping/multiping-1.schema.json"})};
  return read;
}

/// Checks a line, and returns it.
Json checked(const std::string& line) {
  Json value = Json::parse(line);
  BOOST_TEST(schema().fault(value) == "");
  return value;
}

/// How many lines of each kind a run printed. It prints nothing else anywhere.
std::map<std::string, int> kinds_of(const test::CommandRun& run) {
  std::map<std::string, int> kinds;
  for (const std::string& line : test::lines_of(run.out)) ++kinds[checked(line)["kind"].get<std::string>()];
  BOOST_TEST(run.err == "");
  return kinds;
}

/// The lines of one kind.
std::vector<Json> lines_of_kind(const test::CommandRun& run, const char* kind) {
  std::vector<Json> found;
  for (const std::string& line : test::lines_of(run.out))
    if (Json value = Json::parse(line); value["kind"] == kind) found.push_back(std::move(value));
  return found;
}

struct View {
  CommandOptions options{};
  RunFigures view{.options = &options};
  View() {
    view.targets.push_back({.host = "www.example.org", .address = *Address::parse("192.0.2.1")});
    view.figures.resize(1);
  }
};

Result answer() {
  return {.address = *Address::parse("192.0.2.1"),
          .outcome = Outcome::reply,
          .rtt = 35123ns,
          .responder = *Address::parse("192.0.2.1"),
          .attempt = 1,
          .reply_ttl = 57,
          .reply_size = 64,
          .at = WallTime{1795994602s + 123456789ns}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_a_line_with_all_digits_of_its_time) {
  const View view;
  const Result result = answer();
  const std::string line = probe_jsonl("reply", view.view, {.target = 0, .sequence = 7, .result = result});
  BOOST_TEST(line ==
             "{\"schema\": \"multiping/1\", \"kind\": \"reply\", \"time\": \"2026-11-29T23:23:22.123456Z\", "
             "\"host\": \"www.example.org\", \"address\": \"192.0.2.1\", \"protocol\": \"icmp\", \"sequence\": 7, "
             "\"attempt\": 1, \"outcome\": \"reply\", \"rtt_ms\": 0.035123, \"responder\": \"192.0.2.1\", "
             "\"ttl\": 57, \"size\": 64}");
  checked(line);
}

BOOST_AUTO_TEST_CASE(an_icmp_error_has_all_that_the_router_said) {
  const View view;
  Result result = answer();
  result.outcome = Outcome::unreachable;
  result.icmp = std::make_shared<IcmpError>(
      IcmpError{.type = 3,
                .code = 4,
                .mtu = 1280,
                .mpls = {{.label = 16004, .traffic_class = 1, .bottom_of_stack = true, .ttl = 250}},
                .interfaces = {{.role = InterfaceInfo::Role::next_hop, .index = 4, .name = "e\xFF\"", .mtu = 1500}}});
  result.cause = Cause::remote;
  const Json line = checked(probe_jsonl("error", view.view, {.target = 0, .sequence = 0, .result = result}));
  BOOST_TEST(line["icmp"]["mtu"] == 1280);
  BOOST_TEST(line["icmp"]["mpls"][0]["label"] == 16004);
  BOOST_TEST(line["icmp"]["interfaces"][0]["name"] == "e\xEF\xBF\xBD\"");
  BOOST_TEST(line["icmp"]["interfaces"][0]["role"] == "next-hop");
  BOOST_TEST(line["cause"] == "remote");
}

BOOST_AUTO_TEST_CASE(other_kinds_fit_the_schema) {
  View view;
  view.options.probe.protocol = Protocol::tcp;
  view.view.targets[0].label = "www.example.org:443";
  view.view.targets[0].port = 443;
  const Result silent{.outcome = Outcome::send_failed,
                      .error = std::make_error_code(std::errc::network_unreachable),
                      .cause = Cause::gateway_silent,
                      .cause_address = *Address::parse("192.0.2.254")};
  const Json duplicate = checked(probe_jsonl("duplicate", view.view, {.target = 0, .result = answer()}));
  BOOST_TEST(duplicate["port"] == 443);
  BOOST_TEST(duplicate["name"] == "www.example.org:443");
  const Json host = checked(host_jsonl(view.view, 0, {.name = "interval", .interval = true, .fate = &silent}));
  BOOST_TEST(host["cause_address"] == "192.0.2.254");
  BOOST_TEST(!host.contains("loss"));
  checked(mtu_jsonl(view.view, 0, {.mtu = 1400, .limiting_hop = *Address::parse("192.0.2.254"), .fits = 1400}));
  const Route route{.hops = {{.ttl = 1, .probes = {answer(), silent}, .names = {"r\xC3\xA9", ""}}}};
  BOOST_TEST(checked(route_jsonl(view.view, 0, route))["hops"][0]["probes"][0]["name"] == "r\xC3\xA9");
  BOOST_TEST(checked(why_jsonl(view.view, 0, silent, &route))["error"]["text"] == silent.error.message());
  checked(why_jsonl(view.view, 0, silent, nullptr));
}

BOOST_AUTO_TEST_CASE(health_is_told_as_changes_and_states) {
  RunFigures view{.targets = {{.host = "web1", .group = 1}, {.host = "web2"}}, .groups = {{}, {.name = "rack7"}}};
  HealthFacts health;
  take_list(view, health);
  const std::array<Result, 2> round{{{.host = "web1", .outcome = Outcome::reply},
                                     {.host = "web2",
                                      .outcome = Outcome::no_reply,
                                      .cause = Cause::gateway_silent,
                                      .cause_address = *Address::parse("192.0.2.254")}}};
  static_cast<void>(observe_round(health, round));
  const auto changes = observe_round(health, round);
  BOOST_TEST_REQUIRE(changes.size() == 1U);
  const Json change = checked(change_jsonl(changes[0], WallTime{}));
  BOOST_TEST(change["host"] == "web1");
  BOOST_TEST(change["from"] == "unknown");
  BOOST_TEST(change["state"] == "up");
  BOOST_TEST(!change.contains("group"));
  const Json rack = checked(change_jsonl(
      {.name = "rack7", .group = true, .to = State::down, .reason = "r", .members = {"web\"1"}}, WallTime{}));
  BOOST_TEST(rack["group"] == "rack7");
  BOOST_TEST(rack["members"][0] == "web\"1");
  const Json host = checked(host_state_jsonl(health, "web2", WallTime{}));
  BOOST_TEST(host["state"] == "unknown");
  BOOST_TEST(host["cause"] == "gateway-silent");
  BOOST_TEST(host["cause_address"] == "192.0.2.254");
  const Json group = checked(group_state_jsonl(health, "rack7", WallTime{}));
  BOOST_TEST(group["state"] == "up");
  BOOST_TEST(group["up"] == 1);
  BOOST_TEST(group["size"] == 1);
  BOOST_TEST(group["quorum"] == true);
}

BOOST_AUTO_TEST_CASE(a_run_ends_with_the_states, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const test::TestFolder folder;
    const std::string arguments = "--health " + (folder / "state") + " -f " + (folder / "hosts");
    test::write_file(folder / "hosts", "192.0.2.1\n@lo\n127.0.0.1\n127.0.0.2\n");
    static_cast<void>(test::command_run(arguments));
    const auto run = test::command_run("--format jsonl -q -r 0 -t 100 " + arguments);
    BOOST_TEST(run.status == 0);
    BOOST_TEST(kinds_of(run)["health"] == 5);
    const auto health = lines_of_kind(run, "health");
    BOOST_TEST(health.at(0)["scope"] == "change");
    BOOST_TEST(health.at(0)["group"] == "lo");
    BOOST_TEST(health.at(1)["host"] == "192.0.2.1");
    BOOST_TEST(health.at(1)["cause"] == "no-route");
    BOOST_TEST(health.at(4)["group"] == "lo");
    BOOST_TEST(health.at(4)["state"] == "up");
    BOOST_TEST(Json::parse(test::lines_of(run.out).back())["kind"] == "run");
  });
}

BOOST_AUTO_TEST_CASE(wrong_lines_do_not_fit_the_schema) {
  const Json good = Json::parse(round_jsonl(1, 2, 1));
  BOOST_TEST(schema().fault(good) == "");
  const auto with = [&](const char* name, const Json& value) {
    Json line = good;
    line[name] = value;
    return line;
  };
  BOOST_TEST(schema().fault(with("sent", -1)) != "");
  BOOST_TEST(schema().fault(with("sent", 0.5)) != "");
  BOOST_TEST(schema().fault(with("schema", "multiping/2")) != "");
  BOOST_TEST(schema().fault(with("kind", "rounds")) != "");
  BOOST_TEST(schema().fault(with("more", 1)) != "");
  Json less = good;
  less.erase("lost");
  BOOST_TEST(schema().fault(less) != "");
  const Json time = Json::parse(start_jsonl(View{}.view, WallTime{}));
  Json late = time;
  late["time"] = "yesterday";
  BOOST_TEST(schema().fault(time) == "");
  BOOST_TEST(schema().fault(late) != "");
}

BOOST_AUTO_TEST_CASE(each_line_of_real_runs_fits_the_schema,
                     *boost::unit_test::precondition(test::needs_command_network)) {
  test::in_namespace([] {
    test::make_command_network();
    const auto rounds = test::command_run("--format jsonl -c 2 -p 50 -t 300 10.2.0.2 10.9.0.1 10.7.0.1 fd02::2 10.1");
    BOOST_TEST(rounds.status == 2);
    auto kinds = kinds_of(rounds);
    BOOST_TEST(kinds["start"] == 1);
    BOOST_TEST(kinds["unresolved"] == 1);
    BOOST_TEST(kinds["reply"] == 4);
    BOOST_TEST(kinds["error"] == 2);
    BOOST_TEST(kinds["timeout"] == 4);
    BOOST_TEST(kinds["round"] == 2);
    BOOST_TEST(kinds["host"] == 4);
    BOOST_TEST(kinds["run"] == 1);
    const Json run = lines_of_kind(rounds, "run").at(0);
    BOOST_TEST(run["alive"] == 2);
    BOOST_TEST(run["sent"] == 8);
    BOOST_TEST(run["received"] == 4);
    BOOST_TEST(run["icmp_errors"] == kinds["error"]);
    BOOST_TEST(lines_of_kind(rounds, "error").at(0)["icmp"]["text"] == "host unreachable");
    BOOST_TEST(lines_of_kind(rounds, "error").at(0)["responder"] == "10.1.0.2");

    const auto once = test::command_run("--format jsonl -r 0 -t 200 --why --tcp 9 10.2.0.2 10.9.0.1 10.2.0.2:80");
    kinds = kinds_of(once);
    BOOST_TEST(kinds["reply"] == 2);
    BOOST_TEST(kinds["timeout"] == 1);
    BOOST_TEST(kinds["why"] == 1);
    BOOST_TEST(lines_of_kind(once, "why").at(0)["reached"] == false);

    BOOST_TEST(kinds_of(test::command_run("--format jsonl -q -r 0 10.2.0.2")).size() == 2U);
    BOOST_TEST(kinds_of(test::command_run("--format jsonl -a -r 0 -t 100 10.2.0.2 10.9.0.1")).count("timeout") == 0U);
    BOOST_TEST(kinds_of(test::command_run("--format jsonl -u -r 0 -t 100 10.2.0.2 10.9.0.1")).count("reply") == 0U);
    BOOST_TEST(kinds_of(test::command_run("--format jsonl -c 3 -p 200 -Q 0.1 10.2.0.2"))["host"] > 1);
  });
}

BOOST_AUTO_TEST_CASE(the_tasks_fit_the_schema_too, *boost::unit_test::precondition(test::needs_command_network)) {
  test::in_namespace([] {
    test::make_command_network();
    const auto trace = test::command_run("--format jsonl --trace --no-names 10.2.0.2 10.7.0.1");
    BOOST_TEST(kinds_of(trace)["route"] == 2);
    const auto routes = lines_of_kind(trace, "route");
    BOOST_TEST(routes.at(0)["reached"] == true);
    BOOST_TEST(routes.at(0)["hops"].size() == 2U);
    BOOST_TEST(routes.at(1)["reached"] == false);
    BOOST_TEST(lines_of_kind(test::command_run("--format jsonl --mtu 10.2.0.2"), "mtu").at(0)["mtu"] == 1500);
    BOOST_TEST(kinds_of(test::command_run("--format jsonl --mtu 10.2.0.2"))["mtu"] == 1);
    BOOST_TEST(kinds_of(test::command_run("--format jsonl --wait all --within 20 10.2.0.2 fd02::2"))["up"] == 2);
    const auto stopped = test::shell_run(std::string{"timeout --preserve-status -s INT 1 "} + MULTIPING_COMMAND +
                                         " --format jsonl -l -p 100 10.2.0.2");
    BOOST_TEST(kinds_of(stopped)["host"] == 1);
    BOOST_TEST(lines_of_kind(stopped, "run").at(0)["stopped"] == true);
  });
}

BOOST_AUTO_TEST_CASE(names_that_are_no_text_do_not_break_the_json, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const auto run = test::shell_run(std::string{R"(printf 'caf\351"\\.invalid\n127.0.0.1\n' | )"} + MULTIPING_COMMAND +
                                     " --format jsonl");
    BOOST_TEST(run.status == 2);
    BOOST_TEST(kinds_of(run)["reply"] == 1);
    BOOST_TEST(lines_of_kind(run, "unresolved").at(0)["host"] == "caf\xEF\xBF\xBD\"\\.invalid");
    const auto none = test::command_run("--format jsonl 10.1");
    BOOST_TEST(none.status == 2);
    BOOST_TEST(kinds_of(none)["run"] == 1);
  });
}

BOOST_AUTO_TEST_SUITE_END()
