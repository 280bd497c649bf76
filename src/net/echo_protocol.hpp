// Probes by ICMP echo requests, over raw and ping sockets, and decides which replies and errors are believed.
// This path is optimised: a packet costs no allocation and no hash lookup.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>

#include "net/answer_context.hpp"
#include "net/icmp_error_report.hpp"
#include "net/profile_table.hpp"
#include "packet/icmp.hpp"
#include "packet/probe_tags.hpp"

namespace multiping::net {

class EchoProtocol {
 public:
  /// The arguments outlive this object.
  EchoProtocol(const packet::ProbeTags& codec, const ProfileTable& profiles, IcmpEvents& errors)
      : codec_{codec}, profiles_{profiles}, errors_{errors} {}

  /// `message` has the size of the probe's message.
  void encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) const noexcept;
  void take_packet(const Incoming& packet, const AnswerContext& context);
  void take_error(const QueuedError& queued, const AnswerContext& context);
  /// Called when the book knows of every answer that was taken until now.
  void all_noted() noexcept {
    if (!credited_.empty()) credited_.clear();
  }
  /// Forgets all serials. To be called before the serials begin again, for other probes and under another key.
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
  /// How well an answer, or the quote of an ICMP error, fits a probe of the window.
  struct Fit {
    bool fits = false;
    bool sure = false;  ///< No other probe can be meant.
    bool altered = false;
    std::uint8_t auth_bits = 0;  ///< The bits that a forger had to guess.
  };

  /// False for a probe of another protocol: it shares the sequence numbers, but has no payload to compare.
  [[nodiscard]] bool is_echo(const Probe& probe) const noexcept {
    return profiles_[probe.profile].protocol == Protocol::icmp;
  }
  [[nodiscard]] packet::ProbeIdentity identity(const Probe& probe, const Channel& channel) const noexcept {
    return {.target = *probe.to, .id = channel.id, .serial = probe.serial, .flow = profiles_[probe.profile].flow};
  }
  /// The probe that an answer or an error is about. Where none fits, `fit.fits` is false.
  struct Match {
    Serial serial = 0;
    Fit fit{};
  };
  template <class Fits>
  [[nodiscard]] Match matching(std::uint16_t sequence, const AnswerContext& context, Fits fits,
                               const std::unordered_set<Serial>& told) const;
  [[nodiscard]] Fit answers(const Probe& probe, const Claim& claim, const Channel& channel) const noexcept;
  [[nodiscard]] static Event event(const Match& match, const Claim& claim) noexcept;
  void take_reply(const Claim& claim, const AnswerContext& context);
  void refuse(const Claim& claim, const AnswerContext& context) const;
  [[nodiscard]] bool is_late(const Claim& claim, const AnswerContext& context) const noexcept;
  void take_failure(const QueuedError& queued, const packet::QuotedEcho& quoted, const AnswerContext& context) const;
  void take_report(const IcmpErrorReport& report, const packet::QuotedEcho& quoted, const AnswerContext& context);
  [[nodiscard]] Fit is_quoted(const Probe& probe, const packet::QuotedEcho& quoted,
                              const Channel& channel) const noexcept;
  void note_reported(Serial serial, const ProbeBook& book) noexcept;

  const packet::ProbeTags& codec_;
  const ProfileTable& profiles_;
  IcmpEvents& errors_;
  /// Probes that were matched without a sure tag: `credited_` to an answer that the book does not know of yet,
  /// `reported_` to an ICMP error. Most objects never have any.
  std::unordered_set<Serial> credited_, reported_;
};

}  // namespace multiping::net
