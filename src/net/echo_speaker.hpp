// Asks by ICMP echo requests, over raw and ping sockets, and decides which replies and errors are believed.
// The measured path: per packet no allocation, no hash lookup.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>

#include "net/hearing.hpp"
#include "net/icmp_report.hpp"
#include "net/shape_table.hpp"
#include "packet/icmp.hpp"
#include "packet/probe_codec.hpp"

namespace multiping::net {

class EchoSpeaker {
 public:
  /// All of them outlive this object.
  EchoSpeaker(const packet::ProbeCodec& codec, const ShapeTable& shapes, IcmpEvents& errors)
      : codec_{codec}, shapes_{shapes}, errors_{errors} {}

  /// `message` is as long as the shape's messages are.
  void encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) const noexcept;
  void take_packet(const Incoming& packet, const Hearing& hearing);
  void take_error(const QueuedError& queued, const Hearing& hearing);
  /// The book knows of everything that was heard until now.
  void all_noted() noexcept {
    if (!credited_.empty()) credited_.clear();
  }
  /// The serials that come are those of other probes, under another key.
  void forget_all() noexcept {
    credited_.clear();
    reported_.clear();
  }

 private:
  /// A reply, before it is believed.
  struct Claim {
    const Outer& outer;
    const Arrival& arrival;
    const packet::IcmpMessage& message;
  };
  /// How well a probe of the window fits an answer, or what an error quotes.
  struct Fit {
    bool fits = false;
    bool sure = false;  ///< It can be no other probe.
    bool altered = false;
    std::uint8_t auth_bits = 0;  ///< What a forger had to guess.
  };

  /// Probes that leave another way have the same sequence numbers, and no payload that could be compared.
  [[nodiscard]] bool is_echo(const Probe& probe) const noexcept {
    return shapes_[probe.shape].carrier == Carrier::icmp;
  }
  [[nodiscard]] packet::ProbeIdentity identity(const Probe& probe, const Channel& channel) const noexcept {
    return {.target = *probe.to, .id = channel.id, .serial = probe.serial, .flow = shapes_[probe.shape].flow};
  }
  /// The probe that an answer or an error is about, and what proves it; none where nothing fits.
  struct Match {
    Serial serial = 0;
    Fit fit{};
  };
  template <class Fits>
  [[nodiscard]] Match matching(std::uint16_t sequence, const Hearing& hearing, Fits fits,
                               const std::unordered_set<Serial>& told) const;
  [[nodiscard]] Fit answers(const Probe& probe, const Claim& claim, const Channel& channel) const noexcept;
  [[nodiscard]] static Event event(const Match& match, const Claim& claim) noexcept;
  void take_reply(const Claim& claim, const Hearing& hearing);
  void refuse(const Claim& claim, const Hearing& hearing) const;
  [[nodiscard]] bool is_late(const Claim& claim, const Hearing& hearing) const noexcept;
  void take_failure(const QueuedError& queued, const packet::QuotedEcho& quoted, const Hearing& hearing) const;
  void take_report(const IcmpReport& report, const packet::QuotedEcho& quoted, const Hearing& hearing);
  [[nodiscard]] Fit is_quoted(const Probe& probe, const packet::QuotedEcho& quoted,
                              const Channel& channel) const noexcept;
  void note_reported(Serial serial, const ProbeBook& book) noexcept;

  const packet::ProbeCodec& codec_;
  const ShapeTable& shapes_;
  IcmpEvents& errors_;
  /// Probes that something is known of which told itself by its sequence number alone: of those an answer was heard
  /// that the book doesn't know of yet, or an error. Most objects never have any.
  std::unordered_set<Serial> credited_, reported_;
};

}  // namespace multiping::net
