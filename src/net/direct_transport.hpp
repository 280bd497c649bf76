// The probe-level seam served by sockets of this process: a speaker for each way of asking above, packet_io below.
// Here probes are handed to their lanes and what comes in to its speaker; what is believed is the speakers' business.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/connection_speaker.hpp"
#include "net/echo_speaker.hpp"
#include "net/handshake_speaker.hpp"
#include "net/icmp_report.hpp"
#include "net/packet_io.hpp"
#include "net/send_pace.hpp"
#include "net/sent_calls.hpp"
#include "net/shape_table.hpp"
#include "net/transport.hpp"
#include "net/udp_speaker.hpp"
#include "packet/probe_codec.hpp"

namespace multiping::net {

class DirectTransport final : public ProbeTransport {
 public:
  /// `key` is for this object alone.
  DirectTransport(std::unique_ptr<PacketIo> io, const IoRequest& request, const packet::SipKey& key);

  [[nodiscard]] Instant now() noexcept override { return io_->now(); }
  void set_shape(ShapeNumber shape, const ProbeOptions& options) override;
  Obstacle prepare(Family family, ShapeNumber shape) override;
  [[nodiscard]] std::size_t credit() const noexcept override { return credit_; }
  Sent send(std::span<const Probe> probes, std::span<Instant> sent_at) override;
  [[nodiscard]] Instant room_at() const noexcept override { return std::min(connections_.room_at(), io_->room_at()); }
  void receive(const ProbeBook& book, std::vector<Event>& events) override;
  void forget(Serial serial) noexcept override;
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override {
    return io_->is_own(address, protocol);
  }
  void look_for_drops() noexcept override;
  [[nodiscard]] Instant next_chore() const noexcept override {
    return connections_.has_news() ? Instant::min() : io_->next_chore();
  }
  void wait(Instant until) override { io_->wait(std::min(until, connections_.has_news() ? io_->now() : until)); }
  void wake() noexcept override { io_->wake(); }
  [[nodiscard]] int native_handle() noexcept override { return io_->native_handle(); }
  [[nodiscard]] Counters counters() noexcept override;
  [[nodiscard]] bool can_rest() noexcept override;
  [[nodiscard]] bool renew(const IoRequest& request, const Secret& secret) override;

 private:
  [[nodiscard]] const Route& route_of(const Probe& probe);
  [[nodiscard]] const Route& route_in_turn(const Probe& probe);
  [[nodiscard]] bool is_free(const Probe& probe, unsigned turn);
  [[nodiscard]] const Route& route(const Probe& probe, unsigned turn);
  [[nodiscard]] const Route& find_route(const Probe& probe, unsigned turn);
  [[nodiscard]] Route route_by(const Way& way);
  void opened(const Way& way) noexcept;
  void make_room();
  [[nodiscard]] Sent send_some(std::span<const Probe> probes, std::span<Instant> sent_at);
  [[nodiscard]] Sent refuse(std::error_code error) noexcept;
  [[nodiscard]] Sent send_run(Lane lane, std::span<const Probe> probes, std::span<Instant> sent_at);
  void take_back(Lane lane, std::span<const Probe> unsent) noexcept;
  void note_times(Lane lane, const SendReport& report, std::span<const Probe> probes,
                  std::span<Instant> sent_at) noexcept;
  [[nodiscard]] Sent connect(const Probe& probe, Instant& sent_at);
  [[nodiscard]] std::span<const std::uint8_t> encode(const Probe& probe, Lane lane, std::size_t place);
  void complete(std::span<Event> events, const ProbeBook& book) const noexcept;
  [[nodiscard]] bool will_be_cut(const Probe& probe, const Event& event) const noexcept;
  std::size_t drain(Lane lane, const ProbeBook& book, std::vector<Event>& events);
  void drain_connections(const ProbeBook& book, std::vector<Event>& events);

  std::unique_ptr<PacketIo> io_;
  IoRequest request_;
  packet::ProbeCodec codec_;
  ShapeTable shapes_;
  IcmpEvents errors_;
  EchoSpeaker echo_;
  UdpSpeaker udp_;
  HandshakeSpeaker handshake_;
  ConnectionSpeaker connections_;
  unsigned turn_ = 0;  ///< Of the UDP probe before: likely free for the next, and then both go in one call.
  Route failed_{};     ///< Of a probe for which no socket could be opened; another time it may be.
  std::size_t credit_ = 1;
  std::size_t longest_run_;  ///< Doubles with each run that was accepted; one behind a refusal.
  std::size_t message_room_ = 0;
  std::vector<std::uint8_t> messages_;  ///< message_room_ for each of a run.
  std::vector<Outgoing> outgoing_;
  std::vector<SendPace> paces_;  ///< By lane.
  SentCalls calls_;
  bool sent_any_ = false;
  bool taken_since_look_ = false;  ///< Since drops were looked for.
  Counters counters_{};
  Drops dropped_{};  ///< At the last look.
};

}  // namespace multiping::net
