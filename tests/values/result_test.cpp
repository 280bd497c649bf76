// Tests results as text: the names of outcomes, every ICMP error in use, and the line for a result.
#include "multiping/result.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "multiping/error.hpp"

using namespace multiping;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(result)

namespace {

std::string text_of(const Result& result) {
  std::ostringstream out;
  out << result;
  return out.str();
}

std::string words(std::uint8_t type, std::uint8_t code, Family family, std::uint32_t mtu = 0) {
  return describe({.type = type, .code = code, .mtu = mtu}, family);
}

const Address localhost = Address::v4({127, 0, 0, 1});
const Address target = Address::v4({10, 0, 0, 9});
const Address router = Address::v4({10, 0, 0, 1});
const auto host_unreachable = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 1});
const auto ttl_exceeded = std::make_shared<const IcmpError>(IcmpError{.type = 11, .code = 0});
const auto closed_port = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 3});
const auto labelled = std::make_shared<const IcmpError>(
    IcmpError{.type = 11,
              .mpls = {{.label = 16'004, .ttl = 1}, {.label = 24'001, .bottom_of_stack = true, .ttl = 1}},
              .interfaces = {{.name = "ge-0/0/1"}, {.index = 7}, {.name = "\x1b[2J"}}});

struct Line {
  Result result;
  std::string text;
};
std::ostream& operator<<(std::ostream& out, const Line& line) { return out << line.text; }

const std::vector<Line> lines{
    {{.host = "localhost", .address = localhost, .outcome = Outcome::reply, .rtt = 21us, .attempt = 1},
     "localhost (127.0.0.1): reply in 0.021 ms"},
    {{.host = "127.0.0.1", .address = localhost, .outcome = Outcome::reply, .rtt = 1'234'567us, .attempt = 1},
     "127.0.0.1: reply in 1234.567 ms"},
    {{.host = "::FFFF:127.0.0.1", .address = localhost, .outcome = Outcome::reply, .rtt = 0ns, .attempt = 3},
     "::FFFF:127.0.0.1: reply in 0.000 ms, attempt 3"},
    {{.host = "10.0.0.9",
      .address = target,
      .outcome = Outcome::reply,
      .rtt = 5ms,
      .attempt = 1,
      .payload_altered = true},
     "10.0.0.9: reply in 5.000 ms, payload altered"},
    {{.host = "10.0.0.9", .address = target, .outcome = Outcome::refused, .rtt = 250us, .attempt = 1},
     "10.0.0.9: refused in 0.250 ms"},
    {{.host = "192.0.2.1",
      .address = *Address::parse("192.0.2.1"),
      .outcome = Outcome::refused,
      .rtt = 40us,
      .attempt = 1,
      .protocol = Protocol::tcp,
      .port = 443},
     "192.0.2.1 tcp/443: refused in 0.040 ms"},
    {{.host = "localhost",
      .address = localhost,
      .outcome = Outcome::no_reply,
      .attempt = 1,
      .protocol = Protocol::udp,
      .port = 33'434},
     "localhost (127.0.0.1) udp/33434: no-reply after 1 attempt"},
    {{.host = "192.0.2.9", .address = *Address::parse("192.0.2.9"), .outcome = Outcome::no_reply, .attempt = 3},
     "192.0.2.9: no-reply after 3 attempts"},
    {{.host = "192.0.2.9",
      .address = *Address::parse("192.0.2.9"),
      .outcome = Outcome::no_reply,
      .responder = *Address::parse("192.0.2.1"),
      .attempt = 1},
     "192.0.2.9: no-reply after 1 attempt, but 192.0.2.1 answered"},
    {{.host = "192.0.2.9",
      .address = *Address::parse("192.0.2.9"),
      .outcome = Outcome::reply,
      .rtt = 1500us,
      .responder = *Address::parse("192.0.2.1"),
      .attempt = 2},
     "192.0.2.9: reply in 1.500 ms from 192.0.2.1, attempt 2"},
    {{.host = "10.0.0.9", .address = target, .outcome = Outcome::no_reply, .attempt = 1},
     "10.0.0.9: no-reply after 1 attempt"},
    {{.host = "10.0.0.9", .address = target}, "10.0.0.9: pending, not sent"},
    {{.host = "10.0.0.9", .address = target, .attempt = 2}, "10.0.0.9: pending after 2 attempts"},
    {{.host = "10.0.0.9",
      .address = target,
      .outcome = Outcome::unreachable,
      .responder = router,
      .icmp = host_unreachable},
     "10.0.0.9: unreachable: host unreachable, says 10.0.0.1"},
    {{.host = "10.0.0.9",
      .address = target,
      .outcome = Outcome::unreachable,
      .responder = target,
      .icmp = host_unreachable},
     "10.0.0.9: unreachable: host unreachable"},
    {{.host = "10.0.0.9",
      .address = target,
      .outcome = Outcome::unreachable,
      .error = std::make_error_code(std::errc::host_unreachable)},
     "10.0.0.9: unreachable: No route to host"},
    {{.host = "a.example",
      .address = target,
      .outcome = Outcome::ttl_expired,
      .rtt = 1ms,
      .responder = router,
      .icmp = ttl_exceeded},
     "a.example (10.0.0.9): ttl-expired: time to live exceeded, says 10.0.0.1"},
    {{.host = "10.0.0.9", .address = target, .outcome = Outcome::refused, .rtt = 100us, .attempt = 1},
     "10.0.0.9: refused in 0.100 ms"},
    {{.host = "10.0.0.9",
      .address = target,
      .outcome = Outcome::refused,
      .rtt = 2ms,
      .attempt = 2,
      .icmp = closed_port},
     "10.0.0.9: refused in 2.000 ms, attempt 2, port unreachable"},
    {{.host = "10.0.0.9", .address = target, .outcome = Outcome::ttl_expired, .responder = router, .icmp = labelled},
     "10.0.0.9: ttl-expired: time to live exceeded, says 10.0.0.1, MPLS 16004 24001, interface ge-0/0/1, "
     "interface \"\\x1b[2J\""},
    {{.host = "nosuch.invalid", .outcome = Outcome::unresolved, .error = Errc::no_address},
     "nosuch.invalid: unresolved: no such name or address"},
    {{.host = "1.2.3.4\njunk", .outcome = Outcome::unresolved, .error = Errc::no_address},
     "\"1.2.3.4\\x0ajunk\": unresolved: no such name or address"},
    {{.host = "10.0.0.9",
      .address = target,
      .outcome = Outcome::send_failed,
      .error = std::make_error_code(std::errc::network_unreachable)},
     "10.0.0.9: send-failed: Network is unreachable"},
    {{.address = target, .outcome = Outcome::send_failed}, "10.0.0.9: send-failed"},
    {{.host = "odd", .outcome = static_cast<Outcome>(99)}, "odd: unknown"},
};

}  // namespace

