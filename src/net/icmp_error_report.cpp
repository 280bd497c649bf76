// Parses the extensions of an error only once the error is believed.
// See icmp_error_report.hpp.
#include "net/icmp_error_report.hpp"

#include <utility>

#include "net/packet_size.hpp"
#include "packet/icmp_extension.hpp"
#include "values/address_kinds.hpp"

namespace multiping::net {
namespace {

constexpr std::size_t ipv4_header_size = 20, ipv6_header_size = 40, udp_header_size = 8;  // at least

/// In other errors the same field has another meaning, such as a pointer into the packet.
bool has_mtu(Family family, std::uint8_t type, std::uint8_t code) noexcept {
  if (family == Family::ipv6) return type == packet::icmpv6::packet_too_big;
  return type == packet::icmpv4::destination_unreachable && code == packet::icmpv4::code_fragmentation_needed;
}

packet::IcmpExtensions extensions_of(const IcmpErrorReport& report) {
  if (report.message != nullptr) return packet::extensions_of(report.family, *report.message);
  return packet::extensions_of_quote(report.quoted, report.extension, report.missing);
}

bool says_no_such_protocol(const IcmpErrorReport& report) noexcept {
  if (report.family == Family::ipv6)
    return report.type == packet::icmpv6::parameter_problem &&
           report.code == packet::icmpv6::code_unrecognized_next_header;
  return report.type == packet::icmpv4::destination_unreachable &&
         report.code == packet::icmpv4::code_protocol_unreachable;
}

bool says_no_such_port(const IcmpErrorReport& report) noexcept {
  if (report.family == Family::ipv6)
    return report.type == packet::icmpv6::destination_unreachable &&
           report.code == packet::icmpv6::code_port_unreachable;
  return report.type == packet::icmpv4::destination_unreachable && report.code == packet::icmpv4::code_port_unreachable;
}

Event::Kind kind_of(const IcmpErrorReport& report, const Address& target, Protocol protocol) noexcept {
  if (report.kind() == packet::ErrorKind::ttl_expired) return Event::Kind::ttl_expired;
  return report.is_refusal_of(target, protocol) ? Event::Kind::refused : Event::Kind::unreachable;
}

IcmpError error_of(const IcmpErrorReport& report) {
  auto extensions = extensions_of(report);
  return {.type = report.type,
          .code = report.code,
          .mtu = report.mtu,
          .mpls = std::move(extensions.mpls),
          .interfaces = std::move(extensions.interfaces)};
}

}  // namespace

IcmpErrorReport report_of(const Outer& outer, const packet::IcmpMessage& message, const Arrival& arrival) {
  const Family family = outer.source.family();
  return {.family = family,
          .responder = outer.source,
          .type = message.type,
          .code = message.code,
          .mtu = packet::reported_mtu(family, message),
          .ttl = outer.ttl,
          .tos = outer.tos,
          .arrival = arrival,
          .message = &message,
          .size = reply_size(outer.message.size())};
}

IcmpErrorReport report_of(const QueuedError& queued, const Channel& channel) {
  const bool v4 = channel.family == Family::ipv4;
  return {.family = channel.family,
          .responder = queued.offender,
          .type = queued.type,
          .code = queued.code,
          .mtu = has_mtu(channel.family, queued.type, queued.code) ? queued.mtu : 0,
          .ttl = queued.ttl,
          .tos = queued.tos,
          .arrival = queued.arrival,
          .quoted = queued.quoted,
          .extension = queued.extension,
          .missing =
              (v4 ? ipv4_header_size : ipv6_header_size) + (channel.protocol == Protocol::udp ? udp_header_size : 0)};
}

bool IcmpErrorReport::is_refusal_of(const Address& target, Protocol protocol) const noexcept {
  if (!same_octets(responder, target)) return false;
  return says_no_such_protocol(*this) || (protocol == Protocol::udp && says_no_such_port(*this));
}

Event IcmpEvents::event(const Probe& probe, Protocol protocol, const IcmpErrorReport& report, std::uint8_t auth_bits) {
  IcmpError error = error_of(report);
  if (!last_ || *last_ != error) last_ = std::make_shared<const IcmpError>(std::move(error));
  return {.serial = probe.serial,
          .kind = kind_of(report, *probe.to, protocol),
          .responder = report.responder,
          .arrival = report.arrival,
          .icmp = last_,
          .reply_ttl = report.ttl.value_or(std::uint8_t{0}),
          .reply_tos = report.tos,
          .auth_bits = auth_bits,
          .reply_size = report.size};
}

}  // namespace multiping::net
