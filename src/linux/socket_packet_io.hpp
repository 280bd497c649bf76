// The byte-level seam over real sockets: sendmmsg, recvmmsg, the error queue, receive stamps, and the clock.
// ip(7), ipv6(7), raw(7), icmp(7), udp(7), socket(7).
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "linux/control_message.hpp"
#include "linux/error_queue.hpp"
#include "linux/file_descriptor.hpp"
#include "linux/idle_sockets.hpp"
#include "linux/joined_descriptor.hpp"
#include "linux/lanes.hpp"
#include "linux/message_batch.hpp"
#include "linux/own_addresses.hpp"
#include "linux/socket_calls.hpp"
#include "linux/stamp_clock.hpp"
#include "linux/tcp_connector.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

class SocketPacketIo final : public net::PacketIo {
 public:
  /// Opens the sockets of plain ICMP probes when `request` is for long, as far as this process may, and no other yet;
  /// throws std::system_error when this process is out of descriptors.
  SocketPacketIo(TransportKind kind, const TransportOptions& options, const net::IoRequest& request,
                 const SharedSockets& shared = {});

  [[nodiscard]] net::Instant now() noexcept override;
  void set_shape(net::ShapeNumber shape, const ProbeOptions& options) override;
  net::Way way(Family family, net::ShapeNumber shape, unsigned turn) override;
  [[nodiscard]] std::span<const net::Lane> lanes() const noexcept override { return lanes_.open(); }
  [[nodiscard]] std::span<const net::Lane> heard() override;
  [[nodiscard]] const net::Channel& channel(net::Lane lane) const noexcept override { return lanes_[lane].channel; }
  [[nodiscard]] Address source(net::Lane lane, const Address& to, net::ShapeNumber shape) override;
  net::SendReport send(net::Lane lane, std::span<const net::Outgoing> messages) override;
  std::span<const net::Incoming> receive(net::Lane lane, bool& more) override;
  std::span<const net::QueuedError> receive_errors(net::Lane lane, bool& more) override;
  std::error_code connect(const net::Connecting& connecting) override;
  std::span<const net::Connected> connections(bool& more) override { return connector_.connections(more); }
  void give_back(Taken what, net::Lane lane, std::size_t count) noexcept override;
  void abandon(std::uint64_t token) noexcept override { connector_.abandon(token); }
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override;
  [[nodiscard]] net::Instant next_chore() const noexcept override;
  void wait(net::Instant until) override;
  void wake() noexcept override;
  [[nodiscard]] net::Drops drops() noexcept override { return lanes_.drops(); }
  [[nodiscard]] int native_handle() noexcept override;
  [[nodiscard]] bool can_rest() noexcept override;
  [[nodiscard]] bool renew() noexcept override;

 private:
  /// How a shape leaves for one family, as far as it was asked.
  struct FoundWay {
    bool checked = false;  ///< Nothing stood in its way. What does is looked for again whenever the way is asked for.
    std::vector<std::pair<unsigned, net::Lane>> lanes{};  ///< By turn.
  };
  /// By family: see index().
  struct Shape {
    ProbeOptions options{};
    std::string source_zone{};  ///< The interface of a link-local source, whose number may change.
    std::array<FoundWay, 2> ways{};
  };

  /// What an error queue held.
  struct Reports {
    bool own_size = false;   ///< A message was too large for this host.
    std::size_t others = 0;  ///< ICMP errors, about whatever message.
  };
  /// Of one lane.
  struct Queues {
    StampClock::Queue packets{}, errors{};
    std::error_code deaf{};        ///< No message can be received at all.
    std::uint64_t ready_at = 0;    ///< The last look, see looks_, that found something.
    bool may_hold_errors = false;  ///< Some call has failed since the error queue was found empty.
  };

  /// The last of what was read from a lane, to be given once more.
  struct GivenBack {
    net::Lane lane = 0;
    std::size_t count = 0;
    /// How many that lane has; none any more.
    [[nodiscard]] std::size_t take(net::Lane from) noexcept { return from == lane ? std::exchange(count, 0) : 0; }
  };
  struct AllGivenBack {
    GivenBack packets{}, errors{};
    [[nodiscard]] bool any() const noexcept { return packets.count + errors.count > 0; }
  };
  /// Though nothing arrives.
  [[nodiscard]] bool must_give() const noexcept {
    return !held_errors_.empty() || given_back_.any() || connector_.has_given_back();
  }

  [[nodiscard]] static std::size_t index(Family family) noexcept { return family == Family::ipv4 ? 0 : 1; }
  [[nodiscard]] net::Way open_lane(Family family, Shape& shape, unsigned turn);
  void begin(net::Lane lane);
  void found_empty(net::Lane lane) noexcept;
  bool renew_source(net::ShapeNumber shape);
  bool renew_device(net::Lane lane, net::Instant now, Duration patience);
  [[nodiscard]] bool is_foreign(net::Lane lane, int error, int tries);
  void expect_payload(std::size_t size) noexcept;
  void make_room(ReceiveBatch& batch) const;
  void watch_all();
  void join_all() noexcept;
  [[nodiscard]] std::span<const net::Lane> ready_lanes();
  [[nodiscard]] std::span<const net::Lane> polled_lanes();
  int read_socket(const OpenLane& lane, ReceiveBatch& batch, int flags, StampClock::Queue& queue);
  void make_room_for_errors(net::Lane lane);
  void look_for_errors() noexcept;
  void take_errors(net::Lane lane, std::size_t count) noexcept;
  void heed_sizes(net::Lane lane, std::size_t count) noexcept;
  [[nodiscard]] std::span<const net::Lane> given_back_first();
  [[nodiscard]] Reports hold_errors(net::Lane lane);
  void read_clocks() noexcept;
  [[nodiscard]] net::Arrival arrival(const ControlData& control, const StampClock::Queue& queue) const noexcept;

  TransportKind kind_;
  BrokerAccess broker_;
  OwnAddresses own_addresses_;
  OwnAddresses own_addresses_of_echoes_;  ///< Where a broker's ping sockets are of another network.
  FileDescriptor wake_;
  std::size_t packets_at_once_;
  std::size_t largest_payload_ = 0;
  JoinedDescriptor joined_;  ///< Of all lanes and the connector, where they are many or native_handle() was asked for.
  Lanes lanes_;
  TcpConnector connector_;
  std::vector<Shape> shapes_;
  std::array<std::vector<MessageShape>, 2> message_shapes_{};  ///< By family, then by shape.
  ReceiveBatch batch_;
  ReceiveBatch error_batch_;
  SendBatch send_batch_;
  SocketCalls calls_;
  std::vector<net::Incoming> incoming_;
  std::vector<net::QueuedError> errors_;
  HeldErrors held_errors_;
  AllGivenBack given_back_{};
  std::vector<pollfd> watched_;  ///< The event descriptor, then all else.
  std::uint64_t watched_version_ = 0;
  std::vector<net::Lane> heard_;
  StampClock stamps_;
  std::vector<Queues> queues_;  ///< By lane.
  std::uint64_t looks_ = 1;     ///< For ready lanes, counted from 1.
  StampClock::Queue empty_at_last_look_{};
  net::Instant read_at_{};
  bool met_error_ = false;       ///< While packets were read.
  bool reading_failed_ = false;  ///< With an error that does not pass by itself: the next wait() must not spin.
};

}  // namespace multiping::os
