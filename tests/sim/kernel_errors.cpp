// Follows the tables of Linux: icmp_err_convert[] and icmpv6_err_convert().
// See kernel_errors.hpp.
#include "sim/kernel_errors.hpp"

#include <cerrno>

namespace multiping::test {
namespace {

constexpr std::size_t least_quote = 8;       // bytes of the quoted message; the kernel drops errors with less
constexpr std::size_t least_datagram = 128;  // RFC 4884: the least bytes before an extension
constexpr std::size_t extension_header = 4;

bool has_length_field(const Datagram& error) {
  const std::uint8_t type = error.message[0];
  return error.family() == Family::ipv4 ? type == 3 || type == 11 || type == 12 : type == 1 || type == 3;
}

// The offset of the extension after the ICMP header, from the length field; 0: none.
std::size_t claimed_extension(const Datagram& error) {
  if (!has_length_field(error)) return 0;
  return error.family() == Family::ipv4 ? std::size_t{4} * error.message[5] : std::size_t{8} * error.message[4];
}

// As ip_icmp_error_rfc4884(): the offset of the extension in the queued bytes, which begin after `stripped` bytes of
// headers; 0: none.
std::size_t extension_offset(const Datagram& error, std::size_t stripped, std::size_t left) {
  const std::size_t claimed = claimed_extension(error);
  if (claimed < least_datagram || claimed < stripped) return 0;
  return claimed - stripped + extension_header > left ? 0 : claimed - stripped;
}

std::uint32_t info_of(const Datagram& error) {
  if (error.family() == Family::ipv6) return get32(error.message, 4);
  if (reports_mtu(error)) return get16(error.message, 6);
  return error.message[0] == 12 ? error.message[4] : 0;
}

bool handed_on(const Datagram& error) {
  if (error.family() == Family::ipv6) return true;
  const std::uint8_t type = error.message[0], code = error.message[1];
  return type == 3 ? code <= 15 : type != 11 || code == 0;
}

int errno_of_v4(std::uint8_t code) {
  static constexpr int converted[] = {ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
                                      ENETUNREACH,  EHOSTDOWN,    ENONET,       ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
                                      EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH};
  return code < std::size(converted) ? converted[code] : EHOSTUNREACH;
}

int errno_of_v6(std::uint8_t code) {
  static constexpr int converted[] = {ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES};
  return code < std::size(converted) ? converted[code] : EPROTO;
}

}  // namespace

bool is_error(const Datagram& datagram) {
  if (datagram.protocol() != Protocol::icmp || datagram.message.size() < header_size(Protocol::icmp)) return false;
  const std::uint8_t type = datagram.message[0];
  if (datagram.family() == Family::ipv4) return type == 3 || type == 11 || type == 12;
  return type >= 1 && type <= 4;
}

bool is_notice(const Datagram& datagram) {
  if (datagram.protocol() != Protocol::icmp || datagram.family() != Family::ipv4) return false;
  return datagram.message.size() >= header_size(Protocol::icmp) &&
         (datagram.message[0] == 4 || datagram.message[0] == 5);
}

bool reports_mtu(const Datagram& error) {
  if (error.family() == Family::ipv6) return error.message[0] == 2;
  return error.message[0] == 3 && error.message[1] == 4;
}

std::optional<QueuedReport> queue_report(const Datagram& error, const net::Arrival& arrival) {
  const auto quoted = quoted_datagram(error);
  if (!quoted || quoted->message.size() < least_quote || !handed_on(error)) return {};
  const std::size_t skipped = quoted->protocol() == Protocol::udp ? header_size(Protocol::udp) : 0;
  const ByteView visible = quoted->message.subspan(skipped);
  QueuedReport report{{visible.begin(), visible.end()}, {}};
  report.error.destination = quoted->ip.destination;
  if (quoted->protocol() == Protocol::udp) report.error.port = get16(quoted->message, 2);
  report.error.offender = error.ip.source;
  report.error.type = error.message[0];
  report.error.code = error.message[1];
  report.error.mtu = info_of(error);
  report.error.extension = extension_offset(error, quoted->header.size() + skipped, visible.size());
  report.error.ttl = error.ip.ttl;
  report.error.tos = error.ip.tos;
  report.error.arrival = arrival;
  return report;
}

int errno_of(const Datagram& error) {
  const std::uint8_t type = error.message[0], code = error.message[1];
  const bool ipv4 = error.family() == Family::ipv4;
  if (type == (ipv4 ? 12 : 4)) return EPROTO;
  if (type == (ipv4 ? 11 : 3)) return EHOSTUNREACH;
  return ipv4 ? errno_of_v4(code) : errno_of_v6(code);
}

}  // namespace multiping::test
