// The identity of a probe in its packet: serial <-> sequence number, and the keyed tag that proves an answer is ours.
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

/// The probe that a packet carries, or claims to answer.
struct ProbeIdentity {
  const Address& target;
  std::uint16_t id = 0;      ///< ICMP: the identifier. Other protocols: the destination port.
  std::uint64_t serial = 0;  ///< Never used twice under one key.
  /// Echo requests of one flow have the same checksum. Their payload has two bytes or more.
  std::optional<std::uint16_t> flow{};
};

/// The size in bytes of the compensation, which keeps the checksum of a flow constant. It follows the tag and takes its
/// room from it.
inline constexpr std::size_t compensation_size = 2;

/// Returns the bytes of the tag that fit into a payload of this size: 8, 4, 2 or 0.
[[nodiscard]] constexpr std::size_t tag_size(std::size_t payload_size) noexcept {
  return payload_size >= 8 ? 8U : payload_size >= 4 ? 4U : payload_size >= 2 ? 2U : 0U;
}
/// The same for a payload that may have a flow, whose compensation takes room too.
[[nodiscard]] constexpr std::size_t tag_size(std::size_t payload_size, std::optional<std::uint16_t> flow) noexcept {
  if (!flow) return tag_size(payload_size);
  return payload_size <= compensation_size ? 0U : tag_size(payload_size - compensation_size);
}

/// The result of comparing a returned payload with a probe.
struct PayloadCheck {
  bool authentic = false;     ///< The payload has as much of the tag as the probe carried, and it is right.
  std::uint8_t tag_bits = 0;  ///< 64, 32, 16, or 0 for a probe without room for a tag.
  bool altered = false;       ///< The rest of the payload differs from what was sent.
};

/// Encodes and recognises the probes of one object. Immutable.
///
/// The sequence number is a keyed permutation of the serial's low 16 bits, so it repeats every 65,536 probes. The
/// payload begins with a SipHash-2-4 tag over (target, zone, id, sequence, serial): 8 bytes of it, 4 in a payload of 4
/// to 7 bytes, 2 in one of 2 or 3, else none. After the tag comes the pattern, repeated from the payload's first byte
/// on. With a flow, two bytes of compensation stand between tag and pattern. They make the ICMP checksum depend only on
/// the key and the flow, and neither on the probe nor on the rest of the payload; the checksum of ICMPv6 also covers
/// the addresses. Different flows have different checksums, except 0 and 65,535: there is one checksum less than flows.
/// The tag need not cover other properties of a probe, such as its ttl, since a serial names one probe alone. The
/// packet carries nothing else: no time, and nothing that two probes have in common.
class ProbeTags {
 public:
  explicit ProbeTags(const SipKey& key) noexcept;

  [[nodiscard]] std::uint16_t sequence(std::uint64_t serial) const noexcept;

  /// Returns the greatest serial below `end` whose sequence number is `sequence`; nothing where there is none. Older
  /// ones follow in steps of 65,536.
  [[nodiscard]] std::optional<std::uint64_t> newest_serial(std::uint16_t sequence, std::uint64_t end) const noexcept;

  /// Writes a whole echo request for `probe` into `message`, whose size is that of the header (8 bytes) and the
  /// payload. `pattern_image` is the payload as the pattern alone would fill it, at least as long as the payload. The
  /// checksum is right for IPv4. For IPv6 it is zero, since only the kernel knows the source address.
  void encode_echo_request(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                           std::span<std::uint8_t> message) const noexcept;

  /// Compares a returned payload with the one that `probe` carried. The tag is compared in constant time. Here
  /// `pattern_image` is exactly as long as the payload was, so that a reply that was cut short cannot pass with a
  /// shorter tag.
  [[nodiscard]] PayloadCheck check_payload(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                                           std::span<const std::uint8_t> returned) const noexcept;

  /// Compares the beginning of a payload, as an ICMP error quotes it, with the tag alone. `altered` stays false. When
  /// no whole tag is quoted, `tag_bits` is 0 and `authentic` is false.
  [[nodiscard]] PayloadCheck check_quoted_payload(const ProbeIdentity& probe, std::size_t payload_size,
                                                  std::span<const std::uint8_t> quoted) const noexcept;

  /// Returns the ICMPv4 checksum that encode_echo_request() gave `probe`. `pattern_image` is exactly as long as the
  /// payload was.
  [[nodiscard]] std::uint16_t echo_request_checksum(const ProbeIdentity& probe,
                                                    std::span<const std::uint8_t> pattern_image) const noexcept;

  /// Writes the payload of a UDP datagram for `probe`: tag and pattern, as in an echo request.
  void encode_payload(const ProbeIdentity& probe, std::span<const std::uint8_t> pattern_image,
                      std::span<std::uint8_t> payload) const noexcept;

  /// Fills `bytes` with bytes that nobody can foretell without the key, other ones for each serial.
  void fill_random(std::uint64_t serial, std::span<std::uint8_t> bytes) const noexcept;

  /// Returns the number that a handshake carries: the initial sequence number of TCP, which the answer returns plus
  /// one, or the initiate tag of SCTP, which the answer returns unchanged. Its upper half is the sequence number, its
  /// lower half 16 bits of the tag. It is never zero.
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

/// Returns `size` bytes of `pattern`, repeated; zeros for an empty pattern.
[[nodiscard]] std::vector<std::uint8_t> pattern_image(std::span<const std::uint8_t> pattern, std::size_t size);

}  // namespace multiping::packet
