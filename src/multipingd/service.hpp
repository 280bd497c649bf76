// Runs multipingd from start to end: opens what it needs, gives up all privileges, verifies that, and serves.
// multipingd(8).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"
#include "multipingd/group_range.hpp"
#include "multipingd/icmp4em_front.hpp"
#include "multipingd/listener.hpp"
#include "multipingd/options.hpp"
#include "multipingd/range_claim.hpp"
#include "multipingd/range_guard.hpp"
#include "multipingd/ready_sockets.hpp"
#include "multipingd/verification.hpp"
#include "proxy/broker_server.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/log.hpp"

namespace multiping::daemon {

class Service {
 public:
  /// Looks up users and groups. Throws std::invalid_argument when one is unknown.
  Service(Options options, proxy::Log& log);

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
  [[nodiscard]] std::optional<GroupRange> settled_range() const;
  void allow_own_group();
  void share_setting(RangeClaim claim);
  void begin_setting(std::optional<RangeClaim> claim);
  void set_range(GuardOrder order);
  void go_unclaimed(const std::optional<proxy::PeerCredentials>& holder);
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
  proxy::Log& log_;
  Account account_{};
  ListenerPlace place_{};
  proxy::BrokerPolicy policy_{};
  GroupRangeFile range_file_;
  GroupRange range_before_{}, range_{};
  std::optional<RangeGuard> guard_;
  std::optional<RangeClaim> claim_;  ///< None when a guard holds the claim, or there is none.
  std::optional<Listener> listener_;
  Occupant occupant_ = Occupant::none;
  ReadySockets ready_;
  std::vector<Finding> findings_{};
  proxy::EventLoop loop_;
  os::FileDescriptor signals_{};
  std::unique_ptr<proxy::BrokerServer> broker_;
  std::vector<Icmp4emFront> icmp4em_;
  bool draining_ = false;
};

}  // namespace multiping::daemon
