// Probes by UDP datagrams, and decides which datagrams and which ICMP errors from the queue are believed.
// A service need not return our tag: then address, ports and the order of sending say which probe it answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/answer_context.hpp"
#include "net/icmp_error_report.hpp"
#include "net/profile_table.hpp"
#include "net/udp_probe_index.hpp"
#include "packet/probe_tags.hpp"

namespace multiping::net {

class UdpProtocol {
 public:
  /// The arguments outlive this object.
  UdpProtocol(const packet::ProbeTags& codec, const ProfileTable& profiles, IcmpEvents& errors)
      : codec_{codec}, profiles_{profiles}, errors_{errors} {}

  /// Sets the sending time of the next probes.
  void set_time(Instant now) noexcept { now_ = now; }
  /// True when an answer without our tag to the source port `local_port` could only belong to this probe.
  [[nodiscard]] bool is_free(const Probe& probe, std::uint16_t local_port) noexcept {
    return index_.is_free({*probe.to, profiles_[probe.profile].port, local_port}, now_);
  }
  /// Writes the message, and notes the probe as sent. `message` is as long as the profile's messages are.
  void encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message);
  /// Removes a probe that was encoded and not sent. The caller takes back the newest first.
  void take_back(const Probe& probe) noexcept { index_.take_back(probe.serial); }

  void take_packet(const Incoming& packet, const AnswerContext& context);
  void take_error(const QueuedError& queued, const AnswerContext& context);
  void forget(Serial serial) noexcept { index_.forget(serial); }
  /// True when no probe is known: none was sent, or all are forgotten.
  [[nodiscard]] bool idle() const noexcept { return index_.empty(); }
  void forget_below(Serial first, Instant now) noexcept { index_.forget_below(first, now); }

 private:
  /// The probe that an answer or an error is about, and how sure this is.
  struct Match {
    Serial serial = 0;
    UdpFlight* flight = nullptr;  ///< Null: no probe fits.
    std::uint8_t auth_bits = 0;
    bool altered = false;
    bool elsewhere = false;  ///< The answer comes from another address.
    bool sure = false;       ///< Its tag proves it; otherwise only a short tag or the order of sending says so.
  };
  /// The context of an answer or an error, and its time of arrival.
  struct Heard {
    const AnswerContext& context;
    Instant at{};
  };

  [[nodiscard]] packet::ProbeIdentity identity(const UdpStream& stream, Serial serial) const noexcept {
    return {.target = stream.to, .id = stream.port, .serial = serial};
  }
  /// What a probe still waits for.
  enum class Wait : std::uint8_t { over, for_an_answer, for_anything };
  [[nodiscard]] static Wait wait_of(Serial serial, const UdpFlight& flight, const AnswerContext& context) noexcept;

  template <class Fits>
  [[nodiscard]] Match tagged(std::span<const std::uint8_t> bytes, Fits fits);
  [[nodiscard]] Match answered_by_tag(const Incoming& packet, const AnswerContext& context);
  [[nodiscard]] Match quoted_by_tag(const QueuedError& queued, const AnswerContext& context);

  template <class Fits>
  [[nodiscard]] Match by_order(UdpStream& stream, const Heard& heard, Fits fits);
  template <class Accepts>
  [[nodiscard]] Match first_from(std::uint32_t low, const Heard& heard, Accepts accepts);
  template <class Fits>
  [[nodiscard]] Match among_different(const UdpStream& stream, const Heard& heard, Fits fits);

  void take_answer(const Match& match, const Incoming& packet, const AnswerContext& context);
  void take_untagged(const Incoming& packet, const AnswerContext& context);
  [[nodiscard]] bool fits(const QueuedError& queued, Serial serial, const UdpFlight& flight) const noexcept;
  [[nodiscard]] Match quoted_by_order(const QueuedError& queued, const AnswerContext& context);

  const packet::ProbeTags& codec_;
  const ProfileTable& profiles_;
  IcmpEvents& errors_;
  UdpProbeIndex index_;
  Instant now_{};
};

}  // namespace multiping::net
