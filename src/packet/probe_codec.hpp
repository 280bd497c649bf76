// A probe's identity on the wire: serial <-> sequence number, and the keyed tag that proves an answer is ours.
// Pure: bytes and values, no socket and no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "multiping/address.hpp"
#include "packet/siphash.hpp"

namespace multiping::packet {

/// Which probe a packet is, or claims to be.
struct ProbeIdentity {
  const Address& target;
  std::uint16_t id = 0;      ///< ICMP identifier; destination port of the other protocols.
  std::uint64_t serial = 0;  ///< Never used twice under one key.
  /// Of echo requests: all of one flow have the same checksum. Their payload has two bytes or more.
  std::optional<std::uint16_t> flow{};
};

/// What keeps the checksum of a flow constant stands right behind the tag, and takes so many bytes of its room.
inline constexpr std::size_t compensation_size = 2;

/// The bytes of a tag that a payload of this size has room for: 8, 4, 2 or none.
[[nodiscard]] constexpr std::size_t tag_size(std::size_t payload_size) noexcept {
  return payload_size >= 8 ? 8U : payload_size >= 4 ? 4U : payload_size >= 2 ? 2U : 0U;
}
/// The same, where a flow's compensation wants its place.
[[nodiscard]] constexpr std::size_t tag_size(std::size_t payload_size, std::optional<std::uint16_t> flow) noexcept {
  if (!flow) return tag_size(payload_size);
  return payload_size <= compensation_size ? 0U : tag_size(payload_size - compensation_size);
}

/// What a returned payload proves.
struct PayloadCheck {
  bool authentic = false;     ///< As much of the tag as the probe carried is there, and right.
  std::uint8_t tag_bits = 0;  ///< 64, 32, 16, or 0 for a payload of less than two bytes.
  bool altered = false;       ///< The rest is not what was sent.
};

/// Encodes and recognises the probes of one object. Immutable.
///
/// The sequence number is a keyed permutation of the serial's low 16 bits, so it repeats every 65,536 probes. The
/// payload begins with a SipHash-2-4 tag over (target, zone, id, sequence, serial): 8 bytes of it, 4 in a
/// payload of 4 to 7 bytes, 2 in one of 2 or 3, else none. Behind it stands the pattern, repeated from the payload's
/// first byte on. With a flow, two bytes of compensation stand between them, so that the ICMP checksum (of ICMPv6
/// except for the addresses, which are the target's) depends on nothing but the key and the flow: neither on the probe
/// nor on the payload. Two flows have the same one only where they are 0 and 65,535, since there is one less of them. A
/// probe's other properties, its ttl say, need not be in the tag: the serial stands for one probe alone. Nothing else
/// is in the packet: no time, nothing that is the same for two probes.
class ProbeCodec {
 public:
  explicit ProbeCodec(const SipKey& key) noexcept;

  [[nodiscard]] std::uint16_t sequence(std::uint64_t serial) const noexcept;

  /// The greatest serial below `end` whose sequence number is `sequence`; older ones follow at steps of 65,536.
  [[nodiscard]] std::optional<std::uint64_t> newest_serial(std::uint16_t sequence, std::uint64_t end) const noexcept;

  /// Writes a whole echo request for `probe` into `message`, which is header (8 bytes) and payload as long as it shall
  /// be. `pattern_image` is the payload as the pattern alone would fill it, at least as long as the payload.
  /// The checksum is right for IPv4; for IPv6 it is zero, since only the kernel knows the source address.
  void encode_echo_request(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                           std::span<std::uint8_t> message) const noexcept;

  /// Holds a payload that came back whole (`returned`) against what `probe` carried. Constant time in the tag.
  /// Here `pattern_image` is exactly as long as the payload was: a reply cut short doesn't get by with a shorter tag.
  [[nodiscard]] PayloadCheck check_payload(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                                           std::span<const std::uint8_t> returned) const noexcept;

  /// Holds the beginning of a payload, as an ICMP error quotes it, against the tag alone. `altered` stays false;
  /// `tag_bits` is 0 (and `authentic` false) when no whole tag is quoted.
  [[nodiscard]] PayloadCheck check_quoted_payload(const ProbeIdentity& probe, std::size_t payload_size,
                                                  std::span<const std::uint8_t> quoted) const noexcept;

  /// The ICMPv4 checksum that encode_echo_request() gave `probe`. `pattern_image` is exactly as long as the payload
  /// was.
  [[nodiscard]] std::uint16_t echo_request_checksum(const ProbeIdentity& probe,
                                                    std::span<const std::uint8_t> pattern_image) const noexcept;

  /// Writes the payload of a UDP datagram for `probe`: tag and pattern, as behind an echo request's header.
  void encode_payload(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                      std::span<std::uint8_t> payload) const noexcept;

  /// The number that a handshake carries and its answer gives back, plus one or as it is: TCP's initial sequence
  /// number, SCTP's initiate tag. Its upper half is the sequence number, its lower half 16 bits of the tag; never zero.
  [[nodiscard]] std::uint32_t handshake_number(const ProbeIdentity& probe) const noexcept;

 private:
  struct Payload;
  [[nodiscard]] Payload payload(const ProbeIdentity& probe, std::uint16_t sequence,
                                std::span<const std::uint8_t> image) const noexcept;
  void compensate(Payload& payload, const ProbeIdentity& probe, std::uint16_t sequence) const noexcept;
  [[nodiscard]] std::array<std::uint8_t, 8> tag(const ProbeIdentity& probe, std::uint16_t sequence) const noexcept;

  SipKey tag_key_;
  std::array<std::uint32_t, 4> round_keys_{};
  std::uint32_t flow_base_ = 0;  ///< Below 65,535.
};

/// `size` bytes of `pattern`, repeated; zeros for an empty pattern.
[[nodiscard]] std::vector<std::uint8_t> pattern_image(std::span<const std::uint8_t> pattern, std::size_t size);

}  // namespace multiping::packet
