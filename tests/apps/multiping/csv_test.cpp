// Checks --format csv: quoting, and that each row of real runs has as many fields as the header.
// The reader of the test follows RFC 4180.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <vector>

#include "apps/multiping/command_runs.hpp"
#include "apps/multiping/csv_text.hpp"

BOOST_AUTO_TEST_SUITE(csv_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;

using Row = std::vector<std::string>;

/// RFC 4180, with LF at the end of lines.
std::vector<Row> read_csv(const std::string& text) {
  std::vector<Row> rows;
  Row row(1);
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"') {
        row.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        row.back() += text[++at];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      BOOST_TEST(row.back() == "");
      quoted = true;
    } else if (c == ',') {
      row.emplace_back();
    } else if (c == '\n') {
      rows.push_back(std::move(row));
      row = Row(1);
    } else {
      row.back() += c;
    }
  }
  BOOST_TEST((row == Row(1)), "the last line has no end");
  BOOST_TEST(!quoted);
  return rows;
}

/// The rows under the names of the header.
std::vector<std::map<std::string, std::string>> table_of(const std::string& text) {
  const std::vector<Row> rows = read_csv(text);
  BOOST_REQUIRE(!rows.empty());
  std::vector<std::map<std::string, std::string>> table;
  for (std::size_t at = 1; at < rows.size(); ++at) {
    BOOST_TEST(rows[at].size() == rows[0].size());
    auto& entry = table.emplace_back();
    for (std::size_t column = 0; column < std::min(rows[at].size(), rows[0].size()); ++column)
      entry[rows[0][column]] = rows[at][column];
    BOOST_TEST(entry.size() == rows[0].size(), "two columns have one name");
  }
  return table;
}

auto table_of_run(const std::string& arguments) {
  const auto run = test::command_run("--format csv " + arguments);
  BOOST_TEST(run.err == "");
  return table_of(run.out);
}

}  // namespace

BOOST_AUTO_TEST_CASE(fields_are_quoted_where_they_must_be) {
  BOOST_TEST(csv_field("www.example.org") == "www.example.org");
  BOOST_TEST(csv_field("") == "");
  BOOST_TEST(csv_field("a,b") == "\"a,b\"");
  BOOST_TEST(csv_field("say \"no\"") == "\"say \"\"no\"\"\"");
  BOOST_TEST(csv_field("two\nlines") == "\"two\nlines\"");
  BOOST_TEST(csv_field("caf\xE9") == "caf\xEF\xBF\xBD");
  BOOST_TEST(csv_field(std::string_view{"a\0b", 3}) ==
             "a\xEF\xBF\xBD"
             "b");
}

BOOST_AUTO_TEST_CASE(a_name_is_no_formula) {
  BOOST_TEST(csv_field("=HYPERLINK(1)") == "'=HYPERLINK(1)");
  BOOST_TEST(csv_field("@a,b") == "\"'@a,b\"");
  BOOST_TEST(csv_field("-1") == "'-1");
  BOOST_TEST(csv_field("a=b") == "a=b");
}

BOOST_AUTO_TEST_CASE(rows_have_the_fields_of_their_header) {
  CommandOptions options;
  options.probe.protocol = Protocol::udp;
  RunFigures view{.options = &options};
  view.targets.push_back({.host = "a,b", .address = *Address::parse("2001:db8::1")});
  view.figures.resize(1);
  view.figures[0].all.add_answer(1234567ns);
  view.figures[0].all.add_loss();
  view.figures[0].all.add_loss();
  const Result lost{.outcome = Outcome::unreachable,
                    .responder = *Address::parse("2001:db8::2"),
                    .icmp = std::make_shared<IcmpError>(IcmpError{.type = 1, .code = 3}),
                    .cause = Cause::remote};
  const auto target = table_of(std::string{csv_target_header()} + csv_target_row(view, 0, {.name = "run"})).at(0);
  BOOST_TEST(target.at("host") == "a,b");
  BOOST_TEST(target.at("port") == "33434");
  BOOST_TEST(target.at("mean_ms") == "1.234567");
  BOOST_TEST(target.at("loss_percent") == "66.66666666666667");
  BOOST_TEST(target.at("outcome") == "reply");
  view.figures[0].interval.add_loss();
  const HostScope interval{.name = "interval", .interval = true, .fate = &lost};
  const auto silent = table_of(std::string{csv_target_header()} + csv_target_row(view, 0, interval)).at(0);
  BOOST_TEST(silent.at("alive") == "0");
  BOOST_TEST(silent.at("cause") == "remote");
  BOOST_TEST(silent.at("responder") == "2001:db8::2");
  BOOST_TEST(silent.at("sent") == "1");
  const RunTarget unknown{.host = "x", .error = std::make_error_code(std::errc::timed_out)};
  table_of(std::string{csv_target_header()} + csv_unresolved_row(unknown, {.name = "run"}));
  table_of(std::string{csv_route_header()} + csv_unresolved_route_row(unknown) + csv_route_rows(view, 0, {}));
  table_of(std::string{csv_mtu_header()} + csv_unresolved_mtu_row(unknown) + csv_mtu_row(view, 0, {.mtu = 1280}));
  table_of(std::string{csv_probe_header()} + csv_probe_row("timeout", view, {.target = 0, .result = lost}));
}

BOOST_AUTO_TEST_CASE(real_runs_are_tables, *boost::unit_test::precondition(test::needs_command_network)) {
  test::in_namespace([] {
    test::make_command_network();
    const auto summary = table_of_run("-c 2 -p 50 -t 300 10.2.0.2 10.9.0.1 10.7.0.1 10.1");
    BOOST_TEST(summary.size() == 4U);
    BOOST_TEST(summary.at(0).at("received") == "2");
    BOOST_TEST(summary.at(0).at("p99_ms") != "");
    BOOST_TEST(summary.at(1).at("loss_percent") == "100");
    BOOST_TEST(summary.at(1).at("outcome") == "no-reply");
    BOOST_TEST(summary.at(2).at("icmp") == "host unreachable");
    BOOST_TEST(summary.at(2).at("responder") == "10.1.0.2");
    BOOST_TEST(summary.at(3).at("outcome") == "unresolved");
    BOOST_TEST(summary.at(3).at("error") != "");
    const auto probes = table_of_run("-C 3 -p 50 -t 200 10.2.0.2 10.9.0.1");
    BOOST_TEST(probes.size() == 6U);
    BOOST_TEST(table_of_run("-r 0 -t 200 10.2.0.2 10.9.0.1").size() == 2U);
    BOOST_TEST(table_of_run("-a -r 0 -t 200 10.2.0.2 10.9.0.1").size() == 1U);
    BOOST_TEST(table_of_run("--trace --no-names 10.2.0.2").size() == 6U);
    BOOST_TEST(table_of_run("--mtu 10.2.0.2").at(0).at("mtu") == "1500");
  });
}

BOOST_AUTO_TEST_SUITE_END()
