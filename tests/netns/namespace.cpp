// Forks children, makes namespaces and runs the commands that configure them. See namespace.hpp.
// The Boost.Test of a child prints its failed checks; its exit status tells the parent.
#include "netns/namespace.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/execution_monitor.hpp>
#include <boost/test/results_collector.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "multiping/multiping.hpp"
#include "netns/through_broker.hpp"
#include "os/socket_basics.hpp"

extern "C" {
int __llvm_profile_write_file() __attribute__((weak));
void __lsan_do_leak_check() __attribute__((weak));
}

namespace multiping::test {
namespace {

constexpr int exit_failed = 1;
constexpr uid_t nobody = 65534;

bool single_threaded() {
  const auto threads = std::filesystem::directory_iterator{"/proc/self/task"};
  return std::distance(begin(threads), end(threads)) == 1;
}

// Ends a child without the atexit handlers of its parent, but with the coverage data and, if asked for, the leak check.
// The leak check may wait for ever on a lock that another thread held at the fork.
[[noreturn]] void leave(int code, bool check_leaks = false) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const AsRoot root;
  if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  if (check_leaks && __lsan_do_leak_check != nullptr) __lsan_do_leak_check();
  ::_exit(code);
}

/// The failed checks of the running test so far, in this process and before it was forked.
auto failed_checks() {
  namespace unit_test = boost::unit_test;
  const auto& results = unit_test::results_collector.results(unit_test::framework::current_test_case_id());
  return results.p_assertions_failed.get();
}

[[noreturn]] void run_child(const std::function<void()>& body, bool check_leaks) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // ends the child with its test
  const auto failed_before = failed_checks();
  try {
    body();
  } catch (const boost::execution_aborted&) {
    leave(exit_failed);  // a BOOST_REQUIRE, which has printed the reason
  } catch (const std::exception& error) {
    BOOST_ERROR("in the child process: " << error.what());
    leave(exit_failed);
  }
  if (failed_checks() != failed_before) leave(exit_failed);
  leave(0, check_leaks);
}

/// The beginning of an ip(8) command for the namespace `name`. Not `ip -n`, which cannot change mounts in a chroot.
std::string ip_in(const std::string& name) {
  return name.empty() ? "ip " : "nsenter --net=/run/netns/" + name + " ip ";
}

// Sets loopback up, and switches duplicate address detection off, which would delay link-local addresses by a second.
void furnish(const std::string& name) {
  const std::string inside = name.empty() ? "" : "nsenter --net=/run/netns/" + name + " ";
  if (!name.empty()) run("ip netns add " + name);
  run(inside + "sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
  run(inside + "ip link set lo up");
}

os::FileDescriptor open_folder(const char* path) {
  return os::FileDescriptor{::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

/// The root of a chroot is not a mount and cannot be made private. The mounts that contain it can, from the root of all
/// mounts, to which setns(2) leads.
void make_private_outside_of_chroot() {
  const auto root = open_folder("/"), here = open_folder(".");
  const os::FileDescriptor mounts{::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
  if (::setns(mounts.value(), CLONE_NEWNS) != 0) os::fail("cannot make mounts private in a chroot");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) os::fail("cannot make mounts private");
  if (::fchdir(root.value()) != 0 || ::chroot(".") != 0 || ::fchdir(here.value()) != 0)
    os::fail("cannot return into the chroot");
}

void enter_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) os::fail("cannot make a network namespace");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    if (errno != EINVAL) os::fail("cannot make mounts private");
    make_private_outside_of_chroot();
  }
  // `ip netns` keeps its names in /run/netns. The names of this process are private to it, and end with it.
  if (::mount("none", "/run", "tmpfs", 0, nullptr) != 0) os::fail("cannot mount /run");
  furnish("");
}

// Opens a descriptor that becomes readable when the process has ended.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

/// Does `step` in a child without output. Returns the text of what it threw; empty when it succeeded.
std::string obstacle_to(const std::function<void()>& step) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) os::fail("cannot open a pipe");
  const os::FileDescriptor reading{ends[0]};
  os::FileDescriptor writing{ends[1]};
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    const os::FileDescriptor nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    ::dup2(nowhere.value(), STDOUT_FILENO);
    ::dup2(nowhere.value(), STDERR_FILENO);
    try {
      step();
    } catch (const std::exception& error) {
      const std::string_view text = error.what();
      static_cast<void>(!::write(writing.value(), text.data(), text.size()));
    }
    ::_exit(0);
  }
  writing = {};
  std::string text(1000, '\0');
  const ssize_t length = ::read(reading.value(), text.data(), text.size());
  ::waitpid(child, nullptr, 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  return text;
}

