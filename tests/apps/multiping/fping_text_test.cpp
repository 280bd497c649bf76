// Checks the lines and the JSON of fping, as text. fping_lines_test.sh compares them with the program itself.
// All of it is pure.
#include "apps/multiping/fping_text.hpp"

#include <boost/test/unit_test.hpp>
#include <clocale>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/multiping/fping_json_text.hpp"

BOOST_AUTO_TEST_SUITE(fping_text_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;

Result reply(Duration rtt = 35us) {
  return {.host = "192.0.2.1",
          .address = *Address::parse("192.0.2.1"),
          .outcome = Outcome::reply,
          .rtt = rtt,
          .responder = *Address::parse("192.0.2.1"),
          .reply_ttl = 64,
          .reply_tos = std::uint8_t{16},
          .reply_size = 64};
}

Result error(std::uint8_t type, std::uint8_t code, const char* address = "192.0.2.1") {
  return {.address = *Address::parse(address),
          .outcome = Outcome::unreachable,
          .responder = *Address::parse("198.51.100.1"),
          .icmp = std::make_shared<IcmpError>(IcmpError{.type = type, .code = code})};
}

Tally tally() {
  Tally figures;
  figures.add_answer(30us);
  figures.add_answer(40us);
  figures.add_loss();
  return figures;
}

const std::chrono::system_clock::time_point moment{std::chrono::seconds{1795994601}};

}  // namespace

BOOST_AUTO_TEST_CASE(times_have_three_digits_in_every_locale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* locale : {"C", "de_DE.UTF-8"}) {
    std::setlocale(LC_ALL, locale);
    BOOST_TEST(time_text(35us) == "0.035");
    BOOST_TEST(time_text(1234us) == "1.23");
    BOOST_TEST(time_text(45670us) == "45.7");
    BOOST_TEST(time_text(1234567us) == "1235");
    BOOST_TEST(time_text(1234567ms) == "1.235e+06");
  }
  std::setlocale(LC_ALL, before.c_str());
}

BOOST_AUTO_TEST_CASE(answers_and_timeouts) {
  const LineHead head{.name = "host", .width = 6};
  BOOST_TEST(answer_line(head, 2, reply(), tally()) == "host   : [2], 64 bytes, 0.035 ms (0.035 avg, 33% loss)");
  Result connection = reply();
  connection.protocol = Protocol::tcp;
  connection.reply_size = 0;
  BOOST_TEST(answer_line(head, 2, connection, tally()) == "host   : [2], 0.035 ms (0.035 avg, 33% loss)");
  BOOST_TEST(timeout_line(head, 0, {.sent = 1}) == "host   : [0], timed out (NaN avg, 100% loss)");
  BOOST_TEST(duplicate_line("host", 1, reply()) == "host : duplicate for [1], 64 bytes, 0.035 ms");
}

BOOST_AUTO_TEST_CASE(what_options_add_to_an_answer) {
  Printing printing;
  BOOST_TEST(answer_extras(printing, reply()) == "");
  printing.reply_ttl = printing.reply_tos = true;
  BOOST_TEST(answer_extras(printing, reply()) == " (TOS 16) (TTL 64)");
  Result other = reply();
  other.responder = *Address::parse("192.0.2.9");
  BOOST_TEST(answer_extras({}, other) == " [<- 192.0.2.9]");
}

BOOST_AUTO_TEST_CASE(icmp_errors_have_fpings_names) {
  BOOST_TEST(icmp_error_line("host", error(3, 1)) ==
             "ICMP Host Unreachable from 198.51.100.1 for ICMP Echo sent to host");
  BOOST_TEST(icmp_error_line("host", error(11, 0)) ==
             "ICMP Time Exceeded from 198.51.100.1 for ICMP Echo sent to host");
  BOOST_TEST(icmp_error_name({.type = 3, .code = 13}, Family::ipv4) ==
             "ICMP Unreachable (Communication Administratively Prohibited)");
  BOOST_TEST(icmp_error_name({.type = 3, .code = 99}, Family::ipv4) == "ICMP Unreachable (Invalid Code)");
  BOOST_TEST(icmp_error_name({.type = 1, .code = 3}, Family::ipv6) == "ICMPv6 Address Unreachable");
  BOOST_TEST(icmp_error_name({.type = 3}, Family::ipv6) == "ICMPv6 Time Exceeded");
}

