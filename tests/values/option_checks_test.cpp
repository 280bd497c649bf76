// Tests that options out of range, and options that a protocol does not have, are refused by name and never ignored.
#include "values/option_checks.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/error.hpp"

using namespace multiping;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(option_checks)

namespace {

/// How the options were refused.
struct Refusal {
  std::string text{};
  std::error_code error{};
};

template <class Checked>
Refusal refusal_of(const Checked& options) {
  try {
    check(options);
  } catch (const std::invalid_argument& refused) {
    return {refused.what(), {}};
  } catch (const std::system_error& refused) {
    return {refused.what(), refused.code()};
  }
  return {"accepted", {}};
}

std::string timeout_refusal(Timeout timeout) {
  try {
    return "accepted: " + std::to_string(checked_timeout(timeout, "timeout").count());
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
}

struct ProbeCase {
  ProbeOptions probe;
  std::string text;
};
std::ostream& operator<<(std::ostream& out, const ProbeCase& probe) { return out << probe.text; }

const std::vector<ProbeCase> wrong_probes{
    {{.protocol = static_cast<Protocol>(4)}, "ProbeOptions::protocol is 4; it must be icmp, udp, tcp or sctp"},
    {{.family = static_cast<Family>(3)}, "ProbeOptions::family is 3; it must be any, ipv4 or ipv6"},
    {{.port = -1}, "ProbeOptions::port is -1; it must be 0 to 65535"},
    {{.port = 65'536}, "ProbeOptions::port is 65536; it must be 0 to 65535"},
    {{.port = 80}, "ProbeOptions::port is 80; it must be 0: ICMP has no ports"},
    {{.source_port = 65'536}, "ProbeOptions::source_port is 65536; it must be 0 to 65535"},
    {{.source_port = 1}, "ProbeOptions::source_port is 1; it must be 0: ICMP has no ports"},
    {{.source_v4 = *Address::parse("2001:db8::1")},
     "ProbeOptions::source_v4 is 2001:db8::1; it must be an IPv4 address"},
    {{.source_v6 = *Address::parse("192.0.2.1")}, "ProbeOptions::source_v6 is 192.0.2.1; it must be an IPv6 address"},
    {{.ttl = 0}, "ProbeOptions::ttl is 0; it must be 1 to 255"},
    {{.ttl = 256}, "ProbeOptions::ttl is 256; it must be 1 to 255"},
    {{.tos = -1}, "ProbeOptions::tos is -1; it must be 0 to 255"},
    {{.tos = 256}, "ProbeOptions::tos is 256; it must be 0 to 255"},
    {{.payload_size = 65'508}, "ProbeOptions::payload_size is 65508; it must be 0 to 65507"},
    {{.family = Family::ipv6, .payload_size = 65'528}, "ProbeOptions::payload_size is 65528; it must be 0 to 65527"},
    {{.family = Family::ipv4, .payload_size = 65'520}, "ProbeOptions::payload_size is 65520; it must be 0 to 65507"},
    {{.flow_label = 1U << 20}, "ProbeOptions::flow_label is 1048576; it must be 0 to 1048575"},
    {{.protocol = Protocol::udp, .ttl = 0}, "ProbeOptions::ttl is 0; it must be 1 to 255"},
    {{.protocol = Protocol::udp, .payload_size = 65'508}, "ProbeOptions::payload_size is 65508; it must be 0 to 65507"},
    {{.protocol = Protocol::udp, .family = Family::ipv6, .payload_size = 65'528},
     "ProbeOptions::payload_size is 65528; it must be 0 to 65527"},
    {{.family = Family::ipv4, .flow_label = 1},
     "ProbeOptions::flow_label is 1; it must be unset for IPv4, which has none"},
    {{.payload_size = 0, .flow = 7},
     "ProbeOptions::payload_size is 0; it must be 2 or more for ICMP with a ProbeOptions::flow"},
    {{.payload_size = 1, .flow = 0},
     "ProbeOptions::payload_size is 1; it must be 2 or more for ICMP with a ProbeOptions::flow"},
    {{.half_open = true}, "ProbeOptions::half_open is true; it must be false: only TCP has half-open connections"},
    {{.protocol = Protocol::udp, .half_open = true},
     "ProbeOptions::half_open is true; it must be false: only TCP has half-open connections"},
    {{.device = "sixteen-letters!"},
     "ProbeOptions::device is sixteen-letters!; it must be the name of an interface, at most 15 characters"},
    {{.device = std::string{"a\0b", 3}},
     "ProbeOptions::device is \"a\\x00b\"; it must be the name of an interface, at most 15 characters"},
};

const std::vector<ProbeCase> unsupported_probes{
    {{.protocol = Protocol::tcp, .payload_size = 100}, "ProbeOptions::payload_size with TCP or SCTP"},
    {{.protocol = Protocol::sctp, .payload_size = 1}, "ProbeOptions::payload_size with TCP or SCTP"},
    {{.protocol = Protocol::tcp, .pattern = {1}}, "ProbeOptions::pattern with TCP or SCTP"},
    {{.protocol = Protocol::tcp, .random_payload = true}, "ProbeOptions::random_payload with TCP or SCTP"},
    {{.protocol = Protocol::sctp, .random_payload = true}, "ProbeOptions::random_payload with TCP or SCTP"},
    {{.protocol = Protocol::sctp, .payload_size = 0, .pattern = {1, 2}}, "ProbeOptions::pattern with TCP or SCTP"},
    {{.protocol = Protocol::sctp, .flow = 0}, "ProbeOptions::flow with SCTP"},
    {{.protocol = Protocol::tcp, .tos = 0xbb}, "ProbeOptions::tos 187, with ECN bits, for a TCP connection"},
    {{.protocol = Protocol::tcp, .family = Family::ipv6, .tos = 1},
     "ProbeOptions::tos 1, with ECN bits, for a TCP connection"},
};

const std::vector<ProbeCase> right_probes{
    {{.protocol = Protocol::udp, .port = 53, .source_port = 65'535, .payload_size = 65'507, .pattern = {7}}, "udp"},
    {{.protocol = Protocol::udp, .family = Family::ipv6, .payload_size = 65'527}, "udp over ipv6"},
    {{.protocol = Protocol::tcp, .port = 443}, "tcp"},
    {{.protocol = Protocol::tcp, .payload_size = 0, .half_open = true}, "half-open tcp"},
    {{.protocol = Protocol::tcp, .tos = 0xb8}, "tcp with a DSCP"},
    {{.protocol = Protocol::tcp, .tos = 0xbb, .half_open = true}, "half-open tcp with ECN bits"},
    {{.protocol = Protocol::sctp, .tos = 3}, "sctp with ECN bits"},
    {{.protocol = Protocol::sctp, .port = 65'535, .source_port = 1}, "sctp"},
    {{.source_v4 = *Address::parse("127.0.0.1"), .source_v6 = *Address::parse("::1")}, "sources"},
    {{.device = "fifteen-letters"}, "device"},
    {{.mark = 0xffffffffU}, "mark"},
    {{.flow_label = (1U << 20) - 1}, "flow label"},
    {{.family = Family::ipv6, .flow_label = 0}, "flow label of ipv6"},
    {{.dont_fragment = true}, "don't fragment"},
    {{.payload_size = 2, .flow = 0xffff}, "flow of the smallest messages"},
    {{.protocol = Protocol::udp, .payload_size = 0, .flow = 0}, "flow of empty datagrams"},
    {{.protocol = Protocol::tcp, .source_port = 9, .flow = 1}, "flow of a port that is asked for"},
};

}  // namespace

BOOST_DATA_TEST_CASE(a_value_out_of_range_is_named_with_its_range, data::make(wrong_probes)) {
  const auto refusal = refusal_of(sample.probe);
  BOOST_TEST(refusal.text == sample.text);
  BOOST_TEST(!refusal.error);
}

BOOST_DATA_TEST_CASE(what_is_in_range_is_accepted, data::make(right_probes)) {
  BOOST_TEST(refusal_of(sample.probe).text == "accepted");
}

BOOST_DATA_TEST_CASE(an_option_that_the_protocol_does_not_have_is_named, data::make(unsupported_probes)) {
  const auto refusal = refusal_of(sample.probe);
  BOOST_TEST(refusal.text == sample.text + ": not supported by this protocol or transport");
  BOOST_TEST(refusal.error == make_error_code(Errc::not_supported));
}

BOOST_AUTO_TEST_CASE(the_ends_of_every_range_are_in_it) {
  BOOST_TEST(refusal_of(ProbeOptions{}).text == "accepted");
  BOOST_TEST(refusal_of(ProbeOptions{.ttl = 1, .tos = 0, .payload_size = 0}).text == "accepted");
  BOOST_TEST(refusal_of(ProbeOptions{.ttl = 255, .tos = 255, .payload_size = 65'507}).text == "accepted");
  BOOST_TEST(refusal_of(ProbeOptions{.family = Family::ipv6, .payload_size = 65'527}).text == "accepted");
  BOOST_TEST(refusal_of(ProbeOptions{.pattern = std::vector<std::uint8_t>(100'000)}).text == "accepted");
}

BOOST_AUTO_TEST_CASE(a_payload_is_random_or_has_a_pattern) {
  BOOST_TEST(refusal_of(ProbeOptions{.random_payload = true}).text == "accepted");
  BOOST_TEST(refusal_of(ProbeOptions{.pattern = {1}, .random_payload = true}).text ==
             "ProbeOptions::random_payload is true; it must be false with a ProbeOptions::pattern");
}

BOOST_AUTO_TEST_CASE(lookups_are_bounded) {
  BOOST_TEST(refusal_of(ResolveOptions{}).text == "accepted");
  BOOST_TEST(refusal_of(ResolveOptions{.timeout = 0s, .parallel = 1}).text == "accepted");
  BOOST_TEST(refusal_of(ResolveOptions{.timeout = std::chrono::hours::max(), .parallel = 256}).text == "accepted");
  BOOST_TEST(refusal_of(ResolveOptions{.parallel = 0}).text == "ResolveOptions::parallel is 0; it must be 1 to 256");
  BOOST_TEST(refusal_of(ResolveOptions{.parallel = 257}).text ==
             "ResolveOptions::parallel is 257; it must be 1 to 256");
  BOOST_TEST(refusal_of(ResolveOptions{.timeout = -5ms}).text ==
             "ResolveOptions::timeout is -5 ms; it must be 0 or more");
  BOOST_TEST(refusal_of(ResolveOptions{.family = static_cast<Family>(7)}).text ==
             "ResolveOptions::family is 7; it must be any, ipv4 or ipv6");
}

BOOST_AUTO_TEST_CASE(a_batch_is_checked_with_its_parts) {
  using Limits = std::numeric_limits<double>;
  BOOST_TEST(refusal_of(Options{}).text == "accepted");
  BOOST_TEST(refusal_of(Options{.threads = 64, .max_rate = 0.5}).text == "accepted");
  BOOST_TEST(refusal_of(Options{.threads = -1}).text == "Options::threads is -1; it must be 0 or more");
  BOOST_TEST(refusal_of(Options{.max_rate = -0.5}).text ==
             "Options::max_rate is -0.5; it must be 0 or more, and finite");
  BOOST_TEST(refusal_of(Options{.max_rate = Limits::infinity()}).text ==
             "Options::max_rate is inf; it must be 0 or more, and finite");
  BOOST_TEST(refusal_of(Options{.max_rate = Limits::quiet_NaN()}).text ==
             "Options::max_rate is nan; it must be 0 or more, and finite");
  BOOST_TEST(refusal_of(Options{.resolve = {.parallel = 0}}).text ==
             "ResolveOptions::parallel is 0; it must be 1 to 256");
  BOOST_TEST(refusal_of(Options{.probe = {.ttl = 0}}).text == "ProbeOptions::ttl is 0; it must be 1 to 255");
}

BOOST_AUTO_TEST_CASE(a_time_is_not_negative_and_a_number) {
  constexpr std::chrono::duration<double> not_a_number{std::numeric_limits<double>::quiet_NaN()};
  BOOST_TEST(timeout_refusal(0s) == "accepted: 0");
  BOOST_TEST(timeout_refusal(0.5s) == "accepted: 500000000");
  BOOST_TEST((checked_timeout(std::chrono::hours::max(), "timeout") == Duration::max()));
  BOOST_TEST(timeout_refusal(-0.5s) == "timeout is -500 ms; it must be 0 or more");
  BOOST_TEST(timeout_refusal(not_a_number) == "timeout is -1 ns or not a number; it must be 0 or more");
}

BOOST_AUTO_TEST_SUITE_END()
