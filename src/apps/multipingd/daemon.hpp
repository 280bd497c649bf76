// Runs multipingd from start to end: opens what it needs, gives up all privileges, verifies that, and serves.
// multipingd(8).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "apps/multipingd/broker/broker_server.hpp"
#include "apps/multipingd/broker/prepared_sockets.hpp"
#include "apps/multipingd/daemon_options.hpp"
#include "apps/multipingd/icmp4em/icmp4em_listener.hpp"
#include "apps/multipingd/listening_socket.hpp"
#include "apps/multipingd/ping_group_claim.hpp"
#include "apps/multipingd/ping_group_range.hpp"
#include "apps/multipingd/ping_group_restorer.hpp"
#include "apps/multipingd/sandbox/sandbox_self_test.hpp"
#include "apps/multipingd/sandbox/users_and_groups.hpp"
#include "base/log.hpp"
#include "os/event_loop.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

class Daemon {
 public:
  /// Looks up users and groups. Throws std::invalid_argument when one is unknown.
  Daemon(Options options, Log& log);

  /// Starts and serves until SIGTERM or SIGINT. The caller must have blocked these and SIGUSR1. Throws
  /// std::runtime_error when it cannot start, or when a right that was given up is still there.
  void serve();
  /// Starts without serving, and prints what it found. False when something is wrong.
  bool check(std::ostream& out);

 private:
  void take_accounts();
  void fit_descriptors();
  [[nodiscard]] std::size_t fixed_descriptors() const noexcept;
  [[nodiscard]] std::size_t descriptors() const noexcept;
  /// Opens all that is needed, then gives up all rights. `publish`: the socket is put at its path.
  void start(bool publish);
  os::FileDescriptor open_listener(bool publish);
  [[nodiscard]] std::optional<PingGroupRange> settled_range() const;
  void allow_own_group();
  void share_setting(PingGroupClaim claim);
  void begin_setting(std::optional<PingGroupClaim> claim);
  void set_range(GuardOrder order);
  void go_unclaimed(const std::optional<os::PeerCredentials>& holder);
  void tell_range() const;
  void make_ready_sockets();
  void make_broker(os::FileDescriptor listener);
  void make_icmp4em();
  void add_ping_finding();
  void watch_guard();
  void watch_claim();
  void watch_signals();
  void handle_signal();
  void drain(const char* why);
  void tell_start();
  void tell_figures();
  void report(std::ostream& out) const;
  /// Why the daemon must not serve; empty when all findings hold.
  [[nodiscard]] std::string amiss() const;

  Options options_;
  Log& log_;
  Account account_{};
  ListenerPlace place_{};
  daemon::BrokerPolicy policy_{};
  PingGroupRangeFile range_file_;
  PingGroupRange range_before_{}, range_{};
  std::optional<PingGroupRestorer> guard_;
  std::optional<PingGroupClaim> claim_;  ///< None when a guard holds the claim, or there is none.
  std::optional<ListeningSocket> listener_;
  Occupant occupant_ = Occupant::none;
  PreparedSockets ready_;
  std::vector<Finding> findings_{};
  os::EventLoop loop_;
  os::FileDescriptor signals_{};
  std::unique_ptr<daemon::BrokerServer> broker_;
  std::vector<Icmp4emListener> icmp4em_;
  bool draining_ = false;
};

}  // namespace multiping::daemon
