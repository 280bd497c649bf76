// net::PacketIo over real sockets: sendmmsg(2), recvmmsg(2), the error queue, receive stamps, and the clock.
// ip(7), ipv6(7), raw(7), icmp(7), udp(7), socket(7).
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/process_id.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"
#include "os/control_message.hpp"
#include "os/epoll_descriptor.hpp"
#include "os/error_queue.hpp"
#include "os/file_descriptor.hpp"
#include "os/local_addresses.hpp"
#include "os/receive_stamp_clock.hpp"
#include "os/rtnetlink_client.hpp"
#include "os/sendmmsg_arrays.hpp"
#include "os/sendmmsg_calls.hpp"
#include "os/socket_pool.hpp"
#include "os/spare_icmp_sockets.hpp"
#include "os/tcp_connector.hpp"

namespace multiping::os {

class SocketPacketIo final : public net::PacketIo {
 public:
  /// Opens the sockets of plain ICMP probes when `request.lasts`, if this process may, and no others yet.
  /// Throws std::system_error when this process is out of descriptors.
  SocketPacketIo(TransportKind kind, const TransportOptions& options, const net::SocketsNeeded& request,
                 const SharedSockets& shared = {});

  [[nodiscard]] Instant now() noexcept override;
  [[nodiscard]] Duration wall_offset() noexcept override;
  void set_profile(net::ProfileNumber profile, const ProbeOptions& options) override;
  net::SendPath way(Family family, net::ProfileNumber profile, unsigned turn) override;
  [[nodiscard]] std::span<const net::SocketId> sockets() const noexcept override { return sockets_.open(); }
  [[nodiscard]] std::span<const net::SocketId> heard() override;
  [[nodiscard]] const net::Channel& channel(net::SocketId socket_id) const noexcept override {
    return sockets_[socket_id].channel;
  }
  [[nodiscard]] Address source(net::SocketId socket_id, const Address& to, net::ProfileNumber profile) override;
  net::SendReport send(net::SocketId socket_id, std::span<const net::Outgoing> messages) override;
  std::span<const net::Incoming> receive(net::SocketId socket_id, bool& more) override;
  std::span<const net::QueuedError> receive_errors(net::SocketId socket_id, bool& more) override;
  std::error_code connect(const net::Connecting& connecting) override;
  std::span<const net::Connected> connections(bool& more) override { return connector_.connections(more); }
  void give_back(Taken what, net::SocketId socket_id, std::size_t count) noexcept override;
  void abandon(std::uint64_t token) noexcept override { connector_.abandon(token); }
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override;
  [[nodiscard]] net::LocalNetwork* local_network(Protocol protocol) override;
  [[nodiscard]] Instant next_chore() const noexcept override;
  void wait(Instant until) override;
  void wake() noexcept override;
  [[nodiscard]] net::Drops drops() noexcept override { return sockets_.drops(); }
  [[nodiscard]] int native_handle() noexcept override;
  [[nodiscard]] bool can_rest() noexcept override;
  [[nodiscard]] bool renew() noexcept override;
  [[nodiscard]] bool close_sockets() noexcept override;
  [[nodiscard]] bool reopen() noexcept override;

 private:
  /// How the probes of a profile leave for one family: the results of way() so far.
  struct FoundWay {
    bool checked = false;  ///< The check found no refusal. After a refusal, way() checks again each time.
    std::vector<std::pair<unsigned, net::SocketId>> sockets{};  ///< Turns and their sockets.
  };
  /// `ways` are by family: see index().
  struct Profile {
    ProbeOptions options{};
    std::string source_zone{};  ///< The interface of a link-local source; its number may change.
    /// By family: the index of the device that each message names, since its socket is not bound to the device. 0:
    /// none.
    std::array<unsigned, 2> named_device{};
    std::array<FoundWay, 2> ways{};
  };

  /// The entries that an error queue held.
  struct Reports {
    bool own_size = false;   ///< A message was too large for this host.
    std::size_t others = 0;  ///< ICMP errors, about any message.
  };
  static constexpr int most_retries = 16;                   ///< After EINTR.
  static constexpr std::uint32_t connector_tag = 0x1'0000;  ///< The connector in joined_; no socket has this number.

  /// The state of one socket's queues.
  struct Queues {
    ReceiveStampClock::Queue packets{}, errors{};
    std::error_code deaf{};      ///< Why no message can be received at all; none: messages can be.
    std::int64_t to_come = 0;    ///< Messages sent, less packets received.
    std::uint64_t ready_at = 0;  ///< The number of the last look that found this socket ready; see looks_.
    bool may_hold_errors =
        false;  ///< A call failed, or a look found the socket ready, since the queue was found empty.
  };

