// Network namespaces that a test makes for itself and that end with it: run a closure in one, configure it, and look.
// Whatever happens inside leaves the host as it was.
#pragma once

#include <sys/types.h>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <string>

namespace multiping::test {

/// For `* precondition(needs_root)`: skips a test, with the reason, where this process cannot make namespaces and
/// furnish them: for want of root, in most containers, or where `ip` is missing. It is tried once. With
/// MULTIPING_FORBID_SKIPS these tests are run all the same, and fail.
boost::test_tools::assertion_result needs_root(boost::unit_test::test_unit_id);

using Precondition = std::function<boost::test_tools::assertion_result(boost::unit_test::test_unit_id)>;
/// The same for tests that need `command` to succeed in a namespace: another program, or what not every kernel has.
[[nodiscard]] Precondition needs_to_work(std::string command);
/// The same for a step of the test itself, done in a namespace of its own, that throws where it is not possible; `what`
/// it is: "a TUN device".
[[nodiscard]] Precondition needs_possible(std::string what, std::function<void()> step);

/// Runs `body` in a child process with a network and a mount namespace of its own, loopback up.
///
/// What fails in there is printed there, and fails the calling test too. A child that takes longer than `limit` is
/// killed, which is a failure.
void in_namespace(const std::function<void()>& body, std::chrono::seconds limit = std::chrono::seconds{60});

/// A child process of a test. The destructor kills it if it still runs.
class Child {
 public:
  /// Runs `body`, whose failed checks become the exit status.
  explicit Child(const std::function<void()>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Waits until it has ended; false when it failed or had to be killed.
  [[nodiscard]] bool join(std::chrono::seconds limit = std::chrono::seconds{60});
  /// Waits until it has stopped (SIGSTOP); false when it ended instead.
  [[nodiscard]] bool wait_stopped() const;
  void signal(int number) const;

 private:
  pid_t pid_ = -1;
};

/// Runs a shell command in this namespace; a failure fails the test and shows what the command said.
void run(const std::string& command);
/// The same, without complaint: whether it succeeded.
[[nodiscard]] bool try_run(const std::string& command);

void write_file(const std::string& path, const std::string& text);
[[nodiscard]] std::string read_file(const std::string& path);

/// Waits until the IPv6 addresses of this namespace, or of the one of that name, are in use: the kernel adds their
/// local routes later, and until then drops what comes to them. For addresses added by `ip addr add`, whose links are
/// up.
void wait_for_addresses(const std::string& name = "");

/// Sets net.ipv4.ping_group_range of this namespace: every group, or none. A run through the broker leaves it to that.
void allow_ping_sockets(bool allowed = true);

/// From now on this namespace, or the one of that name, sends every ICMP error that it has to send.
void lift_error_limits(const std::string& name = "");

/// Becomes an ordinary user, without capabilities, for the rest of this process.
void become_nobody();

/// Two hosts and the wire between them: this namespace is 10.1.0.1/16 and fd01::1/64 on "va"; the namespace `peer` has
/// 10.1.0.2 and fd01::2 on "vb". Commands for the peer: run("nsenter --net=/run/netns/peer ..."), or "nsenter
/// --net=/run/netns/peer ip ...".
void make_peer();

/// a - router - b: this namespace is 10.1.0.1 and fd01::1, `router` has 10.1.0.2, 10.2.0.1 (fd01::2, fd02::1) and
/// forwards, and `far` is 10.2.0.2 (fd02::2). Default routes lead to the router.
void make_router();

/// Real routers in a row, each a namespace "r1", "r2" and so on that forwards and limits its errors as the kernel does
/// by default, and behind them the host `far`. Link n leads from 10.1.n.1 and fd01:n::1 to 10.1.n.2 and fd01:n::2, this
/// namespace being the near end of the first. All of 10.9.0.0/16 and fd09::/64 is `far` too.
void make_chain(int routers);

}  // namespace multiping::test
