// Finds the message for a reply or error by the request's number in ProxyRequests; icmp4em_frames.hpp has the frames.
// See proxy_translator.hpp.
#include "icmp4em/proxy_translator.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "multiping/error.hpp"
#include "packet/icmp.hpp"
#include "packet/reader.hpp"
#include "packet/writer.hpp"

namespace multiping::icmp4em {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t padding = 0xff;
constexpr std::size_t most_told_at_once = 64;

std::error_code system_error(int number) noexcept { return {number, std::system_category()}; }

std::uint32_t number_of(std::uint16_t id, std::uint16_t sequence) noexcept {
  return static_cast<std::uint32_t>(id) << 16U | sequence;
}

bool would_be_cut(Bytes payload) noexcept {
  if (payload.empty() || payload.size() >= most_icmp4em_payload) return false;
  return payload.back() == 0 || payload.back() == ' ';
}

/// The ICMP message of a request, as far as `datagram` holds it.
Bytes message_of(Bytes datagram) noexcept {
  packet::Reader in{datagram};
  in.skip(in.u16());
  return in.rest();
}

/// The number of the request that is quoted; none when this is no request or too short.
std::optional<std::uint32_t> request_number(Bytes datagram) noexcept {
  const auto icmp = packet::parse_icmp(message_of(datagram));
  if (!icmp || icmp->type != packet::icmpv4::echo_request) return std::nullopt;
  return number_of(icmp->word1, icmp->word2);
}

/// A frame that holds an echo reply, which a proxy ignores. Its number belongs to no request, and is as hard to guess
/// as theirs.
std::vector<std::uint8_t> keep_alive_frame(std::uint32_t number) {
  auto frame = encode(Icmp4emRequest{.destination = Address::v4({127, 0, 0, 1})});
  const auto reply = encode(
      Icmp4emReply{.id = static_cast<std::uint16_t>(number >> 16U), .sequence = static_cast<std::uint16_t>(number)});
  std::ranges::copy(reply, frame.end() - std::ssize(reply));
  return frame;
}

struct IcmpName {
  std::uint8_t type = 0, code = 0;
};

/// The ICMPv6 type and code that were translated to this ICMPv4 type and code, RFC 7915 section 5.2.
IcmpName icmpv6_name(std::uint8_t type, std::uint8_t code) noexcept {
  using namespace packet::icmpv6;
  constexpr std::uint8_t no_route = 0, prohibited = 1, address_unreachable = 3, port_unreachable = 4;
  if (type == packet::icmpv4::time_exceeded) return {time_exceeded, code};
  if (type == packet::icmpv4::parameter_problem) return {parameter_problem, code};
  switch (code) {
    case 1:
      return {destination_unreachable, address_unreachable};
    case 2:
      return {parameter_problem, 1};  // unrecognised next header
    case 3:
      return {destination_unreachable, port_unreachable};
    case packet::icmpv4::code_fragmentation_needed:
      return {packet_too_big, 0};
    case 9:
    case 10:
    case 13:
      return {destination_unreachable, prohibited};
    default:
      return {destination_unreachable, no_route};
  }
}

bool says_refused(const net::QueuedError& queued, Family family) noexcept {
  if (family == Family::ipv6) return queued.type == packet::icmpv6::destination_unreachable && queued.code == 4;
  return queued.type == packet::icmpv4::destination_unreachable && queued.code == 3;
}

bool says_too_big(const net::QueuedError& queued, Family family) noexcept {
  if (family == Family::ipv6) return queued.type == packet::icmpv6::packet_too_big;
  return queued.type == packet::icmpv4::destination_unreachable &&
         queued.code == packet::icmpv4::code_fragmentation_needed;
}

}  // namespace

std::error_code proxy_objection(const net::Outgoing& message) noexcept {
  if (message.to->scope_id() != 0) return Errc::not_supported;
  if (message.bytes.size() > packet::icmp_header_size + most_icmp4em_payload) return system_error(EMSGSIZE);
  return {};
}

std::error_code delivery_error(const net::QueuedError& queued, Family proxy) noexcept {
  if (says_refused(queued, proxy)) return system_error(ECONNREFUSED);
  return system_error(says_too_big(queued, proxy) ? EMSGSIZE : EHOSTUNREACH);
}

ProxyTranslator::ProxyTranslator(Family family, std::uint16_t id, std::uint32_t first_number)
    : channel_{.family = family, .protocol = Protocol::icmp, .kernel_owns_id = true, .id = id},
      table_{first_number},
      keep_alive_{keep_alive_frame(first_number - 1)} {}

std::vector<std::uint8_t> ProxyTranslator::request(const net::Outgoing& message, Instant now) {
  const std::uint32_t number = table_.next_number();
  const auto icmp = packet::parse_icmp(message.bytes).value();
  Bytes payload = icmp.body;
  const bool padded = would_be_cut(payload);
  if (padded) {
    padded_payload_.assign(payload.begin(), payload.end());
    padded_payload_.push_back(padding);
    payload = padded_payload_;
  }
  auto frame = encode(Icmp4emRequest{.destination = *message.to,
                                     .id = static_cast<std::uint16_t>(number >> 16U),
                                     .sequence = static_cast<std::uint16_t>(number),
                                     .payload = payload});
  table_.add({.to = *message.to,
              .sequence = icmp.word2,
              .checksum = icmp.checksum,
              .wire_checksum = packet::parse_icmp(message_of(frame)).value().checksum,
              .payload_size = icmp.body.size(),
              .padded = padded,
              .sent_at = now});
  return frame;
}

