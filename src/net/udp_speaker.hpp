// Asks by UDP datagrams, and decides which datagrams and which ICMP errors from the queue are believed.
// A service need not send our tag back: then the source port, the address and the order say whose answer it is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/hearing.hpp"
#include "net/icmp_report.hpp"
#include "net/shape_table.hpp"
#include "net/udp_index.hpp"
#include "packet/probe_codec.hpp"

namespace multiping::net {

class UdpSpeaker {
 public:
  /// All of them outlive this object.
  UdpSpeaker(const packet::ProbeCodec& codec, const ShapeTable& shapes, IcmpEvents& errors) noexcept
      : codec_{codec}, shapes_{shapes}, errors_{errors} {}

  /// Which of the shape's source ports is next for this target.
  [[nodiscard]] unsigned turn(const Probe& probe);
  /// Writes the message, and takes the probe for sent. `message` is as long as the shape's messages are.
  void encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message);
  /// It was not sent. The newest goes first.
  void take_back(const Probe& probe) noexcept;

  void take_packet(const Incoming& packet, const Hearing& hearing);
  void take_error(const QueuedError& queued, const Hearing& hearing);
  void forget(Serial serial) noexcept { index_.forget(serial); }
  void forget_below(Serial first) noexcept { index_.forget_below(first); }

 private:
  /// A probe that something is about, and how sure that is.
  struct Match {
    Serial serial = 0;
    UdpFlight* flight = nullptr;  ///< None: nothing fits.
    std::uint8_t auth_bits = 0;
    bool altered = false;
  };
  /// An ICMP error and the target that it may be about.
  struct Quote {
    const QueuedError& queued;
    const Address& target;
  };

  [[nodiscard]] packet::ProbeIdentity identity(const Address& target, std::uint16_t port,
                                               Serial serial) const noexcept {
    return {.target = target, .id = port, .serial = serial};
  }
  /// How much a probe still waits for something.
  enum class Wait : std::uint8_t { over, for_an_answer, for_anything };
  [[nodiscard]] static Wait wait_of(Serial serial, const UdpFlight& flight, const Hearing& hearing) noexcept;
  [[nodiscard]] Match tagged(const Incoming& packet, const Hearing& hearing);
  [[nodiscard]] Match untagged(const Incoming& packet, const Hearing& hearing);
  void count_refused(const Incoming& packet, const Hearing& hearing);
  [[nodiscard]] std::optional<std::uint8_t> fits(const Quote& quote, Serial serial,
                                                 const UdpFlight& flight) const noexcept;
  [[nodiscard]] Match matching(const QueuedError& queued, const Hearing& hearing);

  const packet::ProbeCodec& codec_;
  const ShapeTable& shapes_;
  IcmpEvents& errors_;
  UdpIndex index_;
};

}  // namespace multiping::net
