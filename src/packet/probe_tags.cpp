// Turns serials into sequence numbers by a small Feistel network, and writes and checks tags made by SipHash.
// See probe_tags.hpp.
#include "packet/probe_tags.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "packet/icmp.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/writer.hpp"

namespace multiping::packet {

namespace {

constexpr std::uint64_t sequence_count = 65536;
constexpr std::uint32_t checksum_count = 65535;  // in one's complement, zero has two forms

std::uint8_t bits(std::size_t bytes) noexcept { return static_cast<std::uint8_t>(bytes * 8); }

std::uint8_t request_type(const Address& target) noexcept {
  return target.family() == Family::ipv6 ? icmpv6::echo_request : icmpv4::echo_request;
}

// The round function of the Feistel network: maps eight bits to eight bits under a key. It need not be invertible,
// since the network is; it must only be hard to predict.
std::uint8_t scramble(std::uint8_t half, std::uint32_t key) noexcept {
  std::uint32_t x = (half ^ key) * 0x9E3779B1U;
  x = (x ^ x >> 15) * 0x85EBCA77U;
  return static_cast<std::uint8_t>((x ^ x >> 13) >> 24);
}

// Has no early exit: the time that it takes does not depend on where the first difference is.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
  assert(a.size() == b.size());
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

// One's complement addition (RFC 1071 section 1).
std::uint16_t add_with_carry(std::uint16_t a, std::uint16_t b) noexcept {
  const auto sum = static_cast<std::uint32_t>(a) + b;
  return static_cast<std::uint16_t>((sum & 0xFFFFU) + (sum >> 16));
}

}  // namespace

// A payload before it is written: its head and the pattern after it. The head is the tag, as much of it as fits, and
// the compensation of a flow.
struct ProbeTags::Payload {
  std::array<std::uint8_t, 8 + compensation_size> whole_head{};
  std::size_t head_size = 0;              // even
  std::span<const std::uint8_t> image{};  // the pattern alone, as long as the payload

  [[nodiscard]] std::span<const std::uint8_t> head() const& noexcept { return std::span{whole_head}.first(head_size); }
  [[nodiscard]] std::span<const std::uint8_t> pattern() const noexcept { return image.subspan(head_size); }
  void write(Writer& writer) const noexcept {
    writer.bytes(head());
    writer.bytes(pattern());
  }

