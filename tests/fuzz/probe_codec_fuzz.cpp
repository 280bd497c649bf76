// Fuzzes the probe codec. Input: key (16 bytes), family (1; 16 and more: with a flow), target (16), zone (4), id (2),
// serial (8), payload size (2), then a payload that claims to be an answer. The true answer of a probe is always
// believed, and another one only when its tag is the same.
#include "packet/probe_tags.hpp"

#include <algorithm>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "packet/icmp.hpp"
#include "packet/reader.hpp"

namespace {

namespace packet = multiping::packet;
using multiping::Address;
using multiping::fuzz::Bytes;
using multiping::fuzz::require;

constexpr std::size_t largest_payload = 2048;  // keeps the fuzzer fast
constexpr std::uint8_t first_flow = 16;        // in the octet that chooses the family

Address read_target(packet::Reader& reader, bool ipv6) {
  const auto octets = reader.octets<16>();
  const auto zone = reader.u32();
  return ipv6 ? Address::v6(octets, zone) : Address::v4({octets[0], octets[1], octets[2], octets[3]});
}

void check_serial(const packet::ProbeTags& codec, std::uint64_t serial) {
  if (serial == UINT64_MAX) return;  // there is no end above it
  const auto sequence = codec.sequence(serial);
  require(codec.newest_serial(sequence, serial + 1) == serial);
  const auto older = codec.newest_serial(sequence, serial);
  require(older.has_value() == (serial >= 65536) && (!older || *older == serial - 65536));
}

// Checks the UDP payload and the handshake number of the same identity.
void check_other_carriers(const packet::ProbeTags& codec, const packet::ProbeIdentity& probe, Bytes image,
                          Bytes payload) {
  std::vector<std::uint8_t> datagram(payload.size());
  codec.encode_payload(probe, image, datagram);
  require(std::ranges::equal(datagram, payload));
  const auto number = codec.handshake_number(probe);
  require(number != 0 && number >> 16 == codec.sequence(probe.serial));
}

std::size_t tag_of(const packet::ProbeIdentity& probe, Bytes image) {
  const std::size_t room = image.size() - (probe.flow ? 2 : 0);
  return room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 0;
}

void check_own_answer(const packet::ProbeTags& codec, const packet::ProbeIdentity& probe, Bytes image, Bytes payload) {
  const auto whole = codec.check_payload(probe, image, payload);
  require(whole.authentic && !whole.altered);
  const auto quoted = codec.check_quoted_payload(probe, payload.size(), payload);
  require(quoted.authentic == (tag_of(probe, payload) > 0) && quoted.tag_bits == whole.tag_bits);
}

void check_claim(const packet::ProbeTags& codec, const packet::ProbeIdentity& probe, Bytes payload, Bytes image,
                 Bytes returned) {
  const auto check = codec.check_payload(probe, image, returned);
  const std::size_t tag = tag_of(probe, image);
  const bool tag_is_there = returned.size() >= tag;
  require(check.authentic == (tag_is_there && std::ranges::equal(returned.first(tag), payload.first(tag))));
  require(check.tag_bits == (tag_is_there ? tag * 8 : 0));
  if (check.authentic) require(check.altered != std::ranges::equal(returned, payload));
  const auto quoted = codec.check_quoted_payload(probe, image.size(), returned);
  require(quoted.authentic == (check.authentic && tag > 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  packet::Reader reader{Bytes{data, size}};
  const packet::ProbeTags codec{packet::SipKey{reader.octets<16>()}};
  const auto family = reader.u8();
  const auto target = read_target(reader, (family & 1U) != 0);
  const auto id = reader.u16();
  const auto serial = static_cast<std::uint64_t>(reader.u32()) << 32;
  packet::ProbeIdentity probe{target, id, serial | reader.u32()};
  const std::size_t payload_size = reader.u16() % largest_payload;
  if (family >= first_flow && payload_size >= 2) probe.flow = static_cast<std::uint16_t>(family * id);
  if (!reader.ok()) return 0;
  const auto returned = reader.rest();

  const auto image = packet::pattern_image(returned, payload_size);
  std::vector<std::uint8_t> message(packet::icmp_header_size + payload_size);
  codec.encode_echo_request(probe, image, message);
  const auto request = packet::parse_quoted_icmp_header(target.family(), message);
  require(request && request->id == id && request->sequence == codec.sequence(probe.serial));
  if (target.family() == multiping::Family::ipv4) {
    require(packet::icmpv4_checksum_ok(message));
    require(request->checksum == codec.echo_request_checksum(probe, image));
    packet::ProbeIdentity next = probe;
    ++next.serial;
    require(!probe.flow || request->checksum == codec.echo_request_checksum(next, image));
  }
  check_serial(codec, probe.serial);
  check_other_carriers(codec, probe, image, request->payload);
  check_own_answer(codec, probe, image, request->payload);
  check_claim(codec, probe, request->payload, image, returned);
  return 0;
}
