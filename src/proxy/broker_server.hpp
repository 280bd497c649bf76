// The broker's side of the daemon: accepts clients on a Unix socket, checks who they are, and hands over ping sockets
// that are made ready. No echo ever passes through here.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include "linux/file_descriptor.hpp"
#include "linux/ping_socket.hpp"
#include "proxy/broker_frames.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/living_sockets.hpp"
#include "proxy/log.hpp"
#include "proxy/rate_limits.hpp"

namespace multiping::proxy {

/// Who may ask, and how much. User 0 is a user as any other.
struct BrokerPolicy {
  bool anyone = true;  ///< Whoever can open the socket; else only these:
  std::set<uid_t> users{};
  std::set<gid_t> groups{};                          ///< The peer's group, or one of its supplementary ones.
  Rate requests{.per_second = 1000, .burst = 1000};  ///< Of each user.
  std::size_t sockets_of_user = 1024;                ///< Ping sockets of one user that are alive at once.
  /// Of all users. Larger than RLIMIT_NOFILE is no use: as long as a client has not fetched what it was given, it
  /// counts as in flight from this process, which may have that many there. unix(7) ETOOMANYREFS.
  std::size_t sockets = 4096;
  std::size_t connections = 1024;
  std::size_t connections_of_user = 128;
};

/// Makes one ready; called for each socket of a request that may have it.
using PingSocketMaker = std::function<os::PingSocket(const BrokerRequest& request)>;

/// What a server starts with.
struct BrokerSetup {
  /// A Unix SOCK_SEQPACKET socket that listens already and does not block. A backlog of 64 is enough: a longer one
  /// makes users wait behind another one's flood.
  os::FileDescriptor listener{};
  BrokerPolicy policy{};
  PingSocketMaker maker{};
};

struct BrokerFigures {
  std::uint64_t connections = 0, requests = 0, granted = 0, denied = 0, limited = 0, failed = 0, bad = 0;
  std::size_t connected = 0;       ///< Clients, now.
  std::size_t living_sockets = 0;  ///< Handed over and still open, as far as was looked up.
};

/// Requests of one connection are answered in their order. Users take turns, so that one who asks for much makes no
/// other one wait for longer than one request takes. A client has five seconds to send its next request; then, and when
/// it does not fetch its replies, its connection is closed.
class BrokerServer {
 public:
  /// `loop` and `log` outlive this object. Throws std::system_error when the system lacks descriptors.
  BrokerServer(EventLoop& loop, Log& log, BrokerSetup setup);
  BrokerServer(const BrokerServer&) = delete;
  BrokerServer& operator=(const BrokerServer&) = delete;
  ~BrokerServer();

  /// No new clients from now on; who is connected, or waits to be let in, is served as before.
  void stop_accepting();
  [[nodiscard]] BrokerFigures figures() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping::proxy
