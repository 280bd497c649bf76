// Builds true packets with the messages of tests/sim, and forges packets by random changes to true ones.
// See wire_forge.hpp.
#include "fuzz/wire_forge.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "sim/host_messages.hpp"
#include "sim/icmp_extension_data.hpp"
#include "sim/message_edits.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::fuzz {
namespace {

using test::Bytes;
using test::Datagram;

constexpr std::size_t most_past = 512;
constexpr std::size_t longest_message = 1400;

/// Types and codes of RFC 792, RFC 1812 and RFC 4443.
struct Kind {
  std::uint8_t type, code;
};
constexpr std::array kinds4{Kind{3, 0},  Kind{3, 1},  Kind{3, 2},  Kind{3, 3},  Kind{3, 4}, Kind{3, 9},
                            Kind{3, 13}, Kind{11, 0}, Kind{11, 1}, Kind{12, 0}, Kind{4, 0}};
constexpr std::array kinds6{Kind{1, 0}, Kind{1, 1}, Kind{1, 3}, Kind{1, 4}, Kind{1, 5},
                            Kind{2, 0}, Kind{3, 0}, Kind{3, 1}, Kind{4, 0}, Kind{4, 1}};

/// The bytes that identify a probe: identifier and sequence number, ports, or handshake numbers.
std::span<std::uint8_t> identity_of(Protocol protocol, std::span<std::uint8_t> message) {
  const std::size_t begin = protocol == Protocol::icmp ? 4 : 0;
  const std::size_t end = protocol == Protocol::udp ? 4 : protocol == Protocol::icmp ? 16 : 12;
  return message.subspan(std::min(begin, message.size()),
                         std::min(end, message.size()) - std::min(begin, message.size()));
}

Bytes packed(const Datagram& like, Bytes message) {
  if (message.size() >= test::header_size(like.protocol())) test::finish_checksum(like.ip, message);
  return test::make_datagram(like.ip, message);
}

}  // namespace

Bytes WireForge::answer(const Datagram& probe) {
  const bool declines = (probe.protocol() == Protocol::tcp || probe.protocol() == Protocol::sctp) && chance(0.5);
  const test::IpHeader ip{.source = probe.ip.destination,
                          .destination = probe.ip.source,
                          .ttl = static_cast<std::uint8_t>(1 + draw(255)),
                          .tos = byte(),
                          .options = chance(0.1) ? 8U : 0U,
                          .protocol = probe.protocol()};
  return test::finish(ip, declines ? test::declining(probe) : test::accepting(probe), false);
}

Bytes WireForge::error(const Datagram& probe, const Address& router) {
  const bool ipv4 = probe.family() == Family::ipv4;
  const Kind kind = ipv4 ? kinds4.at(draw(kinds4.size())) : kinds6.at(draw(kinds6.size()));
  test::RouterError error{.from = chance(0.3) ? Address{} : router,
                          .type = kind.type,
                          .code = kind.code,
                          .mtu = static_cast<std::uint32_t>(draw(2) * (1280 + draw(220))),
                          .quoted = chance(0.3) ? 8 : test::all_of_it};
  if (chance(0.7)) {
    test::IcmpExtensionData extension{
        .objects = {test::mpls_object({{.label = 16004, .ttl = byte()}}),
                    test::interface_object({.index = 7, .address = router, .name = "eth0"})}};
    if (chance(0.3)) extension.objects.push_back(test::unknown_object(4 * draw(8)));
    if (chance(0.3)) extension.objects.front().length = static_cast<std::uint16_t>(draw(64));
    if (chance(0.3)) extension.length_field = byte();
    if (chance(0.3)) extension.place = test::IcmpExtensionData::Place::legacy;
    error.extension = extension;
  }
  return test::error_packet(error, probe);
}

void WireForge::turn_bits(std::span<std::uint8_t> bytes) {
  if (bytes.empty()) return;
  for (std::size_t count = 1 + draw(3); count > 0; --count)
    bytes[draw(bytes.size())] ^= static_cast<std::uint8_t>(1U << draw(8));
}

Bytes WireForge::changed_message(Forgery how, const Datagram& truth) {
  Bytes message{truth.message.begin(), truth.message.end()};
  const std::span<std::uint8_t> all{message};
  switch (how) {
    case Forgery::identity:
      turn_bits(identity_of(truth.protocol(), all));
      break;
    case Forgery::kind:
      if (truth.protocol() == Protocol::icmp)
        message[draw(2)] = byte();
      else
        turn_bits(all.subspan(std::min<std::size_t>(12, all.size() - 1)));
      break;
    case Forgery::cut:
      message.resize(draw(message.size() + 1));
      break;
    case Forgery::grown:
      std::generate_n(std::back_inserter(message), 1 + draw(200), [this] { return byte(); });
      break;
    case Forgery::extension:
      turn_bits(all.subspan(std::min<std::size_t>(36, all.size())));
      break;
    case Forgery::noise:
      message.resize(draw(longest_message));
      std::ranges::generate(message, [this] { return byte(); });
      break;
    default:
      turn_bits(all);
  }
  return message;
}

Bytes WireForge::forged(Forgery how, const Bytes& truth, const Address& stranger) {
  auto datagram = test::parse_datagram(truth);
  if (!datagram || datagram->message.size() < 8) return truth;
  Bytes packet = truth;
  switch (how) {
    case Forgery::replayed:
      return past_.empty() ? truth : past_.at(draw(past_.size()));
    case Forgery::header:
      turn_bits(std::span{packet}.first(datagram->header.size()));
      if (datagram->family() == Family::ipv4 && packet[0] == 0x45) {
        test::put16(packet, 10, 0);
        test::put16(packet, 10, test::internet_checksum(test::ByteView{packet}.first(20)));
      }
      return packet;
    case Forgery::source:
      datagram->ip.source = stranger;
      return packed(*datagram, {datagram->message.begin(), datagram->message.end()});
    case Forgery::spoilt:
      return test::make_datagram(datagram->ip, changed_message(how, *datagram));
    case Forgery::spliced: {
      const auto other = past_.empty() ? std::nullopt : test::parse_datagram(past_.at(draw(past_.size())));
      if (!other) return truth;
      Bytes message{datagram->message.begin(), datagram->message.end()};
      const std::size_t at = draw(message.size());
      message.resize(at);
      if (at < other->message.size()) test::append(message, other->message.subspan(at));
      return packed(*datagram, std::move(message));
    }
    default:
      return packed(*datagram, changed_message(how, *datagram));
  }
}

void WireForge::remember(const Bytes& truth) {
  past_.push_back(truth);
  if (past_.size() > most_past) past_.pop_front();
}

}  // namespace multiping::fuzz
