// Network namespaces that a test makes for itself and that end with the test.
// Nothing that happens inside changes the host.
#pragma once

#include <sys/types.h>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <string>

namespace multiping::test {

/// For `* precondition(needs_root)`: skips a test, with the reason, when this process cannot make and configure
/// namespaces: without root, in most containers, or when `ip` is missing. Tries once for all tests. With
/// MULTIPING_FORBID_SKIPS these tests run anyway, and fail.
boost::test_tools::assertion_result needs_root(boost::unit_test::test_unit_id);

using Precondition = std::function<boost::test_tools::assertion_result(boost::unit_test::test_unit_id)>;
/// The same for tests that need `command` to succeed in a namespace, for example a program or a kernel feature.
[[nodiscard]] Precondition needs_to_work(std::string command);
/// The same for a step of the test itself. The step runs in its own namespace and throws when it is not possible.
/// `what` names it for the message: "a TUN device".
[[nodiscard]] Precondition needs_possible(std::string what, std::function<void()> step);

/// Runs `body` in a child process with its own network and mount namespaces. Loopback is up.
///
/// The child prints its failed checks, and they fail the calling test too. A child that takes longer than `limit` is
/// killed, which is a failure.
void in_namespace(const std::function<void()>& body, std::chrono::seconds limit = std::chrono::seconds{60});

/// A child process of a test. The destructor kills it if it still runs.
class Child {
 public:
  /// Runs `body`; the exit status tells whether its checks failed.
  explicit Child(const std::function<void()>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Waits until the child has ended; false when it failed or was killed after `limit`.
  [[nodiscard]] bool join(std::chrono::seconds limit = std::chrono::seconds{60});
  /// Waits until the child has stopped (SIGSTOP); false when it ended instead.
  [[nodiscard]] bool wait_stopped() const;
  void signal(int number) const;

 private:
  pid_t pid_ = -1;
};

/// Runs a shell command in this namespace. Throws std::runtime_error when it fails; its output is shown.
void run(const std::string& command);
/// Runs a shell command without output; true when it succeeded.
[[nodiscard]] bool try_run(const std::string& command);

void write_file(const std::string& path, const std::string& text);
[[nodiscard]] std::string read_file(const std::string& path);

/// Waits until the IPv6 addresses of this namespace, or of namespace `name`, are in use: the kernel adds their local
/// routes later, and drops packets to them until then. For addresses added by `ip addr add`, whose links are up.
void wait_for_addresses(const std::string& name = "");

/// Sets net.ipv4.ping_group_range of this namespace to every group or to none. Has no effect in a run through the
/// broker, which sets the range itself.
void allow_ping_sockets(bool allowed = true);

/// From now on this namespace, or namespace `name`, sends ICMP errors without a rate limit.
void lift_error_limits(const std::string& name = "");

/// Becomes an ordinary user, without capabilities, for the rest of this process.
void become_nobody();

/// Makes two hosts and a link between them: this namespace is 10.1.0.1/16 and fd01::1/64 on "va"; the namespace `peer`
/// has 10.1.0.2 and fd01::2 on "vb". Commands for the peer: run("nsenter --net=/run/netns/peer ...").
void make_peer();

/// Makes two hosts and a router between them: this namespace is 10.1.0.1 and fd01::1; `router` has 10.1.0.2, 10.2.0.1
/// (fd01::2, fd02::1) and forwards; `far` is 10.2.0.2 (fd02::2). Default routes lead to the router.
void make_router();

/// Makes Linux routers in a row, namespaces "r1", "r2" and so on, which forward and limit their errors by the kernel's
/// defaults, and behind them the host `far`. Link n leads from 10.1.n.1 and fd01:n::1 to 10.1.n.2 and fd01:n::2. This
/// namespace is the near end of link 1. All addresses of 10.9.0.0/16 and fd09::/64 belong to `far` too.
void make_chain(int routers);

}  // namespace multiping::test
