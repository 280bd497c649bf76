// The broker in the daemon: accepts clients on a Unix socket, checks their credentials, and hands over ping sockets
// that are ready for use. Echo requests and replies never pass through the broker.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include "apps/multipingd/broker/socket_ledger.hpp"
#include "base/log.hpp"
#include "base/token_buckets.hpp"
#include "broker/broker_frames.hpp"
#include "os/event_loop.hpp"
#include "os/file_descriptor.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::daemon {

/// Which users may ask, and how much each may have. User 0 has no privilege here.
struct BrokerPolicy {
  bool anyone = true;  ///< Every user that can connect to the socket; false: only those below.
  std::set<uid_t> users{};
  std::set<gid_t> groups{};                          ///< The peer's group, or one of its supplementary groups.
  Rate requests{.per_second = 1000, .burst = 1000};  ///< For each user.
  std::size_t sockets_of_user = 1024;                ///< Ping sockets of one user that are open at once.
  /// Ping sockets of all users that are open at once. It should not exceed RLIMIT_NOFILE: a socket that a client has
  /// not fetched yet counts as in flight from this process, and the kernel allows RLIMIT_NOFILE of those. unix(7)
  /// ETOOMANYREFS.
  std::size_t sockets = 4096;
  std::size_t connections = 1024;
  std::size_t connections_of_user = 128;
};

/// Makes one ping socket. The server calls it for each socket of an allowed request.
using PingSocketMaker = std::function<os::PingSocket(const broker::BrokerRequest& request)>;

struct BrokerSetup {
  /// A Unix SOCK_SEQPACKET socket that listens already and does not block. A backlog of 64 is enough: with a longer one
  /// users wait longer while one user floods the queue.
  os::FileDescriptor listener{};
  BrokerPolicy policy{};
  PingSocketMaker maker{};
};

struct BrokerFigures {
  std::uint64_t connections = 0, requests = 0, granted = 0, denied = 0, limited = 0, failed = 0, bad = 0;
  std::size_t connected = 0;       ///< Clients that are connected now.
  std::size_t living_sockets = 0;  ///< Handed over and still open, as far as that was checked.
};

/// Requests of one connection are answered in their order. Users take turns, so a user waits for at most one
/// request of each other user. A connection is closed when the client sends no request for five seconds, or does not
/// fetch its replies.
class BrokerServer {
 public:
  /// `loop` and `log` outlive this object. Throws std::system_error when the system lacks descriptors.
  BrokerServer(os::EventLoop& loop, Log& log, BrokerSetup setup);
  BrokerServer(const BrokerServer&) = delete;
  BrokerServer& operator=(const BrokerServer&) = delete;
  ~BrokerServer();

  /// Accepts no new clients from now on. Clients that are connected, or wait to be accepted now, are still served.
  void stop_accepting();
  [[nodiscard]] BrokerFigures figures() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping::daemon
