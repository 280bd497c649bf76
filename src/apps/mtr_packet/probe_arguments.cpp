// A table has a reader for each argument. What depends on several of them is decided when all are read.
// See probe_arguments.hpp.
#include "apps/mtr_packet/probe_arguments.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace multiping::mtr_packet {
namespace {

constexpr std::int64_t least_local_port = 1024, most_port = 65'535, largest_size = 9000;
constexpr std::size_t headers_v4 = 28, headers_v6 = 48;  ///< IP with ICMP or UDP, in bytes.
constexpr std::size_t longest_device_name = 15;
constexpr int ecn_bits = 3;
/// With "timeout 0" mtr-packet takes an answer that is there when it looks for the first time.
constexpr Duration least_timeout = std::chrono::milliseconds{1};

/// The arguments as they are given, with the defaults of mtr-packet(8).
struct Given {
  Family family = Family::any;
  Address target{}, local{};
  Family local_family = Family::any;
  Protocol protocol = Protocol::icmp;
  std::string_view device{};
  int port = 0, local_port = 0, ttl = 255, tos = 0, pattern = 0;
  std::size_t size = 64;
  Duration timeout = std::chrono::seconds{10};
  std::optional<std::uint32_t> mark{};
};

/// Reads an address of this family.
std::optional<Address> read_address(std::string_view text, Family family) noexcept {
  const auto address = Address::parse(text);
  return address && address->family() == family ? address : std::nullopt;
}

bool read_target(Given& given, std::string_view text, Family family) noexcept {
  const auto address = read_address(text, family);
  given.family = family;
  given.target = address.value_or(Address{});
  return address.has_value();
}

bool read_local(Given& given, std::string_view text, Family family) noexcept {
  const auto address = read_address(text, family);
  given.local_family = family;
  given.local = address.value_or(Address{});
  return address.has_value();
}

bool read_protocol(Given& given, std::string_view text) noexcept {
  for (const Protocol each : {Protocol::icmp, Protocol::udp, Protocol::tcp, Protocol::sctp}) {
    if (to_string(each) != text) continue;
    given.protocol = each;
    return true;
  }
  return false;
}

/// Reads a number of this range into a member.
template <class Member>
bool read_number(Member& member, std::string_view text, std::int64_t least, std::int64_t most) noexcept {
  const auto number = parse_number(text, least, most);
  if (number) member = static_cast<Member>(*number);
  return number.has_value();
}

bool read_timeout(Given& given, std::string_view text) noexcept {
  std::int64_t seconds = 0;
  if (!read_number(seconds, text, 0, std::numeric_limits<std::int32_t>::max())) return false;
  given.timeout = std::max<Duration>(std::chrono::seconds{seconds}, least_timeout);
  return true;
}

bool read_mark(Given& given, std::string_view text) noexcept {
  return read_number(given.mark.emplace(), text, 0, std::numeric_limits<std::uint32_t>::max());
}

bool read_device(Given& given, std::string_view text) noexcept {
  given.device = text;
  return text.size() <= longest_device_name;
}

using Reader = bool (*)(Given&, std::string_view) noexcept;
constexpr std::pair<std::string_view, Reader> readers[] = {
    {"ip-4", [](Given& to, std::string_view text) noexcept { return read_target(to, text, Family::ipv4); }},
    {"ip-6", [](Given& to, std::string_view text) noexcept { return read_target(to, text, Family::ipv6); }},
    {"local-ip-4", [](Given& to, std::string_view text) noexcept { return read_local(to, text, Family::ipv4); }},
    {"local-ip-6", [](Given& to, std::string_view text) noexcept { return read_local(to, text, Family::ipv6); }},
    {"protocol", read_protocol},
    {"local-device", read_device},
    {"port", [](Given& to, std::string_view text) noexcept { return read_number(to.port, text, 0, most_port); }},
    {"local-port",
     [](Given& to, std::string_view text) noexcept {
       return read_number(to.local_port, text, least_local_port, most_port);
     }},
    {"size", [](Given& to, std::string_view text) noexcept { return read_number(to.size, text, 0, largest_size); }},
    {"bit-pattern", [](Given& to, std::string_view text) noexcept { return read_number(to.pattern, text, 0, 255); }},
    {"tos", [](Given& to, std::string_view text) noexcept { return read_number(to.tos, text, 0, 255); }},
    {"ttl", [](Given& to, std::string_view text) noexcept { return read_number(to.ttl, text, 1, 255); }},
    {"timeout", read_timeout},
    {"mark", read_mark},
};

bool read_argument(Given& given, const Argument& argument) noexcept {
  for (const auto& [name, read] : readers)
    if (name == argument.name) return read(given, argument.value);
  return true;
}

/// The size counts the headers; a size that has no room for them is sent without payload.
std::size_t payload_of(const Given& given) noexcept {
  if (given.protocol == Protocol::tcp || given.protocol == Protocol::sctp) return 0;
  const std::size_t headers = given.family == Family::ipv4 ? headers_v4 : headers_v6;
  return given.size > headers ? given.size - headers : 0;
}

/// The kernel sets the ECN bits of TCP itself, so they are left out. Ports have no meaning for ICMP, a pattern only for
/// what has a payload.
ProbeOptions probe_of(const Given& given) {
  ProbeOptions probe{.protocol = given.protocol, .device = std::string{given.device}, .ttl = given.ttl};
  const bool has_payload = given.protocol == Protocol::icmp || given.protocol == Protocol::udp;
  probe.tos = given.protocol == Protocol::tcp ? given.tos & ~ecn_bits : given.tos;
  probe.payload_size = payload_of(given);
  if (given.protocol != Protocol::icmp) probe.port = given.port;
  if (given.protocol == Protocol::udp || given.protocol == Protocol::tcp) probe.source_port = given.local_port;
  if (has_payload && given.pattern != 0) probe.pattern = {static_cast<std::uint8_t>(given.pattern)};
  (given.family == Family::ipv4 ? probe.source_v4 : probe.source_v6) = given.local;
  probe.mark = given.mark;
  return probe;
}

}  // namespace

std::variant<AskedProbe, Refusal> read_probe(const Command& command) {
  Given given;
  for (const Argument& argument : command.arguments())
    if (!read_argument(given, argument)) return Refusal::argument;
  if (given.family == Family::any) return Refusal::version;
  if (given.local_family != Family::any && given.local_family != given.family) return Refusal::argument;
  // mtr-packet ends a probe at the first ICMP error, and so does this.
  return AskedProbe{.target = given.target,
                    .submission = {.probe = probe_of(given), .timeout = given.timeout, .fail_fast = true}};
}

}  // namespace multiping::mtr_packet