boost::test_tools::assertion_result skip_for(const std::string& reason) {
  boost::test_tools::assertion_result result{reason.empty() || std::getenv("MULTIPING_FORBID_SKIPS") != nullptr};
  result.message() << reason;
  return result;
}

}  // namespace

boost::test_tools::assertion_result needs_root(boost::unit_test::test_unit_id) {
  static const std::string reason =
      ::geteuid() == 0 ? obstacle_to(enter_namespaces) : "needs root, for network namespaces";
  return skip_for(reason);
}

Precondition needs_possible(std::string what, std::function<void()> step) {
  return [what = std::move(what), step = std::move(step)](boost::unit_test::test_unit_id unit) {
    static std::map<std::string, std::string> known;
    const auto root = needs_root(unit);
    if (!root) return root;
    if (!known.contains(what)) {
      const std::string obstacle = obstacle_to([&step] {
        enter_namespaces();
        step();
      });
      known[what] = obstacle.empty() ? obstacle : "needs " + what + " (" + obstacle + ")";
    }
    return skip_for(known[what]);
  };
}

Precondition needs_to_work(std::string command) {
  const std::string what = "`" + command + "` to work";
  return needs_possible(what, [command = std::move(command)] {
    if (!try_run(command)) throw std::runtime_error{"it does not"};
  });
}

Child::Child(const std::function<void()>& body) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const bool check_leaks = single_threaded();
  pid_ = ::fork();
  if (pid_ < 0) os::fail("cannot fork");
  if (pid_ == 0) run_child(body, check_leaks);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Child::join(std::chrono::seconds limit) {
  const int descriptor = open_pidfd(pid_);
  if (descriptor < 0) os::fail("cannot open the child");
  pollfd ended{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&ended, 1, static_cast<int>(limit.count() * 1000));
  } while (ready < 0 && errno == EINTR);
  ::close(descriptor);
  if (ready == 0) BOOST_ERROR("the child did not end within " << limit.count() << " s");
  if (ready <= 0) ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Child::wait_stopped() const {
  int status = 0;
  return ::waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
}

void Child::signal(int number) const { ::kill(pid_, number); }

void in_namespace(const std::function<void()>& body, std::chrono::seconds limit) {
  Child child{[&] {
    enter_namespaces();
    if (through_broker_only()) ping_through_broker();
    body();
  }};
  BOOST_TEST(child.join(limit), "what ran in the namespace failed");
}

bool try_run(const std::string& command) {
  const AsRoot root;
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT(concurrency-mt-unsafe)
}

void run(const std::string& command) {
  const AsRoot root;
  std::cout.flush();
  const int status = std::system((command + " 2>&1").c_str());  // NOLINT(concurrency-mt-unsafe)
  if (status != 0) throw std::runtime_error{"this command failed: " + command};
}

