// Asks by ICMP echo requests, over raw and ping sockets, and decides which replies and errors are believed.
// The measured path: per packet no allocation, no hash lookup.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/hearing.hpp"
#include "net/icmp_report.hpp"
#include "net/shape_table.hpp"
#include "packet/icmp.hpp"
#include "packet/probe_codec.hpp"

namespace multiping::net {

class EchoSpeaker {
 public:
  /// All of them outlive this object.
  EchoSpeaker(const packet::ProbeCodec& codec, const ShapeTable& shapes, IcmpEvents& errors) noexcept
      : codec_{codec}, shapes_{shapes}, errors_{errors} {}

  /// `message` is as long as the shape's messages are.
  void encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) const noexcept;
  void take_packet(const Incoming& packet, const Hearing& hearing);
  void take_error(const QueuedError& queued, const Hearing& hearing);

 private:
  /// A reply, before it is believed.
  struct Claim {
    const Outer& outer;
    const Arrival& arrival;
    const packet::IcmpMessage& message;
  };
  /// How well a probe of the window fits what an error quotes, in bits that a forger had to guess.
  using AuthBits = std::optional<std::uint8_t>;

  /// Probes that leave another way have the same sequence numbers, and no payload that could be compared.
  [[nodiscard]] bool is_echo(const Probe& probe) const noexcept {
    return shapes_[probe.shape].carrier == Carrier::icmp;
  }
  [[nodiscard]] packet::ProbeIdentity identity(const Probe& probe, const Channel& channel) const noexcept {
    return {.target = *probe.to, .id = channel.id, .serial = probe.serial, .flow = shapes_[probe.shape].flow};
  }
  void take_reply(const Claim& claim, const Hearing& hearing) const;
  void count_refused(const Claim& claim, const Hearing& hearing) const;
  [[nodiscard]] bool is_late(const Claim& claim, const Hearing& hearing) const noexcept;
  void take_failure(const QueuedError& queued, const packet::QuotedEcho& quoted, const Hearing& hearing) const;
  void take_report(const IcmpReport& report, const packet::QuotedEcho& quoted, const Hearing& hearing);
  [[nodiscard]] AuthBits fits(const Probe& probe, const packet::QuotedEcho& quoted,
                              const Channel& channel) const noexcept;

  const packet::ProbeCodec& codec_;
  const ShapeTable& shapes_;
  IcmpEvents& errors_;
};

}  // namespace multiping::net
