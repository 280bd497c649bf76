// Knows where the fields are that a scenario may change, for each protocol.
// See message_edits.hpp.
#include "sim/message_edits.hpp"

#include <algorithm>

#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

void add16(Bytes& message, std::size_t at, std::size_t value) {
  if (message.size() >= at + 2) put16(message, at, get16(message, at) + static_cast<std::uint32_t>(value));
}

void add32(Bytes& message, std::size_t at, std::size_t value) {
  if (message.size() >= at + 4) put32(message, at, get32(message, at) + static_cast<std::uint32_t>(value));
}

void add_to_sequence(Bytes& message, Protocol protocol, std::size_t value) {
  if (protocol == Protocol::icmp) add16(message, 6, value);
  if (protocol == Protocol::tcp) add32(message, 4, value);
  if (protocol == Protocol::sctp) add32(message, 16, value);
}

void add_to_handshake(Bytes& message, Protocol protocol, std::size_t value) {
  if (protocol == Protocol::tcp) add32(message, 8, value);
  if (protocol == Protocol::sctp) add32(message, 4, value);
}

void randomise_from(std::size_t at, std::uint64_t random, Bytes& message) {
  for (; at < message.size(); ++at) message[at] = static_cast<std::uint8_t>(random = mix(random));
}

void zero_from(std::size_t at, Bytes& message) {
  if (at < message.size()) std::fill(message.begin() + static_cast<std::ptrdiff_t>(at), message.end(), 0);
}

}  // namespace

std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

void apply(const Edit& edit, Protocol protocol, std::uint64_t random, Bytes& message) {
  using Kind = Edit::Kind;
  switch (edit.kind) {
    case Kind::flip:
      if (edit.value < message.size()) message[edit.value] ^= 0xFFU;
      break;
    case Kind::zero_from:
      return zero_from(edit.value, message);
    case Kind::cut_to:
      return message.resize(std::min(edit.value, message.size()));
    case Kind::type:
      message[0] = static_cast<std::uint8_t>(edit.value);
      break;
    case Kind::code:
      message[1] = static_cast<std::uint8_t>(edit.value);
      break;
    case Kind::add_to_id:
      return add16(message, protocol == Protocol::icmp ? 4 : 0, edit.value);
    case Kind::add_to_port:
      return add16(message, 2, edit.value);
    case Kind::add_to_sequence:
      return add_to_sequence(message, protocol, edit.value);
    case Kind::add_to_handshake:
      return add_to_handshake(message, protocol, edit.value);
    case Kind::tcp_flags:
      message.at(13) = static_cast<std::uint8_t>(edit.value);
      break;
    case Kind::random_payload:
      return randomise_from(header_size(protocol), random, message);
    case Kind::spoil_checksum:
      break;  // finish() does this, after all other changes
  }
}

bool spoils(const std::vector<Edit>& edits) {
  return std::ranges::any_of(edits, [](const Edit& edit) { return edit.kind == Edit::Kind::spoil_checksum; });
}

Bytes finish(const IpHeader& ip, Bytes message, bool spoil) {
  if (ip.protocol == Protocol::udp && message.size() >= header_size(Protocol::udp))
    put16(message, 4, static_cast<std::uint32_t>(message.size()));
  finish_checksum(ip, message);
  if (spoil) spoil_checksum(ip.protocol, message);
  return make_datagram(ip, message);
}

}  // namespace multiping::test