void wait_for_addresses(const std::string& name) {
  const std::string ip = ip_in(name) + "-6 ";
  const std::string all_have_routes = ip + "-o addr show | while read -r number device family address rest; do " + ip +
                                      "route show table local | grep -q \"local ${address%/*} \" || exit 1; done";
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!try_run(all_have_routes)) {
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error{"an IPv6 address does not come into use"};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void write_file(const std::string& path, const std::string& text) {
  const AsRoot root;
  std::ofstream file{path};
  if (!(file << text << std::flush)) os::fail(("cannot write " + path).c_str());
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void allow_ping_sockets(bool allowed) {
  if (through_broker_only()) return;
  write_file("/proc/sys/net/ipv4/ping_group_range", allowed ? "0 2147483647" : "1 0");
}

// Changes the mask rather than the rate limit: with a limit of 0 each error takes all tokens. The kernel needs the same
// tokens for the errors of its "unreachable" routes, which would then sometimes be missing.
void lift_error_limits(const std::string& name) {
  const std::string inside = name.empty() ? "" : "nsenter --net=/run/netns/" + name + " ";
  run(inside + "sysctl -q -w net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratemask=");
}

void become_nobody() {
  const AsRoot root;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0) os::fail("cannot leave the groups");
  if (::setresuid(nobody, nobody, nobody) != 0) os::fail("cannot leave root");
}

namespace {

/// A new link takes up to a second until it carries packets; the first packets are lost silently.
void wait_until_reachable(TargetList hosts) {
  const auto batch = multi_ping(std::move(hosts), std::chrono::seconds{20}, 199);
  if (!batch.no_responses.empty()) throw std::runtime_error{"the namespaces' links do not come up"};
}

}  // namespace

void make_peer() {
  furnish("peer");
  run("ip link add va type veth peer name vb netns peer");
  run("ip addr add 10.1.0.1/16 dev va && ip addr add fd01::1/64 dev va nodad && ip link set va up");
  run("nsenter --net=/run/netns/peer ip addr add 10.1.0.2/16 dev vb && nsenter --net=/run/netns/peer ip addr add "
      "fd01::2/64 dev vb nodad");
  run("nsenter --net=/run/netns/peer ip link set vb up");
  wait_until_reachable({"10.1.0.2", "fd01::2"});
}

void make_router() {
  furnish("router");
  furnish("far");
  run("ip link add va type veth peer name ra netns router");
  run("nsenter --net=/run/netns/router ip link add rb type veth peer name vb netns far");
  run("nsenter --net=/run/netns/router sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  lift_error_limits("router");
  run("ip addr add 10.1.0.1/24 dev va && ip addr add fd01::1/64 dev va nodad && ip link set va up");
  run("nsenter --net=/run/netns/router ip addr add 10.1.0.2/24 dev ra && nsenter --net=/run/netns/router ip addr add "
      "fd01::2/64 dev ra nodad");
  run("nsenter --net=/run/netns/router ip addr add 10.2.0.1/24 dev rb && nsenter --net=/run/netns/router ip addr add "
      "fd02::1/64 dev rb nodad");
  run("nsenter --net=/run/netns/router ip link set ra up && nsenter --net=/run/netns/router ip link set rb up");
  run("nsenter --net=/run/netns/far ip addr add 10.2.0.2/24 dev vb && nsenter --net=/run/netns/far ip addr add "
      "fd02::2/64 dev vb nodad");
  run("nsenter --net=/run/netns/far ip link set vb up");
  run("ip route add default via 10.1.0.2 && ip -6 route add default via fd01::2");
  run("nsenter --net=/run/netns/far ip route add default via 10.2.0.1 && nsenter --net=/run/netns/far ip -6 route add "
      "default via fd02::1");
  wait_until_reachable({"10.2.0.2", "fd02::2"});
}

namespace {

std::string v4(int link, int end) { return "10.1." + std::to_string(link) + "." + std::to_string(end); }
std::string v6(int link, int end) { return "fd01:" + std::to_string(link) + "::" + std::to_string(end); }

/// Makes two devices, "b<link>" in namespace `near` and "a<link>" in namespace `far`. Empty name: this namespace.
void make_link(int link, const std::string& near, const std::string& far) {
  const std::string number = std::to_string(link), here = ip_in(near);
  const std::string there = ip_in(far);
  run(here + "link add b" + number + " type veth peer name a" + number + " netns " + far);
  run(here + "addr add " + v4(link, 1) + "/24 dev b" + number + " && " + here + "addr add " + v6(link, 1) +
      "/64 dev b" + number + " nodad && " + here + "link set b" + number + " up");
  run(there + "addr add " + v4(link, 2) + "/24 dev a" + number + " && " + there + "addr add " + v6(link, 2) +
      "/64 dev a" + number + " nodad && " + there + "link set a" + number + " up");
}

void add_routes(const std::string& ip, const std::string& to_v4, const std::string& to_v6) {
  run(ip + "route add " + to_v4 + " && " + ip + "-6 route add " + to_v6);
}

/// Adds the routes of a router: the default route to the next router, and routes back to all earlier links.
void make_routes(int router, const std::string& name) {
  const std::string ip = ip_in(name);
  add_routes(ip, "default via " + v4(router + 1, 2), "default via " + v6(router + 1, 2));
  for (int link = 1; link < router; ++link)
    add_routes(ip, v4(link, 0) + "/24 via " + v4(router, 1), v6(link, 0) + "/64 via " + v6(router, 1));
}

}  // namespace

void make_chain(int routers) {
  std::string before;
  for (int link = 1; link <= routers + 1; ++link) {
    const std::string name = link > routers ? "far" : "r" + std::to_string(link);
    furnish(name);
    run("nsenter --net=/run/netns/" + name + " sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    make_link(link, before, name);
    before = name;
  }
  for (int router = 1; router <= routers; ++router) make_routes(router, "r" + std::to_string(router));
  run("ip route add default via " + v4(1, 2) + " && ip -6 route add default via " + v6(1, 2));
  const std::string far = ip_in("far");
  run(far + "route add default via " + v4(routers + 1, 1) + " && " + far + "-6 route add default via " +
      v6(routers + 1, 1));
  run(far + "route add local 10.9.0.0/16 dev lo && " + far + "-6 route add local fd09::/64 dev lo");
  wait_until_reachable({v4(routers + 1, 2), v6(routers + 1, 2)});
}

}  // namespace multiping::test
