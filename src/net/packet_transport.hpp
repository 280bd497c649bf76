// Implements the probe-level interface (transport.hpp) with sockets of this process, through packet_io.hpp.
// Hands each probe to its socket and each packet to the socket's protocol; the protocols decide which answers are
// believed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/echo_protocol.hpp"
#include "net/icmp_error_report.hpp"
#include "net/packet_io.hpp"
#include "net/probe_transport.hpp"
#include "net/profile_table.hpp"
#include "net/raw_handshake_protocol.hpp"
#include "net/send_time_bounds.hpp"
#include "net/send_time_spacing.hpp"
#include "net/tcp_connect_protocol.hpp"
#include "net/udp_protocol.hpp"
#include "packet/probe_tags.hpp"

namespace multiping::net {

class PacketTransport final : public ProbeTransport {
 public:
  /// `key` is used by this object alone.
  PacketTransport(std::unique_ptr<PacketIo> io, const SocketsNeeded& request, const packet::SipKey& key);

  [[nodiscard]] Instant now() noexcept override { return io_->now(); }
  [[nodiscard]] Duration wall_offset() noexcept override { return io_->wall_offset(); }
  void set_profile(ProfileNumber profile, const ProbeOptions& options) override;
  Obstacle prepare(Family family, ProfileNumber profile) override;
  [[nodiscard]] std::size_t credit() const noexcept override { return credit_; }
  Sent send(std::span<const Probe> probes, std::span<Instant> sent_at) override;
  [[nodiscard]] Instant room_at() const noexcept override { return std::min(connections_.room_at(), io_->room_at()); }
  void receive(const ProbeBook& book, std::vector<Event>& events) override;
  void forget(Serial serial) noexcept override;
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override {
    return io_->is_own(address, protocol);
  }
  [[nodiscard]] LocalNetwork* local_network(Protocol protocol) override { return io_->local_network(protocol); }
  void look_for_drops() noexcept override;
  [[nodiscard]] Instant next_chore() const noexcept override {
    return std::min(connections_.next_settling(), io_->next_chore());
  }
  void wait(Instant until) override { io_->wait(std::min(until, std::max(connections_.next_settling(), io_->now()))); }
  void wake() noexcept override { io_->wake(); }
  [[nodiscard]] int native_handle() noexcept override { return io_->native_handle(); }
  [[nodiscard]] Counters counters() noexcept override;
  [[nodiscard]] bool can_rest() noexcept override;
  [[nodiscard]] bool renew(const SocketsNeeded& request) override;
  [[nodiscard]] bool close_sockets() noexcept override;
  [[nodiscard]] bool reopen() noexcept override;
  [[nodiscard]] Serial first_serial() const noexcept override { return next_serial_; }

 private:
  [[nodiscard]] const Route& route_of(const Probe& probe);
  [[nodiscard]] const Route& route_in_turn(const Probe& probe);
  [[nodiscard]] bool is_free(const Probe& probe, unsigned turn);
  [[nodiscard]] const Route& route(const Probe& probe, unsigned turn);
  [[nodiscard]] const Route& find_route(const Probe& probe, unsigned turn);
  [[nodiscard]] Route route_by(const SendPath& way);
  void opened(const SendPath& way) noexcept;
  void make_room();
  [[nodiscard]] Sent send_some(std::span<const Probe> probes, std::span<Instant> sent_at);
  [[nodiscard]] Sent refuse(std::error_code error) noexcept;
  [[nodiscard]] bool is_all_echo() const noexcept;
  void forget_all() noexcept;
  [[nodiscard]] Sent send_run(SocketId socket_id, std::span<const Probe> probes, std::span<Instant> sent_at);
  void take_back(SocketId socket_id, std::span<const Probe> unsent) noexcept;
  void note_times(SocketId socket_id, const SendReport& report, std::span<const Probe> probes,
                  std::span<Instant> sent_at) noexcept;
  [[nodiscard]] Sent connect(const Probe& probe, Instant& sent_at);
  [[nodiscard]] std::span<const std::uint8_t> encode(const Probe& probe, SocketId socket_id, std::size_t place);
  void complete(std::span<Event> events, const ProbeBook& book) const noexcept;
  [[nodiscard]] bool will_be_cut(const Probe& probe, const Event& event) const noexcept;
  std::size_t drain(SocketId socket_id, const ProbeBook& book, std::vector<Event>& events);
  void drain_connections(const ProbeBook& book, std::vector<Event>& events);

  std::unique_ptr<PacketIo> io_;
  SocketsNeeded request_;
  packet::ProbeTags codec_;
  ProfileTable profiles_;
  IcmpEvents errors_;
  EchoProtocol echo_;
  UdpProtocol udp_;
  RawHandshakeProtocol handshake_;
  TcpConnectProtocol connections_;
  unsigned turn_ = 0;  ///< The turn of the previous UDP probe. The next probe likely has the same: one call sends both.
  Route failed_{};     ///< The route of a probe for which no socket could be opened. A later try may open it.
  std::size_t credit_ = 1;
  std::size_t longest_run_;  ///< Doubles with each run that was accepted; 1 after a refusal.
  std::size_t message_room_ = 0;
  std::vector<std::uint8_t> messages_;  ///< message_room_ bytes for each message of a run.
  std::vector<Outgoing> outgoing_;
  std::vector<SendTimeSpacing> paces_;  ///< By socket.
  SendTimeBounds calls_;
  Serial next_serial_ = 0;  ///< Greater than all serials that were sent.
  bool sent_any_ = false;
  bool taken_since_look_ = false;  ///< Something was received since look_for_drops().
  Counters counters_{};
  Drops dropped_{};  ///< As look_for_drops() last found them.
};

}  // namespace multiping::net
