// The table of probe options: every member has a row, and every protocol takes or refuses it as the row says.
// A member that is added to ProbeOptions without a row, or without a sample here, does not compile.
#include "values/probe_option_table.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/error.hpp"
#include "values/option_checks.hpp"

BOOST_AUTO_TEST_SUITE(probe_option_table_test)

using namespace multiping;

namespace {

/// A value other than the default for each option, in the order of the table, and the protocols that refuse it.
struct Sample {
  std::string_view name;
  ProbeOptions probe{};
  std::string_view no_sense{};       ///< std::invalid_argument with these protocols,
  std::string_view not_supported{};  ///< and Errc::not_supported with these.
};

std::vector<Sample> samples() {
  std::vector<Sample> all{{"protocol", {.protocol = Protocol::udp}},
                          {"family", {.family = Family::ipv4}},
                          {"port", {.port = 7}, "icmp"},
                          {"source_port", {.source_port = 7}, "icmp"},
                          {"source_v4", {.source_v4 = *Address::parse("192.0.2.1")}},
                          {"source_v6", {.source_v6 = *Address::parse("2001:db8::1")}},
                          {"device", {.device = "lo"}},
                          {"ttl", {.ttl = 7}},
                          {"tos", {.tos = 4}},
                          {"payload_size", {.payload_size = 7}, "", "tcp sctp"},
                          {"pattern", {.pattern = {7}}, "", "tcp sctp"},
                          {"mark", {.mark = 7}},
                          {"flow_label", {.flow_label = 7}},
                          {"dont_fragment", {.dont_fragment = true}},
                          {"half_open", {.half_open = true}, "icmp udp sctp"},
                          {"flow", {.flow = std::uint16_t{7}}, "", "sctp"},
                          {"random_payload", {.random_payload = true}, "", "tcp sctp"}};
  return all;
}

enum class Verdict : std::uint8_t { taken, no_sense, not_supported };

Verdict verdict(const ProbeOptions& probe) {
  try {
    check(probe);
  } catch (const std::invalid_argument&) {
    return Verdict::no_sense;
  } catch (const std::system_error& error) {
    BOOST_TEST(error.code() == Errc::not_supported);
    return Verdict::not_supported;
  }
  return Verdict::taken;
}

Verdict expected(const Sample& sample, Protocol protocol) {
  const std::string_view name = to_string(protocol);
  if (sample.no_sense.find(name) != std::string_view::npos) return Verdict::no_sense;
  return sample.not_supported.find(name) != std::string_view::npos ? Verdict::not_supported : Verdict::taken;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_member_has_one_row_and_one_sample) {
  const auto all = samples();
  BOOST_REQUIRE(all.size() == option_count());
  std::size_t at = 0;
  each_option([&](const auto& option) {
    BOOST_TEST(option.name == all[at].name);
    BOOST_TEST(!option.is_set(ProbeOptions{}), option.name << " is not set by default");
    each_option([&](const auto& other) {
      BOOST_TEST(other.is_set(all[at].probe) == (other.name == option.name), other.name << " in " << option.name);
    });
    ++at;
  });
}

BOOST_AUTO_TEST_CASE(every_protocol_takes_or_refuses_every_option) {
  for (const Sample& sample : samples())
    for (const Protocol protocol : {Protocol::icmp, Protocol::udp, Protocol::tcp, Protocol::sctp}) {
      ProbeOptions probe = sample.probe;
      if (sample.name != "protocol") probe.protocol = protocol;
      const Protocol asked = probe.protocol;
      BOOST_TEST((verdict(probe) == expected(sample, asked)), sample.name << " with " << to_string(asked));
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_names_the_option) {
  for (const Sample& sample : samples())
    for (const Protocol protocol : {Protocol::icmp, Protocol::udp, Protocol::tcp, Protocol::sctp}) {
      ProbeOptions probe = sample.probe;
      if (sample.name != "protocol") probe.protocol = protocol;
      try {
        check(probe);
      } catch (const std::exception& error) {
        const std::string name = "ProbeOptions::" + std::string{sample.name};
        BOOST_TEST(std::string{error.what()}.find(name) != std::string::npos, error.what());
      }
    }
}

BOOST_AUTO_TEST_CASE(numbers_out_of_their_range_are_refused_with_the_range) {
  const auto complaint = [](const ProbeOptions& probe) -> std::string {
    try {
      check(probe);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  BOOST_TEST(complaint({.ttl = 256}) == "ProbeOptions::ttl is 256; it must be 1 to 255");
  BOOST_TEST(complaint({.ttl = 0}) == "ProbeOptions::ttl is 0; it must be 1 to 255");
  BOOST_TEST(complaint({.tos = -1}) == "ProbeOptions::tos is -1; it must be 0 to 255");
  BOOST_TEST(complaint({.flow_label = 1U << 20U}) == "ProbeOptions::flow_label is 1048576; it must be 0 to 1048575");
  BOOST_TEST(complaint({.mark = 0xffff'ffffU}).empty());
  BOOST_TEST(complaint({.flow = std::uint16_t{0xffff}}).empty());
}

BOOST_AUTO_TEST_CASE(every_protocol_has_its_traits) {
  BOOST_TEST(destination_port({}) == 0);
  BOOST_TEST(destination_port({.protocol = Protocol::udp}) == 33'434);
  BOOST_TEST(destination_port({.protocol = Protocol::tcp}) == 80);
  BOOST_TEST(destination_port({.protocol = Protocol::sctp, .port = 9}) == 9);
  BOOST_TEST(connects({.protocol = Protocol::tcp}));
  BOOST_TEST(!connects({.protocol = Protocol::tcp, .half_open = true}));
  BOOST_TEST(!connects({.protocol = Protocol::sctp}));
  BOOST_TEST(needs_raw({.protocol = Protocol::sctp}));
  BOOST_TEST(needs_raw({.protocol = Protocol::tcp, .half_open = true}));
  BOOST_TEST(!needs_raw({.protocol = Protocol::tcp}));
  BOOST_TEST(!needs_raw({}));
}

BOOST_AUTO_TEST_SUITE_END()