BOOST_AUTO_TEST_CASE(summaries) {
  CommandOptions options;
  options.period = 1s;
  const LineHead head{.name = "host", .width = 4};
  BOOST_TEST(summary_line(head, tally(), options) == "host : xmt/rcv/%loss = 3/2/33%, min/avg/max = 0.030/0.035/0.040");
  BOOST_TEST(summary_line(head, {}, options) == "host : xmt/rcv/%loss = 0/0/0%");
  options.printing.outage = true;
  BOOST_TEST(summary_line(head, {.sent = 2}, options) == "host : xmt/rcv/%loss = 2/0/100%, outage(ms) = 2000");
  const std::vector<Duration> times = {32us, Duration{-1}, 10us};
  BOOST_TEST(times_line(head, times) == "host : 0.032 - 0.010");
}

BOOST_AUTO_TEST_CASE(stamps) {
  BOOST_TEST(timestamp_text({}, moment) == "");
  BOOST_TEST(timestamp_text({.timestamp = true}, moment) == "[1795994601.00000] ");
  const std::string stamp = timestamp_text({.timestamp = true, .timestamp_format = "iso"}, moment);
  BOOST_TEST(stamp.size() == std::string{"[2026-11-29T23:23:21+0000] "}.size());
  BOOST_TEST(timestamp_text({.timestamp = true, .timestamp_format = "rfc3339"}, moment).at(11) == ' ');
  BOOST_TEST(timestamp_text({.timestamp = true, .timestamp_format = "ctime"}, moment).find("Nov") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(unresolved_names_say_why) {
  BOOST_TEST(unresolved_line({.host = "a", .error = Errc::no_address}) == "a: Name or service not known");
  BOOST_TEST(unresolved_line({.host = "a", .error = Errc::lookup_failed}) == "a: Temporary failure in name resolution");
  BOOST_TEST(unresolved_line({.host = "a\x1b[2J", .error = Errc::no_address}).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(json_lines_are_those_of_fping) {
  const Printing plain, with_ttl{.reply_ttl = true};
  CommandOptions options;
  BOOST_TEST(response_json("host", 0, reply(), {plain, moment}) ==
             R"({"resp": {"host": "host", "seq": 0, "size": 64, "rtt": 0.035}})");
  BOOST_TEST(response_json("host", 0, reply(), {with_ttl, moment}) ==
             R"({"resp": {"host": "host", "seq": 0, "size": 64, "rtt": 0.035, "ttl": 64}})");
  BOOST_TEST(timeout_json("host", 3, {plain, moment}) == R"({"timeout": {"host": "host", "seq": 3}})");
  BOOST_TEST(summary_json("host", tally(), options) ==
             R"({"summary": {"host": "host", "xmt": 3, "rcv": 2, "loss": 33, "rttMin": 0.030, "rttAvg": 0.035, )"
             R"("rttMax": 0.040}})");
  const std::vector<Duration> times = {51us, Duration{-1}};
  BOOST_TEST(values_json("host", times) == R"({"vSum": {"host": "host", "values": [0.051, null]}})");
}

/// Names are untrusted text; every line must be read by a parser.
BOOST_AUTO_TEST_CASE(json_lines_are_json) {
  CommandOptions options;
  options.printing.timestamp = options.printing.outage = true;
  const char* name = "a\"\\\n\xff";
  for (const std::string& line :
       {response_json(name, 0, reply(), {options.printing, moment}), timeout_json(name, 0, {options.printing, moment}),
        summary_json(name, tally(), options), interval_json(name, {}, options, moment), totals_json({})})
    BOOST_TEST(nlohmann::json::accept(line), line);
  BOOST_TEST(nlohmann::json::parse(response_json("h", 0, reply(), {options.printing, moment}))["resp"]["timestamp"] ==
             "1795994601.00000");
}

BOOST_AUTO_TEST_SUITE_END()