void ProxyTranslator::take(const net::Incoming& datagram, bool from_proxy) {
  if (!from_proxy) return refuse(datagram);
  if (datagram.truncated) return heard_.push_back({.truncated = true, .arrival = datagram.arrival});
  if (const auto reply = parse_icmp4em_reply(datagram.bytes)) return take_reply(*reply, datagram);
  if (const auto error = parse_icmp4em_error(datagram.bytes)) return take_error(*error, datagram);
  const bool damaged = packet::parse_icmp(datagram.bytes) && !packet::icmpv4_checksum_ok(datagram.bytes);
  heard_.push_back({.bad_checksum = damaged, .arrival = datagram.arrival});  // else it counts as malformed
}

void ProxyTranslator::clear_heard() noexcept { heard_.clear(); }

void ProxyTranslator::hear(const net::Incoming& packet, std::uint16_t sequence, Bytes payload) {
  if (heard_bytes_.size() <= heard_.size()) heard_bytes_.resize(heard_.size() + 1);
  auto& bytes = heard_bytes_[heard_.size()];
  bytes.resize(packet::icmp_header_size + payload.size());
  packet::Writer out{bytes};
  out.u8(channel_.family == Family::ipv6 ? packet::icmpv6::echo_reply : packet::icmpv4::echo_reply);
  out.fill(3, 0);  // code, and a checksum that was right
  out.u16(channel_.id);
  out.u16(sequence);
  out.bytes(payload);
  heard_.push_back({.bytes = bytes, .from = packet.from, .arrival = packet.arrival});
}

/// Passes a reply on that answers no message, so that the datagram is counted.
void ProxyTranslator::refuse(const net::Incoming& datagram) { hear({.arrival = datagram.arrival}, 0, {}); }

void ProxyTranslator::take_reply(const Icmp4emReply& reply, const net::Incoming& datagram) {
  const std::uint32_t number = number_of(reply.id, reply.sequence);
  const ProxyEntry* entry = table_.find(number);
  if (entry == nullptr) return refuse(datagram);
  Bytes payload = reply.payload;
  if (entry->padded && payload.size() == entry->payload_size + 1 && payload.back() == padding)
    payload = payload.first(entry->payload_size);
  hear({.from = entry->to, .arrival = datagram.arrival}, entry->sequence, payload);
  table_.end(number);
}

/// The request that an error is about; null unless the error quotes it correctly.
const ProxyEntry* ProxyTranslator::entry_of(const Icmp4emError& error) const noexcept {
  const ProxyEntry* entry = table_.find(number_of(error.id, error.sequence));
  if (entry == nullptr || error.checksum != entry->wire_checksum) return nullptr;
  if (error.payload_size != entry->payload_size + (entry->padded ? 1U : 0U)) return nullptr;
  return channel_.family == Family::ipv6 || error.destination == entry->to ? entry : nullptr;
}

void ProxyTranslator::take_error(const Icmp4emError& error, const net::Incoming& datagram) {
  const ProxyEntry* entry = entry_of(error);
  if (entry == nullptr) return refuse(datagram);
  if (error.type == packet::icmpv4::source_quench) {
    quenched_ = true;
    return give_up(number_of(error.id, error.sequence), system_error(EAGAIN), datagram.arrival);
  }
  const IcmpName name =
      channel_.family == Family::ipv6 ? icmpv6_name(error.type, error.code) : IcmpName{error.type, error.code};
  tell(*entry, error.quoted.first(std::min(error.quoted.size(), entry->payload_size)),
       {.type = name.type, .code = name.code, .mtu = error.mtu, .arrival = datagram.arrival});
}

void ProxyTranslator::tell(const ProxyEntry& entry, Bytes payload, net::QueuedError error) {
  Told& told = told_.emplace_back();
  told.quoted.resize(packet::icmp_header_size + payload.size());
  packet::Writer out{told.quoted};
  out.u8(channel_.family == Family::ipv6 ? packet::icmpv6::echo_request : packet::icmpv4::echo_request);
  out.u8(0);
  out.u16(entry.checksum);
  out.u16(channel_.id);
  out.u16(entry.sequence);
  out.bytes(payload);
  told.error = error;
  told.error.quoted = told.quoted;
  told.error.destination = entry.to;
}

void ProxyTranslator::give_up(std::uint32_t number, std::error_code error, const net::Arrival& arrival) {
  const ProxyEntry* entry = table_.find(number);
  if (entry == nullptr || !entry->awaited) return;
  tell(*entry, {}, {.arrival = arrival, .error = error});
  table_.end(number);
}

void ProxyTranslator::undelivered(Bytes datagram, std::error_code error, const net::Arrival& arrival) {
  const bool is_keep_alive =
      datagram.size() >= keep_alive_.size() && std::ranges::equal(datagram.first(keep_alive_.size()), keep_alive_);
  const auto number = request_number(datagram);
  if (!is_keep_alive && (!number || table_.find(*number) == nullptr)) return;
  if (!is_keep_alive && error != std::errc::connection_refused) return give_up(*number, error, arrival);
  const std::uint32_t first = table_.first_number();
  for (std::uint32_t place = 0; place < table_.size(); ++place) give_up(first + place, error, arrival);
}

std::span<const net::QueuedError> ProxyTranslator::told(bool& more) {
  handed_.clear();
  handed_errors_.clear();
  for (; !told_.empty() && handed_.size() < most_told_at_once; told_.pop_front()) {
    handed_.push_back(std::move(told_.front()));
    handed_errors_.push_back(handed_.back().error);
  }
  more = more || !told_.empty();
  return handed_errors_;
}

}  // namespace multiping::icmp4em