  /// The last packets or errors that were read from a socket, and that the next call returns again.
  struct GivenBack {
    net::SocketId socket_id = 0;
    std::size_t count = 0;
    /// Returns how many items of this socket were given back; the next call returns 0.
    [[nodiscard]] std::size_t take(net::SocketId from) noexcept {
      return from == socket_id ? std::exchange(count, 0) : 0;
    }
  };
  struct AllGivenBack {
    GivenBack packets{}, errors{};
    [[nodiscard]] bool any() const noexcept { return packets.count + errors.count > 0; }
  };
  /// True when a receiving function has something to return even if nothing arrives.
  [[nodiscard]] bool must_give() const noexcept {
    return !held_errors_.empty() || given_back_.any() || connector_.has_given_back();
  }

  /// Probes of this protocol leave from the network of a broker, which is not the one of this process.
  [[nodiscard]] bool leave_elsewhere(Protocol protocol) const noexcept {
    return protocol == Protocol::icmp && broker_.sockets && broker_.sockets->elsewhere();
  }
  [[nodiscard]] static std::size_t index(Family family) noexcept { return family == Family::ipv4 ? 0 : 1; }
  [[nodiscard]] net::SendPath open_path(Family family, net::ProfileNumber number, unsigned turn);
  [[nodiscard]] SocketPool::Taken take_socket(Family family, net::ProfileNumber number, unsigned turn);
  void name_device(Family family, net::ProfileNumber number);
  void begin(net::SocketId socket_id);
  void found_empty(net::SocketId socket_id) noexcept;
  bool renew_source(net::ProfileNumber profile);
  bool renew_named_device(Family family, net::ProfileNumber profile);
  bool renew_device(net::SocketId socket_id, Instant now, Duration patience);
  [[nodiscard]] bool is_foreign(net::SocketId socket_id, int error, int tries);
  void expect_payload(std::size_t size) noexcept;
  [[nodiscard]] bool is_simple() const noexcept;
  void make_room(RecvmmsgArrays& batch) const;
  void watch_all();
  void join_all() noexcept;
  [[nodiscard]] std::span<const net::SocketId> ready_sockets();
  [[nodiscard]] std::span<const net::SocketId> polled_sockets();
  int read_socket(const PooledSocket& pooled, RecvmmsgArrays& batch, int flags, ReceiveStampClock::Queue& queue);
  void make_room_for_errors(net::SocketId socket_id);
  void look_for_errors() noexcept;
  void take_errors(net::SocketId socket_id, std::size_t count) noexcept;
  void heed_size(net::SocketId socket_id, const ControlData& control) noexcept;
  void heed_sizes(net::SocketId socket_id, std::size_t count) noexcept;
  [[nodiscard]] std::span<const net::SocketId> given_back_first();
  [[nodiscard]] Reports hold_errors(net::SocketId socket_id);
  [[nodiscard]] bool expects_nothing(const Queues& queues) const noexcept;
  void read_clocks() noexcept;
  [[nodiscard]] net::Arrival arrival(const ControlData& control, const ReceiveStampClock::Queue& queue) const noexcept;

  const pid_t owner_ = process_id();
  TransportKind kind_;
  BrokerAccess broker_;
  LocalAddresses own_addresses_;
  LocalAddresses own_addresses_of_echoes_;  ///< Used when a broker's ping sockets are of another network.
  std::unique_ptr<KernelNetwork> kernel_;   ///< Made when a target was silent.
  FileDescriptor wake_;
  bool few_targets_;
  std::size_t packets_at_once_;
  std::size_t largest_payload_ = 0;
  EpollDescriptor joined_;  ///< Joins all sockets and the connector, when sockets are many or after native_handle().
  SocketPool sockets_;
  TcpConnector connector_;
  std::vector<Profile> profiles_;
  std::array<std::vector<MessageLayout>, 2> message_profiles_{};  ///< By family, then by profile.
  RecvmmsgArrays batch_;
  RecvmmsgArrays error_batch_;
  SendmmsgArrays send_batch_;
  SendmmsgCalls calls_;
  std::vector<net::Incoming> incoming_;
  std::vector<net::QueuedError> errors_;
  HeldErrors held_errors_;
  AllGivenBack given_back_{};
  std::vector<pollfd> watched_;  ///< The event descriptor, then all others.
  std::uint64_t watched_version_ = 0;
  std::vector<net::SocketId> heard_;
  ReceiveStampClock stamps_;
  std::vector<Queues> queues_;  ///< By socket.
  std::uint64_t looks_ = 1;     ///< The number of the next look for ready sockets, counted from 1.
  ReceiveStampClock::Queue empty_at_last_look_{};
  Instant read_at_{};
  bool met_error_ = false;       ///< A call failed while packets were read.
  bool reading_failed_ = false;  ///< An error did not pass: the next wait() must not spin.
};

}  // namespace multiping::os