BOOST_AUTO_TEST_CASE(outcomes_have_names) {
  BOOST_TEST(to_string(Outcome::pending) == "pending");
  BOOST_TEST(to_string(Outcome::reply) == "reply");
  BOOST_TEST(to_string(Outcome::refused) == "refused");
  BOOST_TEST(to_string(Outcome::ttl_expired) == "ttl-expired");
  BOOST_TEST(to_string(Outcome::unreachable) == "unreachable");
  BOOST_TEST(to_string(Outcome::no_reply) == "no-reply");
  BOOST_TEST(to_string(Outcome::unresolved) == "unresolved");
  BOOST_TEST(to_string(Outcome::send_failed) == "send-failed");
}

BOOST_AUTO_TEST_CASE(an_outcome_is_printed_by_name) {
  std::ostringstream out;
  out << Outcome::no_reply;
  BOOST_TEST(out.str() == "no-reply");
}

BOOST_AUTO_TEST_CASE(timestamp_sources_have_names) {
  BOOST_TEST(to_string(TimestampSource::none) == "none");
  BOOST_TEST(to_string(TimestampSource::user) == "user");
  BOOST_TEST(to_string(TimestampSource::kernel) == "kernel");
  BOOST_TEST(to_string(TimestampSource::hardware) == "hardware");
  BOOST_TEST(to_string(static_cast<TimestampSource>(9)) == "unknown");
}