  // The sum of a request without its checksum field. It is computed from the parts, which is faster than from the bytes
  // just written.
  [[nodiscard]] Checksum request_sum(const ProbeIdentity& probe, std::uint16_t sequence) const noexcept {
    Checksum checksum;
    checksum.add_u16(static_cast<std::uint16_t>(request_type(probe.target) << 8));
    checksum.add_u16(probe.id);
    checksum.add_u16(sequence);
    checksum.add(head());
    checksum.add(pattern());
    return checksum;
  }
  // The ICMPv4 checksum of a request.
  [[nodiscard]] std::uint16_t request_checksum(const ProbeIdentity& probe, std::uint16_t sequence) const noexcept {
    return request_sum(probe, sequence).value();
  }
};

ProbeTags::ProbeTags(const SipKey& key) noexcept : tag_key_(key) {
  // The input of a tag has 16 or 32 bytes, and the inputs here have 1: no key below is ever the tag of a probe.
  for (std::size_t i = 0; i < round_keys_.size(); ++i) {
    const std::array label{static_cast<std::uint8_t>(i)};
    round_keys_[i] = static_cast<std::uint32_t>(siphash(key, label));
  }
  const std::array label{static_cast<std::uint8_t>(round_keys_.size())};
  flow_base_ = static_cast<std::uint32_t>(siphash(key, label) % checksum_count);
}

std::uint16_t ProbeTags::sequence(std::uint64_t serial) const noexcept {
  auto left = static_cast<std::uint8_t>(serial >> 8), right = static_cast<std::uint8_t>(serial);
  for (const auto key : round_keys_) {
    left = static_cast<std::uint8_t>(left ^ scramble(right, key));
    std::swap(left, right);
  }
  return static_cast<std::uint16_t>(left << 8 | right);
}

std::optional<std::uint64_t> ProbeTags::newest_serial(std::uint16_t sequence, std::uint64_t end) const noexcept {
  auto left = static_cast<std::uint8_t>(sequence >> 8), right = static_cast<std::uint8_t>(sequence);
  for (auto key = round_keys_.rbegin(); key != round_keys_.rend(); ++key) {
    std::swap(left, right);
    left = static_cast<std::uint8_t>(left ^ scramble(right, *key));
  }
  const auto low = static_cast<std::uint64_t>(left << 8 | right);
  if (end <= low) return std::nullopt;
  return end - 1 - (end - 1 - low) % sequence_count;
}

void ProbeTags::encode_echo_request(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                                    std::span<std::uint8_t> message) const noexcept {
  assert(message.size() >= icmp_header_size && pattern_image.size() >= message.size() - icmp_header_size);
  const auto number = sequence(probe.serial);
  const Payload carried = payload(probe, number, pattern_image.first(message.size() - icmp_header_size));
  Writer writer{message};
  writer.u8(request_type(probe.target));
  writer.u8(0);
  writer.u16(probe.target.family() == Family::ipv6 ? 0 : carried.request_checksum(probe, number));
  writer.u16(probe.id);
  writer.u16(number);
  carried.write(writer);
}

ProbeTags::Payload ProbeTags::payload(const ProbeIdentity& probe, std::uint16_t sequence,
                                      std::span<const std::uint8_t> image) const noexcept {
  Payload payload{.head_size = tag_size(image.size(), probe.flow), .image = image};
  const auto whole_tag = tag(probe, sequence);
  std::memcpy(payload.whole_head.data(), whole_tag.data(), whole_tag.size());
  if (probe.flow) compensate(payload, probe, sequence);
  return payload;
}

// Sets the compensation so that the sum of the request is the one that stands for the flow. The ICMPv6 sum covers the
// length (RFC 8200 section 8.1); the other fields of the pseudo header are the same for all probes to a target.
void ProbeTags::compensate(Payload& payload, const ProbeIdentity& probe, std::uint16_t sequence) const noexcept {
  assert(payload.image.size() >= compensation_size);
  const std::size_t tag_end = std::exchange(payload.head_size, payload.head_size + compensation_size);
  const auto place = std::span{payload.whole_head}.subspan(tag_end, compensation_size);
  std::ranges::fill(place, std::uint8_t{0});
  Checksum sum = payload.request_sum(probe, sequence);
  if (probe.target.family() == Family::ipv6)
    sum.add_u32(static_cast<std::uint32_t>(icmp_header_size + payload.image.size()));
  const auto wanted = static_cast<std::uint16_t>((flow_base_ + *probe.flow) % checksum_count);
  // The checksum so far is the complement of the sum so far: both add up to zero.
  Writer{place}.u16(add_with_carry(wanted, sum.value()));
}

void ProbeTags::encode_payload(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                               std::span<std::uint8_t> payload) const noexcept {
  assert(pattern_image.size() >= payload.size());
  Writer writer{payload};
  this->payload(probe, sequence(probe.serial), pattern_image.first(payload.size())).write(writer);
}

// The input has 24 bytes, so that its hashes are neither tags nor keys.
void ProbeTags::fill_random(std::uint64_t serial, std::span<std::uint8_t> bytes) const noexcept {
  for (std::uint64_t block = 0; !bytes.empty(); ++block) {
    std::array<std::uint8_t, 24> input{};
    Writer writer{input};
    writer.u64(serial);
    writer.u64(block);
    std::array<std::uint8_t, 8> piece{};
    Writer{piece}.u64(siphash(tag_key_, input));
    const std::size_t size = std::min(bytes.size(), piece.size());
    std::copy_n(piece.begin(), size, bytes.begin());
    bytes = bytes.subspan(size);
  }
}

std::uint32_t ProbeTags::handshake_number(const ProbeIdentity& probe) const noexcept {
  const auto number = sequence(probe.serial);
  const auto whole_tag = tag(probe, number);
  const auto value = static_cast<std::uint32_t>(number) << 16 | static_cast<std::uint32_t>(whole_tag[0]) << 8 |
                     static_cast<std::uint32_t>(whole_tag[1]);
  return value == 0 ? 1U : value;  // an SCTP initiate tag is never zero
}

PayloadCheck ProbeTags::check_payload(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                                      std::span<const std::uint8_t> returned) const noexcept {
  const auto size = tag_size(pattern_image.size(), probe.flow);
  if (returned.size() < size) return {};
  const Payload expected = payload(probe, sequence(probe.serial), pattern_image);
  const auto compensation = expected.head().subspan(size);
  const bool whole = returned.size() == pattern_image.size() &&
                     std::ranges::equal(returned.subspan(size, compensation.size()), compensation) &&
                     std::ranges::equal(returned.subspan(expected.head_size), expected.pattern());
  return {.authentic = equal_in_constant_time(returned.first(size), expected.head().first(size)),
          .tag_bits = bits(size),
          .altered = !whole};
}

PayloadCheck ProbeTags::check_quoted_payload(const ProbeIdentity& probe, std::size_t payload_size,
                                             std::span<const std::uint8_t> quoted) const noexcept {
  const auto size = tag_size(payload_size, probe.flow);
  if (size == 0 || quoted.size() < size) return {};
  const auto expected = tag(probe, sequence(probe.serial));
  return {.authentic = equal_in_constant_time(quoted.first(size), std::span{expected}.first(size)),
          .tag_bits = bits(size),
          .altered = false};
}

std::uint16_t ProbeTags::echo_request_checksum(const ProbeIdentity& probe,
                                               std::span<const std::uint8_t> pattern_image) const noexcept {
  const auto number = sequence(probe.serial);
  return payload(probe, number, pattern_image).request_checksum(probe, number);
}

// Each family has a fixed layout of its own, and the lengths differ. The short input of IPv4 makes hashing faster.
std::array<std::uint8_t, 8> ProbeTags::tag(const ProbeIdentity& probe, std::uint16_t sequence) const noexcept {
  std::array<std::uint8_t, 32> input{};
  Writer writer{input};
  writer.u64(probe.serial);
  writer.u16(probe.id);
  writer.u16(sequence);
  if (probe.target.family() == Family::ipv6) writer.u32(probe.target.scope_id());
  writer.bytes(probe.target.bytes());

  std::array<std::uint8_t, 8> tag{};
  Writer{tag}.u64(siphash(tag_key_, std::span{input}.first(input.size() - writer.remaining())));
  return tag;
}

std::vector<std::uint8_t> pattern_image(std::span<const std::uint8_t> pattern, std::size_t size) {
  std::vector<std::uint8_t> image(size);
  if (pattern.empty()) return image;
  for (std::size_t i = 0; i < size; ++i) image[i] = pattern[i % pattern.size()];
  return image;
}

}  // namespace multiping::packet
