// Probes by the first packet of a handshake over a raw socket, a TCP SYN or an SCTP INIT, and never completes it.
// The answer returns the number that the packet carries; this number alone identifies and proves the probe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/answer_context.hpp"
#include "net/icmp_error_report.hpp"
#include "net/profile_table.hpp"
#include "packet/probe_tags.hpp"

namespace multiping::net {

class RawHandshakeProtocol {
 public:
  /// The arguments outlive this object.
  RawHandshakeProtocol(const packet::ProbeTags& codec, const ProfileTable& profiles, IcmpEvents& errors) noexcept
      : codec_{codec}, profiles_{profiles}, errors_{errors} {}

  /// The channel and source address of a message.
  struct Exit {
    const Channel& channel;
    Address source{};  ///< The source address of an IPv4 TCP segment, for its checksum.
  };
  /// `message` is as long as the profile's messages are.
  void encode(const Probe& probe, const Exit& exit, std::span<std::uint8_t> message) const noexcept;
  void take_packet(const Incoming& packet, const AnswerContext& context);
  void take_error(const QueuedError& queued, const AnswerContext& context);

 private:
  /// An answer, before it is believed.
  struct Claim {
    std::uint16_t local_port = 0, port = 0;
    std::uint32_t number = 0;           ///< The handshake number that it returns.
    std::optional<Event::Kind> kind{};  ///< None: it answers no handshake.
    Arrival arrival{};
  };
  /// The packet that an ICMP error quotes.
  struct Quote {
    std::uint16_t local_port = 0, port = 0;
    std::optional<std::uint32_t> number{};  ///< None: too little of an SCTP packet is quoted.
  };

  [[nodiscard]] static std::optional<Claim> tcp_claim(const Outer& outer, const AnswerContext& context) noexcept;
  [[nodiscard]] static std::optional<Claim> sctp_claim(const Outer& outer, const AnswerContext& context) noexcept;
  [[nodiscard]] bool counts_elsewhere(const Probe& probe, const AnswerContext& context) const noexcept;
  void take_claim(const Claim& claim, const Outer& outer, const AnswerContext& context) const;
  [[nodiscard]] static Event event(const Probe& probe, const Claim& claim, const Outer& outer,
                                   const Channel& channel) noexcept;
  void refuse(const Claim& claim, const Outer& outer, const AnswerContext& context) const;
  [[nodiscard]] bool is_number_of(const Probe& probe, std::uint32_t number, const Channel& channel) const noexcept;
  [[nodiscard]] std::uint16_t local_port(Serial serial, const Channel& channel) const noexcept;
  [[nodiscard]] static std::optional<Quote> quote_of(const QueuedError& queued, const Channel& channel) noexcept;
  [[nodiscard]] std::optional<Serial> quoted_probe(const QueuedError& queued, const Quote& quote,
                                                   const AnswerContext& context) const;

  const packet::ProbeTags& codec_;
  const ProfileTable& profiles_;
  IcmpEvents& errors_;
};

}  // namespace multiping::net