BOOST_AUTO_TEST_CASE(the_living_have_answered) {
  BOOST_TEST(Result{.outcome = Outcome::reply}.answered());
  BOOST_TEST(Result{.outcome = Outcome::refused}.answered());
  for (const auto outcome : {Outcome::pending, Outcome::ttl_expired, Outcome::unreachable, Outcome::no_reply,
                             Outcome::unresolved, Outcome::send_failed}) {
    BOOST_TEST(!Result{.outcome = outcome}.answered());
  }
}

BOOST_AUTO_TEST_CASE(icmp_errors_are_told_in_plain_words) {
  BOOST_TEST(words(3, 0, Family::ipv4) == "network unreachable");
  BOOST_TEST(words(3, 1, Family::ipv4) == "host unreachable");
  BOOST_TEST(words(3, 3, Family::ipv4) == "port unreachable");
  BOOST_TEST(words(3, 13, Family::ipv4) == "communication administratively prohibited");
  BOOST_TEST(words(3, 15, Family::ipv4) == "precedence cutoff in effect");
  BOOST_TEST(words(4, 0, Family::ipv4) == "source quench");
  BOOST_TEST(words(5, 1, Family::ipv4) == "redirect for the host");
  BOOST_TEST(words(11, 0, Family::ipv4) == "time to live exceeded");
  BOOST_TEST(words(11, 1, Family::ipv4) == "fragment reassembly time exceeded");
  BOOST_TEST(words(12, 0, Family::ipv4) == "parameter problem");
  BOOST_TEST(words(12, 2, Family::ipv4) == "bad length");
  BOOST_TEST(words(43, 1, Family::ipv4) == "malformed query");
}

BOOST_AUTO_TEST_CASE(icmpv6_errors_are_told_in_plain_words) {
  BOOST_TEST(words(1, 0, Family::ipv6) == "no route to destination");
  BOOST_TEST(words(1, 3, Family::ipv6) == "address unreachable");
  BOOST_TEST(words(1, 4, Family::ipv6) == "port unreachable");
  BOOST_TEST(words(1, 8, Family::ipv6) == "headers too long");
  BOOST_TEST(words(2, 0, Family::ipv6) == "packet too big");
  BOOST_TEST(words(3, 0, Family::ipv6) == "hop limit exceeded");
  BOOST_TEST(words(4, 1, Family::ipv6) == "unrecognized next header");
  BOOST_TEST(words(4, 10, Family::ipv6) == "option too big");
  BOOST_TEST(words(161, 4, Family::ipv6) == "multiple interfaces satisfy the query");
}

BOOST_AUTO_TEST_CASE(a_packet_too_big_comes_with_its_mtu) {
  BOOST_TEST(words(3, 4, Family::ipv4, 1300) == "fragmentation needed, MTU 1300");
  BOOST_TEST(words(3, 4, Family::ipv4) == "fragmentation needed");
  BOOST_TEST(words(2, 0, Family::ipv6, 1280) == "packet too big, MTU 1280");
}

BOOST_AUTO_TEST_CASE(unknown_numbers_are_told_as_numbers) {
  BOOST_TEST(words(3, 99, Family::ipv4) == "destination unreachable, code 99");
  BOOST_TEST(words(11, 2, Family::ipv4) == "time exceeded, code 2");
  BOOST_TEST(words(4, 7, Family::ipv4) == "source quench, code 7");
  BOOST_TEST(words(99, 5, Family::ipv4) == "ICMP type 99, code 5");
  BOOST_TEST(words(1, 99, Family::ipv6) == "destination unreachable, code 99");
  BOOST_TEST(words(2, 1, Family::ipv6) == "packet too big, code 1");
  BOOST_TEST(words(99, 0, Family::ipv6) == "ICMPv6 type 99, code 0");
}

BOOST_AUTO_TEST_CASE(every_message_has_words_of_its_own) {
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    std::set<std::string> all;
    for (unsigned message = 0; message < 0x10000; ++message) {
      const auto text = words(static_cast<std::uint8_t>(message >> 8), static_cast<std::uint8_t>(message), family);
      BOOST_REQUIRE(!text.empty());
      all.insert(text);
    }
    BOOST_TEST(all.size() == 0x10000U);
  }
}

BOOST_DATA_TEST_CASE(a_result_is_one_line, data::make(lines)) { BOOST_TEST(text_of(sample.result) == sample.text); }

BOOST_AUTO_TEST_SUITE_END()
