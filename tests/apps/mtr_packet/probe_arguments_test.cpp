// Checks what each argument of send-probe asks for, and which values are refused.
#include "apps/mtr_packet/probe_arguments.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(mtr_packet_probe_arguments_test)

using namespace multiping;
using namespace multiping::mtr_packet;
using namespace std::chrono_literals;

namespace {

std::variant<AskedProbe, Refusal> read(const std::string& arguments) {
  const std::string line = "1 send-probe " + arguments;
  return read_probe(parse_command(line).value());
}

AskedProbe asked(const std::string& arguments) {
  const auto result = read(arguments);
  BOOST_REQUIRE(std::holds_alternative<AskedProbe>(result));
  return std::get<AskedProbe>(result);
}

ProbeOptions probe(const std::string& arguments) { return asked(arguments).submission.probe; }

bool is_refused(const std::string& arguments, Refusal reason = Refusal::argument) {
  const auto result = read(arguments);
  const auto* refusal = std::get_if<Refusal>(&result);
  return refusal != nullptr && *refusal == reason;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_defaults_are_those_of_mtr_packet) {
  const AskedProbe plain = asked("ip-4 192.0.2.1");
  BOOST_TEST(plain.target == *Address::parse("192.0.2.1"));
  const ProbeOptions expected{.ttl = 255, .payload_size = 36};
  BOOST_TEST((plain.submission.probe == expected));
  BOOST_TEST((Duration{plain.submission.timeout} == 10s));
  BOOST_TEST(plain.submission.retry == 0);
  BOOST_TEST(plain.submission.fail_fast);
  BOOST_TEST(probe("ip-6 2001:db8::1").payload_size == 16U);
}

BOOST_AUTO_TEST_CASE(every_argument_is_asked_for) {
  const AskedProbe all = asked(
      "ip-4 192.0.2.1 protocol udp port 53 local-port 5000 local-ip-4 192.0.2.2 local-device eth0 timeout 3 ttl 7 "
      "size 100 bit-pattern 171 tos 184 mark 4294967295");
  const ProbeOptions expected{.protocol = Protocol::udp,
                              .port = 53,
                              .source_port = 5000,
                              .source_v4 = *Address::parse("192.0.2.2"),
                              .device = "eth0",
                              .ttl = 7,
                              .tos = 184,
                              .payload_size = 72,
                              .pattern = {171},
                              .mark = 4'294'967'295U};
  BOOST_TEST((all.submission.probe == expected));
  BOOST_TEST((Duration{all.submission.timeout} == 3s));
  BOOST_TEST(probe("ip-6 ::1 local-ip-6 2001:db8::9").source_v6 == *Address::parse("2001:db8::9"));
}

BOOST_AUTO_TEST_CASE(the_size_counts_headers) {
  BOOST_TEST(probe("ip-4 192.0.2.1 size 28").payload_size == 0U);
  BOOST_TEST(probe("ip-4 192.0.2.1 size 20").payload_size == 0U);
  BOOST_TEST(probe("ip-4 192.0.2.1 size 29").payload_size == 1U);
  BOOST_TEST(probe("ip-6 ::1 size 49").payload_size == 1U);
  BOOST_TEST(probe("ip-6 ::1 size 9000").payload_size == 8952U);
  BOOST_TEST(probe("ip-4 192.0.2.1 size 9000 protocol tcp").payload_size == 0U);
}

/// mtr gives them with every protocol.
BOOST_AUTO_TEST_CASE(what_a_protocol_does_not_have_is_left_out) {
  const ProbeOptions icmp = probe("ip-4 192.0.2.1 port 7 local-port 5000");
  BOOST_TEST((icmp.port == 0 && icmp.source_port == 0));
  const ProbeOptions tcp = probe("ip-4 192.0.2.1 protocol tcp port 443 local-port 5000 tos 255 bit-pattern 9");
  BOOST_TEST((tcp.port == 443 && tcp.source_port == 5000 && tcp.tos == 252 && tcp.pattern.empty()));
  const ProbeOptions sctp = probe("ip-4 192.0.2.1 protocol sctp port 9 local-port 5000");
  BOOST_TEST((sctp.port == 9 && sctp.source_port == 0));
}

BOOST_AUTO_TEST_CASE(the_last_of_two_counts_and_unknown_names_do_not) {
  BOOST_TEST(probe("ip-4 192.0.2.1 ttl 1 ttl 9").ttl.value() == 9);
  BOOST_TEST(asked("ip-4 192.0.2.1 ip-6 ::1").target == *Address::parse("::1"));
  BOOST_TEST(asked("colour blue ip-4 192.0.2.1").target == *Address::parse("192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(values_out_of_range_are_refused) {
  for (const char* bad : {"ttl 256",
                          "ttl 0",
                          "ttl -1",
                          "ttl x",
                          "port 70000",
                          "port -1",
                          "local-port 1023",
                          "local-port 65536",
                          "size -1",
                          "size 9001",
                          "size 1x",
                          "bit-pattern 256",
                          "bit-pattern -1",
                          "tos 256",
                          "tos -1",
                          "timeout -1",
                          "timeout 0.5",
                          "timeout 2147483648",
                          "mark -1",
                          "mark 4294967296",
                          "mark 0x10",
                          "protocol gre",
                          "protocol ICMP",
                          "local-ip-4 ::1",
                          "local-ip-4 host",
                          "local-ip-6 ::1",
                          "local-device interface-of-17ch",
                          "ip-6 192.0.2.1"})
    BOOST_TEST(is_refused(std::string{"ip-4 192.0.2.1 "} + bad), bad);
  for (const char* bad : {"ip-4 ::1", "ip-4 host", "ip-4 10.1", "ip-6 ::ffff:192.0.2.1", "ip-6 1.2.3.4"})
    BOOST_TEST(is_refused(bad), bad);
}

BOOST_AUTO_TEST_CASE(without_a_target_there_is_no_ip_version) {
  BOOST_TEST(is_refused("ttl 1", Refusal::version));
  BOOST_TEST(is_refused("local-ip-4 192.0.2.1", Refusal::version));
}

BOOST_AUTO_TEST_SUITE_END()
