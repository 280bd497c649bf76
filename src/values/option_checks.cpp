// Checks ranges first, so that a value out of range is std::invalid_argument even when the option is not supported.
// See values/option_checks.hpp.
#include "values/option_checks.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/number_text.hpp"
#include "multiping/error.hpp"
#include "multiping/result.hpp"

namespace multiping {
namespace {

constexpr std::size_t largest_ipv4_payload = 65'507;  // 65,535 less the IPv4 header and that of ICMP or UDP
constexpr std::size_t largest_ipv6_payload = 65'527;  // the IPv6 payload length does not count its header
constexpr std::size_t longest_device_name = 15;       // IFNAMSIZ less the final zero, netdevice(7)
constexpr std::size_t compensation_size = 2;  // octets that keep the checksum of a flow's ICMP messages constant
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

void check_ranges(const ProbeOptions& probe) {
  if (probe.protocol > Protocol::sctp) {
    refuse("ProbeOptions::protocol", static_cast<int>(probe.protocol), "icmp, udp, tcp or sctp");
  }
  check_family("ProbeOptions::family", probe.family);
  check_range("ProbeOptions::port", probe.port, {0, 65'535});
  check_range("ProbeOptions::source_port", probe.source_port, {0, 65'535});
  check_source("ProbeOptions::source_v4", probe.source_v4, Family::ipv4, "an IPv4 address");
  check_source("ProbeOptions::source_v6", probe.source_v6, Family::ipv6, "an IPv6 address");
  if (probe.ttl) check_range("ProbeOptions::ttl", *probe.ttl, {1, 255});
  check_range("ProbeOptions::tos", probe.tos, {0, 255});
  const auto most = probe.family == Family::ipv6 ? largest_ipv6_payload : largest_ipv4_payload;
  check_range("ProbeOptions::payload_size", probe.payload_size, {std::size_t{0}, most});
  if (probe.flow_label) check_range("ProbeOptions::flow_label", *probe.flow_label, {0U, (1U << 20) - 1});
}

void check_ports(const ProbeOptions& probe) {
  if (probe.protocol != Protocol::icmp) return;
  constexpr std::string_view none = "0: ICMP has no ports";
  if (probe.port != 0) refuse("ProbeOptions::port", probe.port, none);
  if (probe.source_port != 0) refuse("ProbeOptions::source_port", probe.source_port, none);
}

/// Refuses options that have no meaning together.
void check_together(const ProbeOptions& probe) {
  if (probe.half_open && probe.protocol != Protocol::tcp)
    refuse("ProbeOptions::half_open", "true", "false: only TCP has half-open connections");
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

void require_absent(bool asked, const char* name) {
  if (asked) throw std::system_error{make_error_code(Errc::not_supported), name};
}

/// The packets that open a connection carry no payload. There, the default payload size means no payload.
void check_payload(const ProbeOptions& probe) {
  if (probe.protocol != Protocol::tcp && probe.protocol != Protocol::sctp) return;
  const bool sized = probe.payload_size != 0 && probe.payload_size != ProbeOptions{}.payload_size;
  require_absent(sized, "ProbeOptions::payload_size with TCP or SCTP");
  require_absent(!probe.pattern.empty(), "ProbeOptions::pattern with TCP or SCTP");
  require_absent(probe.random_payload, "ProbeOptions::random_payload with TCP or SCTP");
}

void check_flow(const ProbeOptions& probe) {
  require_absent(probe.flow && probe.protocol == Protocol::sctp, "ProbeOptions::flow with SCTP");
}

/// The kernel sets the ECN bits of a connection itself: on stream sockets it masks those of IP_TOS and IPV6_TCLASS.
void check_tos(const ProbeOptions& probe) {
  constexpr int ecn_bits = 3;
  if (probe.protocol != Protocol::tcp || probe.half_open || (probe.tos & ecn_bits) == 0) return;
  const std::string name = "ProbeOptions::tos " + std::to_string(probe.tos) + ", with ECN bits, for a TCP connection";
  require_absent(true, name.c_str());
}

/// A Timeout that was made from not-a-number is -1 ns.
std::string time_text(Duration time) {
  if (time == Duration{-1}) return "-1 ns or not a number";
  return number_text(to_milliseconds(time)) + " ms";
}

}  // namespace

void check(const ProbeOptions& probe) {
  check_ranges(probe);
  check_ports(probe);
  check_together(probe);
  check_device(probe.device);
  check_payload(probe);
  check_flow(probe);
  check_tos(probe);
}

void check(const ResolveOptions& resolve) {
  check_family("ResolveOptions::family", resolve.family);
  static_cast<void>(checked_timeout(resolve.timeout, "ResolveOptions::timeout"));
  static_cast<void>(checked_timeout(resolve.budget, "ResolveOptions::budget"));
  check_range("ResolveOptions::parallel", resolve.parallel, {1, most_lookups});
}

void check(const Options& options) {
  if (options.threads < 0) refuse("Options::threads", options.threads, "0 or more");
  if (!std::isfinite(options.max_rate) || options.max_rate < 0) {
    refuse("Options::max_rate", number_text(options.max_rate), "0 or more, and finite");
  }
  check(options.resolve);
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
