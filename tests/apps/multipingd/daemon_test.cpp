// Tests multipingd as a whole: its rights once it serves, what it leaves when it ends, and which users it refuses.
#include "apps/multipingd/daemon.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "apps/multipingd/sandbox/sandbox_self_test.hpp"
#include "broker/broker_frames.hpp"
#include "netns/namespace.hpp"
#include "netns/sandbox.hpp"
#include "os/file_descriptor.hpp"
#include "support/sanitized.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using namespace multiping;
using namespace multiping::test;
using daemon::status_field;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

constexpr const char* range_path = "/proc/sys/net/ipv4/ping_group_range";
const std::string path = "/run/multiping/multiping.sock";

os::FileDescriptor connected() {
  os::FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

/// Sends SIGSTOP to the process, and waits until it has stopped.
void stop_process(pid_t pid) {
  ::kill(pid, SIGSTOP);
  const std::string status = "/proc/" + std::to_string(pid) + "/status";
  wait_until([&] { return status_field(read_file(status), "State").starts_with("T"); }, "a process has stopped");
}

pid_t guard_of(const Daemon& daemon) {
  const std::string id = std::to_string(daemon.pid());
  return std::stoi(read_file("/proc/" + id + "/task/" + id + "/children"));
}

/// True also for a zombie: a process remains as one when no parent waits for it.
bool has_ended(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  return !fs::exists(folder) || status_field(read_file(folder + "/status"), "State").starts_with("Z");
}

/// Sends a request for an IPv4 ping socket and returns the answer, without the socket. The daemon may deny the client
/// before it has read the request. Then sending may fail, or the first recv() returns ECONNRESET because the request
/// was not read. The answer can be read in both cases.
std::optional<broker::BrokerReply> ask(const os::FileDescriptor& client) {
  const auto request = encode(broker::BrokerRequest{.family = Family::ipv4});
  const ssize_t sent = ::send(client.value(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EPIPE && errno != ECONNRESET) return std::nullopt;
  std::array<std::uint8_t, 64> answer{};
  ssize_t size = ::recv(client.value(), answer.data(), answer.size(), 0);
  if (size < 0 && errno == ECONNRESET) size = ::recv(client.value(), answer.data(), answer.size(), 0);
  return size > 0 ? broker::parse_broker_reply({answer.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

bool granted() {
  const auto reply = ask(connected());
  return reply && reply->status == broker::BrokerStatus::granted;
}

std::string error_of_start(const Daemon::Settings& settings) {
  try {
    const Daemon daemon{settings};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

unsigned mode_of(const std::string& name) {
  struct stat status {};
  BOOST_REQUIRE(::stat(name.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

/// A socket as a systemd unit makes it.
os::FileDescriptor listening() {
  run("install -d -m 0755 /run/multiping");
  os::FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(socket.value(), 8) == 0);
  return socket;
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_left_of_its_privileges) {
  in_namespace([] {
    const Daemon daemon;
    const std::string proc = "/proc/" + std::to_string(daemon.pid());
    const std::string status = read_file(proc + "/status");
    const auto field = [&](const char* name) { return status_field(status, name); };
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
      BOOST_TEST(field(set) == "0000000000000000", set);
    BOOST_TEST(field("NoNewPrivs") == "1");
    BOOST_TEST(field("Seccomp") == "2");
    BOOST_TEST(field("Uid") == "4321\t4321\t4321\t4321");
    BOOST_TEST(field("Gid") == "4322\t4322\t4322\t4322");
    BOOST_TEST(field("Groups") == "");
    BOOST_TEST(fs::read_symlink(proc + "/cwd") == "/");
    BOOST_TEST(granted());  // it still gives sockets
  });
}

BOOST_AUTO_TEST_CASE(program_has_nothing_that_looks_up_names) {
  const std::string program = read_file(MULTIPINGD);
  BOOST_TEST((program.find("recvmsg") != program.npos));
  // A sanitizer's runtime in the program names every function of the C library.
  if (!sanitized) BOOST_TEST((program.find("getaddrinfo") == program.npos));
}

BOOST_AUTO_TEST_CASE(range_is_set_and_put_back_at_its_end) {
  in_namespace([] {
    write_file(range_path, "100 200");
    Daemon daemon;
    BOOST_TEST(read_file(range_path) == "4322\t4322\n");
    BOOST_TEST(daemon.log().find("was 100 200, is 4322 4322") != std::string::npos);
    daemon.signal(SIGTERM);
    BOOST_TEST(daemon.join() == 0);
    BOOST_TEST(read_file(range_path) == "100\t200\n");
  });
}

BOOST_AUTO_TEST_CASE(range_is_put_back_after_a_kill) {
  in_namespace([] {
    Daemon daemon;
    BOOST_TEST(read_file(range_path) == "4322\t4322\n");
    daemon.signal(SIGKILL);
    BOOST_TEST(daemon.join() == 128 + SIGKILL);
    wait_until([] { return read_file(range_path) == "1\t0\n"; }, "the range is as it was");
  });
}

/// The guard of a killed daemon may be late. Then the next daemon finds its own group in a range that is soon put back.
BOOST_AUTO_TEST_CASE(range_is_kept_by_the_next_daemon_after_a_kill) {
  in_namespace([] {
    for (int i = 0; i < 3; ++i) {
      Daemon daemon{Arguments{"--ready", "0"}};
      const pid_t guard = guard_of(daemon);
      stop_process(guard);
      daemon.signal(SIGKILL);
      BOOST_TEST(daemon.join() == 128 + SIGKILL);
      Child late{[guard] {
        std::this_thread::sleep_for(200ms);
        ::kill(guard, SIGCONT);
      }};
      Daemon next{Arguments{"--ready", "0"}};
      BOOST_TEST(late.join());
      wait_until([&] { return has_ended(guard); }, "the guard has ended");
      BOOST_TEST(granted());
      next.signal(SIGTERM);
      BOOST_TEST(next.join() == 0);
      BOOST_TEST(read_file(range_path) == "1\t0\n");
    }
  });
}

BOOST_AUTO_TEST_CASE(range_of_its_group_alone_is_not_touched_either) {
  in_namespace([] {
    write_file(range_path, "4322 4322");
    {
      const Daemon daemon{Arguments{"--ready", "0"}};
      BOOST_TEST(granted());
    }
    BOOST_TEST(read_file(range_path) == "4322\t4322\n");
  });
}

BOOST_AUTO_TEST_CASE(range_that_has_its_group_is_not_touched) {
  in_namespace([] {
    write_file(range_path, "4000 5000");
    const Daemon daemon;
    BOOST_TEST(read_file(range_path) == "4000\t5000\n");
    BOOST_TEST(daemon.log().find("net.ipv4.ping_group_range") == std::string::npos);
    BOOST_TEST(granted());
    // The daemon has no guard.
    const std::string id = std::to_string(daemon.pid());
    BOOST_TEST(read_file("/proc/" + id + "/task/" + id + "/children") == "");
  });
}

BOOST_AUTO_TEST_CASE(start_without_root_needs_nothing_but_the_group) {
  in_namespace([] {
    write_file(range_path, "4000 5000");
    run("install -d -m 0755 /run/multiping");
    run("chown 4321:4322 /run/multiping");
    const Daemon daemon{Daemon::Settings{
        .account = false, .run_by = {"setpriv", "--reuid=4321", "--regid=4322", "--clear-groups", "--inh-caps=-all"}}};
    BOOST_TEST(granted());
  });
}

BOOST_AUTO_TEST_CASE(start_without_root_and_outside_the_range_names_the_setting) {
  in_namespace([] {
    run("install -d -m 0755 /run/multiping");
    run("chown 4321:4322 /run/multiping");
    const std::string error =
        error_of_start({.account = false, .run_by = {"setpriv", "--reuid=4321", "--regid=4322", "--clear-groups"}});
    BOOST_TEST(error.find("sysctl -w net.ipv4.ping_group_range='4322 4322'") != std::string::npos, error);
    BOOST_TEST(read_file(range_path) == "1\t0\n");
  });
}

/// Starts as the systemd service does: as an ordinary user with two capabilities, which it gives up before it serves.
BOOST_AUTO_TEST_CASE(start_with_two_capabilities_sets_the_range) {
  in_namespace([] {
    run("install -d -m 0755 /run/multiping");
    run("chown 4321:4322 /run/multiping");
    Daemon daemon{Daemon::Settings{
        .account = false,
        .run_by = {"setpriv", "--reuid=4321", "--regid=4322", "--clear-groups", "--inh-caps=+net_admin,+setpcap",
                   "--ambient-caps=+net_admin,+setpcap", "--bounding-set=-all,+net_admin,+setpcap"}}};
    BOOST_TEST(read_file(range_path) == "4322\t4322\n");
    const std::string status = read_file("/proc/" + std::to_string(daemon.pid()) + "/status");
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
      BOOST_TEST(status_field(status, set) == "0000000000000000", set);
    BOOST_TEST(daemon.log().find("4194304 bytes each") != std::string::npos, daemon.log());
    daemon.signal(SIGTERM);
    BOOST_TEST(daemon.join() == 0);
    BOOST_TEST(read_file(range_path) == "1\t0\n");
  });
}

BOOST_AUTO_TEST_CASE(check_tells_and_leaves_nothing_behind) {
  in_namespace([] {
    const Ended ended = run_daemon({"--check", "--user", daemon_user, "--group", daemon_group});
    BOOST_TEST(ended.status == 0, ended.text);
    for (const char* part : {"socket", path.c_str(), "free", "user 4321 group 4322", "1 0, set to 4322 4322 while",
                             "CapEff", "NoNewPrivs", "Seccomp", "Landlock", "raw socket", "ready for ipv6"})
      BOOST_TEST(ended.text.find(part) != std::string::npos, part << " in " << ended.text);
    BOOST_TEST(ended.text.find("AMISS") == std::string::npos);
    BOOST_TEST(read_file(range_path) == "1\t0\n");
    BOOST_TEST(!fs::exists("/run/multiping"));
  });
}

BOOST_AUTO_TEST_CASE(check_writes_into_a_file) {
  in_namespace([] {
    run(daemon_command() + " --check --user 4321 --group 4322 > /run/report 2> /dev/null");
    BOOST_TEST(read_file("/run/report").find("ping sockets without privileges") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(what_an_ordinary_user_may_not_set_is_told_as_that) {
  in_namespace([] {
    run("mkdir -m 0755 /run/own; chown 4321 /run/own; setpriv --reuid 4321 --regid 4322 --clear-groups env " +
        daemon_command() + " --check --socket /run/own/socket > /run/report 2>&1 && exit 1 || exit 0");
    const std::string report = read_file("/run/report");
    BOOST_TEST(report.find("'4322 4322'): Permission denied") != std::string::npos, report);
  });
}

BOOST_AUTO_TEST_CASE(a_soft_limit_of_open_files_is_raised) {
  in_namespace([] {
    run("ulimit -Sn 32; " + daemon_command() + " --check --user 4321 --group 4322 --ready 20 > /run/report");
    const std::string report = read_file("/run/report");
    for (const std::string family : {"ipv4", "ipv6"})
      BOOST_TEST(report.find("ready for " + family + std::string(19, ' ') + "20\n") != std::string::npos, report);
  });
}

BOOST_AUTO_TEST_CASE(check_beside_a_living_daemon_disturbs_nothing) {
  in_namespace([] {
    const Daemon daemon;
    const Ended ended = run_daemon({"--check", "--user", daemon_user, "--group", daemon_group});
    BOOST_TEST(ended.status == 0, ended.text);
    BOOST_TEST(ended.text.find("a multipingd listens there now") != std::string::npos);
    BOOST_TEST(granted());
  });
}

BOOST_AUTO_TEST_CASE(check_fails_where_no_ping_socket_can_be_had) {
  in_namespace([] {
    run("mount -t tmpfs none /mnt && mount -o bind,ro /proc/sys /proc/sys");
    const Ended ended = run_daemon({"--check", "--user", daemon_user, "--group", daemon_group});
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.text.find("cannot set net.ipv4.ping_group_range") != std::string::npos, ended.text);
    BOOST_TEST(ended.text.find("'4322 4322'): Read-only file system") != std::string::npos, ended.text);
  });
}

BOOST_AUTO_TEST_CASE(second_daemon_at_the_same_place_is_an_error) {
  in_namespace([] {
    const Daemon daemon;
    const std::string error = error_of_start({});
    BOOST_TEST(error.find("another multipingd listens at " + path) != std::string::npos, error);
    BOOST_TEST(granted());
  });
}

BOOST_AUTO_TEST_CASE(socket_of_a_killed_daemon_is_replaced) {
  in_namespace([] {
    Daemon first;
    first.signal(SIGKILL);
    first.join();
    BOOST_TEST(fs::exists(path));
    const Daemon second;
    BOOST_TEST(granted());
  });
}

BOOST_AUTO_TEST_CASE(mode_and_group_of_the_socket_are_as_asked) {
  in_namespace([] {
    const Daemon daemon{Arguments{"--mode", "0620", "--socket-group", "4444"}};
    BOOST_TEST(mode_of(path) == 0620U);
    struct stat status {};
    BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
    BOOST_TEST(status.st_gid == 4444U);
    Child stranger{[] {
      become_nobody();
      BOOST_TEST(!connected());
      BOOST_TEST(errno == EACCES);
    }};
    BOOST_TEST(stranger.join());
  });
}

BOOST_AUTO_TEST_CASE(everybody_may_ask_by_default) {
  in_namespace([] {
    const Daemon daemon;
    Child nobody{[] {
      become_nobody();
      BOOST_TEST(granted());
    }};
    BOOST_TEST(nobody.join());
  });
}

BOOST_AUTO_TEST_CASE(who_is_not_allowed_is_denied_and_told_of) {
  in_namespace([] {
    const Daemon daemon{Arguments{"--allow-user", "1234", "--allow-group", "1235"}};
    Child nobody{[] {
      become_nobody();
      const auto reply = ask(connected());
      BOOST_TEST((reply && reply->status == broker::BrokerStatus::denied));
    }};
    BOOST_TEST(nobody.join());
    daemon.wait_for_log("65534");
    Child allowed{[] {
      BOOST_REQUIRE(::setgid(1235) == 0);
      BOOST_REQUIRE(::setuid(7777) == 0);
      BOOST_TEST(granted());
    }};
    BOOST_TEST(allowed.join());
  });
}

BOOST_AUTO_TEST_CASE(socket_of_systemd_is_served) {
  in_namespace([] {
    const auto socket = listening();
    Daemon daemon{Daemon::Settings{.activated = socket.value()}};
    BOOST_TEST(granted());
    daemon.signal(SIGTERM);
    BOOST_TEST(daemon.join() == 0);
    BOOST_TEST(fs::exists(path));  // the socket file belongs to systemd
  });
}

BOOST_AUTO_TEST_CASE(activation_without_a_socket_is_an_error) {
  in_namespace([] {
    const Ended ended = run_daemon({"--activated", "--user", daemon_user, "--group", daemon_group});
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.text.find("--activated: descriptor 3") != std::string::npos, ended.text);
  });
}

BOOST_AUTO_TEST_CASE(unknown_accounts_are_named_with_the_remedy) {
  const Ended user = run_daemon({"--user", "no-such-user", "--group", daemon_group});
  BOOST_TEST(user.status == 2);
  BOOST_TEST(user.text.find("--user is no-such-user; there is no such user (make it, by systemd-sysusers") !=
                 std::string::npos,
             user.text);
  const Ended group = run_daemon({"--user", daemon_user, "--group", "no-such-group"});
  BOOST_TEST(group.status == 2);
  BOOST_TEST(group.text.find("--group is no-such-group") != std::string::npos);
  const Ended nobody = run_daemon({"--user", daemon_user, "--group", daemon_group, "--allow-user", ""});
  BOOST_TEST(nobody.text.find("--allow-user is empty; there is no such user") != std::string::npos);
  BOOST_TEST(run_daemon({"--user", "0", "--group", daemon_group}).text.find("--user is root") != std::string::npos);
  BOOST_TEST(run_daemon({"--user", daemon_user, "--group", "root"}).text.find("--group is root") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_options_end_with_2_and_answers_with_0) {
  const Ended bad = run_daemon({"--ready", "1000"});
  BOOST_TEST(bad.status == 2);
  BOOST_TEST(bad.text == "multipingd: --ready is 1000; it must be 0 to 256\n");
  BOOST_TEST(run_daemon({"--help"}).status == 0);
  BOOST_TEST(run_daemon({"--version"}).text.starts_with("multipingd "));
}

BOOST_AUTO_TEST_CASE(figures_are_told_when_asked_for) {
  in_namespace([] {
    const Daemon daemon;
    BOOST_TEST(granted());
    daemon.signal(SIGUSR1);
    daemon.wait_for_log("figures: ");
    daemon.wait_for_log("granted 1,");
    daemon.wait_for_log("ready for ipv4 15");
    BOOST_TEST(granted());
  });
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_is_not_replaced_and_nothing_changes) {
  in_namespace([] {
    run("install -d -m 0755 /run/multiping");
    write_file("/run/multiping/notes", "mine");
    const std::string error = error_of_start({.path = "/run/multiping/notes"});
    BOOST_TEST(error.find("/run/multiping/notes is no socket, and is not replaced") != std::string::npos, error);
    BOOST_TEST(error.find("ping_group_range") == std::string::npos, error);
    BOOST_TEST(read_file("/run/multiping/notes") == "mine");
  });
}

BOOST_AUTO_TEST_CASE(place_that_others_can_change_is_refused_and_nothing_changes) {
  in_namespace([] {
    run("mkdir /run/theirs && chown 5555 /run/theirs");
    const std::string error = error_of_start({.path = "/run/theirs/d/s"});
    BOOST_TEST(error.find("ended with 1: multipingd: does not make a socket at a place that others can change: "
                          "/run/theirs belongs to user 5555") != std::string::npos,
               error);
    BOOST_TEST(read_file(range_path) == "1\t0\n");
    BOOST_TEST(fs::is_empty("/run/theirs"));
    const Ended check =
        run_daemon({"--check", "--socket", "/run/theirs/s", "--user", daemon_user, "--group", daemon_group});
    BOOST_TEST(check.status == 1);
    BOOST_TEST(check.text.find("/run/theirs belongs to user 5555") != std::string::npos, check.text);
  });
}

/// With closed standard descriptors, the first file that the daemon opens would become its log.
BOOST_AUTO_TEST_CASE(closed_standard_descriptors_are_held_or_refused) {
  in_namespace([] {
    const std::string check = daemon_command() + " --check --user 4321 --group 4322";
    run("(" + check + " > /run/report <&- 2>&-)");
    BOOST_TEST(read_file("/run/report").find("ping sockets without privileges") != std::string::npos);
    const std::string report = "2>&- > /run/report; echo $? > /run/status";
    run("mkdir /run/empty; mount -o bind /run/empty /dev; " + check + " " + report);
    BOOST_TEST(read_file("/run/status") == "1\n");
    BOOST_TEST(read_file("/run/report") == "");
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_of_what_it_was_started_with) {
  in_namespace([] {
    write_file("/run/secret", "secret");
    const Daemon daemon{Daemon::Settings{
        .run_by = {"sh", "-c", "ulimit -c unlimited; exec \"$@\" < /run/secret 9< /run/secret", "sh"}}};
    const std::string proc = "/proc/" + std::to_string(daemon.pid());
    BOOST_TEST(fs::read_symlink(proc + "/fd/0") == "/dev/null");
    for (const auto& each : fs::directory_iterator{proc + "/fd"})
      BOOST_TEST(fs::read_symlink(each.path()) != "/run/secret", each.path());
  });
}

BOOST_AUTO_TEST_CASE(set_user_id_is_refused) {
  in_namespace([] {
    run(daemon_command() +
        " --version > /dev/null && cp -p /run/multipingd-for-all /run/suid && chmod 04755 /run/suid");
    run("setpriv --reuid 5555 --regid 5556 --clear-groups env ASAN_OPTIONS=detect_leaks=0 /run/suid --check --user "
        "4321 "
        "--group 4322 > /run/report 2>&1 && exit 1 || exit 0");
    const std::string report = read_file("/run/report");
    BOOST_TEST(report.find("must not be installed set-user-ID") != std::string::npos, report);
  });
}

BOOST_AUTO_TEST_CASE(what_cannot_be_closed_is_not_kept) {
  in_namespace([] {
    Child sandboxed{[] {
      refuse_calls({SYS_close_range}, ENOSYS);
      const Ended ended = run_daemon({"--check", "--user", daemon_user, "--group", daemon_group});
      BOOST_TEST(ended.status == 1);
      BOOST_TEST(ended.text.find("cannot close inherited descriptors") != std::string::npos, ended.text);
    }};
    BOOST_TEST(sandboxed.join());
  });
}

BOOST_AUTO_TEST_CASE(path_does_not_upset_a_terminal) {
  in_namespace([] {
    const Ended ended = run_daemon(
        {"--check", "--socket", "/run/multiping/a\x1b[2J\nb", "--user", daemon_user, "--group", daemon_group});
    BOOST_TEST(ended.text.find('\x1b') == std::string::npos, ended.text);
    BOOST_TEST(ended.text.find("a\\x1b[2J\\x0ab") != std::string::npos, ended.text);
  });
}

BOOST_AUTO_TEST_CASE(hang_up_is_ignored) {
  in_namespace([] {
    const Daemon daemon;
    daemon.signal(SIGHUP);
    BOOST_TEST(granted());
  });
}

BOOST_AUTO_TEST_CASE(connected_clients_are_answered_before_the_end) {
  in_namespace([] {
    bool answered = false;
    for (int tries = 0; tries < 5 && !answered; ++tries) {  // a busy machine may miss the daemon's wait of 200 ms
      Daemon daemon;
      const auto client = connected();
      const auto request = encode(broker::BrokerRequest{.family = Family::ipv4});
      BOOST_REQUIRE(::send(client.value(), request.data(), request.size(), 0) > 0);
      daemon.signal(SIGTERM);
      std::array<std::uint8_t, 64> answer{};
      answered =
          ::recv(client.value(), answer.data(), answer.size(), 0) == static_cast<ssize_t>(broker::broker_reply_size);
      BOOST_TEST(daemon.join() == 0);
      BOOST_TEST(daemon.log().find("SIGTERM: no new clients") != std::string::npos);
      BOOST_TEST(daemon.log().find("ended") != std::string::npos);
    }
    BOOST_TEST(answered);
  });
}

/// How many clients get their answer, when `waiting` of them wait to be accepted while the daemon is told to end.
std::size_t answered_at_the_end(std::size_t waiting) {
  Daemon daemon;
  stop_process(daemon.pid());
  std::vector<os::FileDescriptor> clients(waiting);
  const auto request = encode(broker::BrokerRequest{.family = Family::ipv4});
  for (auto& client : clients) {
    client = connected();
    BOOST_REQUIRE(::send(client.value(), request.data(), request.size(), 0) > 0);
  }
  daemon.signal(SIGTERM);
  daemon.signal(SIGCONT);
  BOOST_TEST(daemon.join() == 0);
  std::array<std::uint8_t, 64> answer{};
  return static_cast<std::size_t>(std::ranges::count_if(clients, [&answer](const auto& client) {
    return ::recv(client.value(), answer.data(), answer.size(), 0) == static_cast<ssize_t>(broker::broker_reply_size);
  }));
}

BOOST_AUTO_TEST_CASE(clients_who_wait_to_be_let_in_are_answered_before_the_end) {
  in_namespace([] {
    std::size_t answered = 0;
    for (int tries = 0; tries < 5 && answered < 50; ++tries) answered = answered_at_the_end(50);
    BOOST_TEST(answered == 50U);
  });
}

BOOST_AUTO_TEST_SUITE_END()
