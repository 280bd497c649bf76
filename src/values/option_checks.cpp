// Checks ranges first, so that a value out of range is std::invalid_argument even when the option is not supported.
// See values/option_checks.hpp.
#include "values/option_checks.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/number_text.hpp"
#include "multiping/error.hpp"
#include "multiping/result.hpp"
#include "values/probe_option_table.hpp"

namespace multiping {
namespace {

constexpr std::size_t longest_device_name = 15;  // IFNAMSIZ less the final zero, netdevice(7)
constexpr std::size_t compensation_size = 2;     // octets that keep the checksum of a flow's ICMP messages constant
constexpr int most_lookups = 256;
constexpr int longest_window = 1'000'000;  // rounds that are kept for each host

[[noreturn]] void refuse(std::string_view name, std::string_view value, std::string_view wanted) {
  std::string text{name};
  text.append(" is ").append(value).append("; it must be ").append(wanted);
  throw std::invalid_argument{text};
}
[[noreturn]] void refuse(std::string_view name, std::integral auto value, std::string_view wanted) {
  refuse(name, std::to_string(value), wanted);
}

template <class Number>
struct Range {
  Number least, most;
};

template <std::integral Number>
void check_range(std::string_view name, Number value, Range<Number> range) {
  if (value >= range.least && value <= range.most) return;
  refuse(name, value, std::to_string(range.least) + " to " + std::to_string(range.most));
}

/// Refuses not-a-number too.
void check_share(std::string_view name, double value, double most = 1, std::string_view wanted = "0 to 1") {
  if (!(value >= 0 && value <= most)) refuse(name, number_text(value), wanted);
}

void check_family(std::string_view name, Family family) {
  if (family > Family::ipv6) refuse(name, static_cast<int>(family), "any, ipv4 or ipv6");
}

void check_source(std::string_view name, const Address& source, Family family, std::string_view wanted) {
  if (source && source.family() != family) refuse(name, source.to_string(), wanted);
}

/// The value of a number that has one; nothing for other options.
template <std::integral Number>
std::optional<std::int64_t> number_of(const Number& value) noexcept {
  return static_cast<std::int64_t>(value);
}
template <std::integral Number>
std::optional<std::int64_t> number_of(const std::optional<Number>& value) noexcept {
  return value ? std::optional{static_cast<std::int64_t>(*value)} : std::nullopt;
}
std::optional<std::int64_t> number_of(const auto&) noexcept { return std::nullopt; }

std::string full_name(std::string_view option) { return "ProbeOptions::" + std::string{option}; }

void check_numbers(const ProbeOptions& probe) {
  each_option([&probe](const auto& option) {
    const auto number = number_of(probe.*option.member);
    const bool fits = !number || option.least > option.most || (*number >= option.least && *number <= option.most);
    if (!fits) check_range(full_name(option.name), *number, {option.least, option.most});
  });
}

void check_ranges(const ProbeOptions& probe) {
  if (probe.protocol > Protocol::sctp) {
    refuse("ProbeOptions::protocol", static_cast<int>(probe.protocol), "icmp, udp, tcp or sctp");
  }
  check_family("ProbeOptions::family", probe.family);
  check_source("ProbeOptions::source_v4", probe.source_v4, Family::ipv4, "an IPv4 address");
  check_source("ProbeOptions::source_v6", probe.source_v6, Family::ipv6, "an IPv6 address");
  check_numbers(probe);
  const auto most = probe.family == Family::ipv6 ? largest_ipv6_payload : largest_ipv4_payload;
  check_range("ProbeOptions::payload_size", probe.payload_size, {std::size_t{0}, most});
}

/// The packets that open a connection carry no payload. There, the default payload size means no payload.
bool is_no_payload(std::size_t size) noexcept { return size == 0; }
bool is_no_payload(const auto&) noexcept { return false; }

std::string shown(bool value) { return value ? "true" : "false"; }
std::string shown(const auto& value) { return value_text(value); }

/// Refuses options that the protocol does not have: first those that make no sense.
void check_protocol(const ProbeOptions& probe, OptionProtocols::Else kind) {
  each_option([&](const auto& option) {
    const OptionProtocols& protocols = option.protocols;
    if (protocols.otherwise != kind || !option.is_set(probe) || protocols.have(probe.protocol)) return;
    if (is_no_payload(probe.*option.member)) return;
    if (kind == OptionProtocols::Else::makes_no_sense)
      refuse(full_name(option.name), shown(probe.*option.member), protocols.why);
    throw std::system_error{make_error_code(Errc::not_supported), full_name(option.name).append(protocols.why)};
  });
}

/// Refuses options that have no meaning together.
void check_together(const ProbeOptions& probe) {
  if (probe.flow_label && probe.family == Family::ipv4)
    refuse("ProbeOptions::flow_label", *probe.flow_label, "unset for IPv4, which has none");
  if (probe.flow && probe.protocol == Protocol::icmp && probe.payload_size < compensation_size)
    refuse("ProbeOptions::payload_size", probe.payload_size, "2 or more for ICMP with a ProbeOptions::flow");
  if (probe.random_payload && !probe.pattern.empty())
    refuse("ProbeOptions::random_payload", "true", "false with a ProbeOptions::pattern");
}

void check_device(const std::string& device) {
  const bool fits = device.size() <= longest_device_name && device.find('\0') == std::string::npos;
  if (!fits) refuse("ProbeOptions::device", printable(device), "the name of an interface, at most 15 characters");
}

/// The kernel sets the ECN bits of a connection itself: on stream sockets it masks those of IP_TOS and IPV6_TCLASS.
void check_tos(const ProbeOptions& probe) {
  constexpr int ecn_bits = 3;
  if (!connects(probe) || (probe.tos & ecn_bits) == 0) return;
  const std::string doing = "ProbeOptions::tos " + std::to_string(probe.tos) + ", with ECN bits, for a TCP connection";
  throw std::system_error{make_error_code(Errc::not_supported), doing};
}

/// A Timeout that was made from not-a-number is -1 ns.
std::string time_text(Duration time) {
  if (time == Duration{-1}) return "-1 ns or not a number";
  return number_text(to_milliseconds(time)) + " ms";
}

}  // namespace

void check(const ProbeOptions& probe) {
  check_ranges(probe);
  check_protocol(probe, OptionProtocols::Else::makes_no_sense);
  check_together(probe);
  check_device(probe.device);
  check_protocol(probe, OptionProtocols::Else::not_supported);
  check_tos(probe);
}

void check(const ResolveOptions& resolve) {
  check_family("ResolveOptions::family", resolve.family);
  static_cast<void>(checked_timeout(resolve.timeout, "ResolveOptions::timeout"));
  static_cast<void>(checked_timeout(resolve.budget, "ResolveOptions::budget"));
  check_range("ResolveOptions::parallel", resolve.parallel, {1, most_lookups});
}

void check_except_probe(const Options& options) {
  if (options.threads < 0) refuse("Options::threads", options.threads, "0 or more");
  if (!std::isfinite(options.max_rate) || options.max_rate < 0) {
    refuse("Options::max_rate", number_text(options.max_rate), "0 or more, and finite");
  }
  check(options.resolve);
}

void check(const Options& options) {
  check_except_probe(options);
  check(options.probe);
}

void check(const HealthOptions& options) {
  constexpr double any = std::numeric_limits<double>::infinity();
  constexpr int most = std::numeric_limits<int>::max();
  check_range("HealthOptions::rise", options.rise, {1, most});
  check_range("HealthOptions::fall", options.fall, {1, most});
  check_range("HealthOptions::flap_window", options.flap_window, {1, longest_window});
  check_share("HealthOptions::flap_high", options.flap_high, any, "0 or more");
  check_share("HealthOptions::flap_low", options.flap_low, options.flap_high, "0 to HealthOptions::flap_high");
  check_range("HealthOptions::loss_window", options.loss_window, {1, longest_window});
  check_share("HealthOptions::max_loss", options.max_loss);
  check_share("HealthOptions::confidence", options.confidence);
  check_share("HealthOptions::shared_inside", options.shared_inside, 1, "above 0, to 1");
  if (options.shared_inside == 0) refuse("HealthOptions::shared_inside", "0", "above 0, to 1");
  check_share("HealthOptions::shared_outside", options.shared_outside);
}

void check(const Quorum& quorum) { check_share("Quorum::share", quorum.share); }

Duration checked_timeout(Timeout timeout, std::string_view name) {
  const Duration time = timeout;
  if (time < Duration::zero()) refuse(name, time_text(time), "0 or more");
  return time;
}

Duration time_left(Timeout wait) noexcept { return std::max<Duration>(wait, Duration::zero()); }

}  // namespace multiping
