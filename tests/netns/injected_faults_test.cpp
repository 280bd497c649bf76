// Tests system calls that fail at an awkward moment, one at a time: strace(1) injects the errors into a small pinger.
// The pinger must end as in a clean run or report the error; it must never hang, nor call a live host dead.
#include <sys/wait.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(injected_faults_test,
                      *precondition(needs_to_work("strace -o /dev/null true")) *
                          precondition(needs_to_work("tc qdisc add dev lo root tbf rate 8mbit burst 1540 latency 1s")))

// The exit status of the pinger, or -1 when it had to be killed.
int status_of(const std::string& command) {
  const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe)
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int trip(const std::string& kind, const std::string& injection) {
  const std::string call = injection.substr(0, injection.find(':'));
  // LeakSanitizer cannot work under ptrace(2).
  return status_of("ASAN_OPTIONS=detect_leaks=0 timeout 20 strace -f -qq -o /run/trace -e trace=" + call +
                   " -e inject=" + injection + " " MULTIPING_INJECT_PROBE " " + kind + " >/run/output 2>&1");
}

// How often the pinger makes a call, so that no injection comes too late to have an effect.
int calls_of(const std::string& kind, const std::string& call) {
  trip(kind, call + ":delay_enter=0");
  std::istringstream lines{read_file("/run/trace")};
  int count = 0;
  for (std::string line; std::getline(lines, line);) count += line.find(call + "(") != std::string::npos ? 1 : 0;
  return count;
}

void trip_each(const std::string& kind, const std::string& call, const std::vector<std::string>& errors) {
  const int calls = calls_of(kind, call);
  BOOST_TEST_CONTEXT(kind << ": " << call) { BOOST_TEST(calls > 0); }
  for (const std::string& error : errors) {
    for (const int when : {1, 2, calls / 2, calls}) {
      if (when < 1 || when > calls) continue;
      const int status = trip(kind, call + ":error=" + error + ":when=" + std::to_string(when));
      BOOST_TEST_CONTEXT(kind << ": " << error << " from " << call << " number " << when << "\n"
                              << read_file("/run/output")) {
        BOOST_TEST((status == 0 || status == 2));
      }
    }
  }
}

// Injects errors that pass by themselves; the results must be those of a clean run.
void trip_without_trace(const std::string& kind, const std::string& call, const std::vector<std::string>& errors) {
  for (const std::string& error : errors) {
    for (const char* when : {"1", "2", "2+3"}) {
      const int status = trip(kind, call + ":error=" + error + ":when=" + when);
      BOOST_TEST_CONTEXT(kind << ": " << error << " from " << call << " when " << when << "\n"
                              << read_file("/run/output")) {
        BOOST_TEST(status == 0);
      }
    }
  }
}

// Makes loopback slow, so that the pinger has to wait.
void furnish() {
  allow_ping_sockets();
  run("tc qdisc add dev lo root tbf rate 8mbit burst 1540 latency 1s");
  run("ip route add blackhole 10.66.1.0/24");
}

BOOST_AUTO_TEST_CASE(nothing_injected) {
  in_namespace([] {
    furnish();
    for (const char* kind : {"raw", "ping-socket"}) BOOST_TEST(trip(kind, "sendmmsg:delay_enter=0") == 0);
  });
}

BOOST_AUTO_TEST_CASE(sending) {
  in_namespace(
      [] {
        furnish();
        for (const char* kind : {"raw", "ping-socket"})
          trip_without_trace(kind, "sendmmsg", {"EINTR", "EAGAIN", "ENOMEM", "ENOBUFS"});
      },
      std::chrono::seconds{200});
}

// The kernel reports an ICMP error about one probe on the next call, whatever messages that call has.
BOOST_AUTO_TEST_CASE(errors_of_other_probes) {
  in_namespace(
      [] {
        furnish();
        trip_without_trace("ping-socket", "sendmmsg", {"EREMOTEIO", "EHOSTUNREACH", "ECONNREFUSED", "EPROTO"});
        trip_without_trace("ping-socket", "recvmmsg", {"EREMOTEIO", "EHOSTUNREACH"});
      },
      std::chrono::seconds{200});
}

BOOST_AUTO_TEST_CASE(a_family_that_may_not_be_used_is_its_targets_fate) {
  in_namespace([] {
    furnish();
    for (const char* kind : {"raw", "ping-socket"}) {
      // The first socket is that of IPv4, the second that of IPv6. A socket that is refused once is asked for again.
      BOOST_TEST(trip(kind, "socket:error=EACCES:when=2+") == 2);
      BOOST_TEST(read_file("/run/output").find("::1: send-failed: Permission denied") != std::string::npos);
    }
  });
}

// The shortage lasts only a moment, but a lesser kind of transport, or one that lacks a family, would stay.
BOOST_AUTO_TEST_CASE(what_ran_out_while_the_transport_was_opened_is_told) {
  in_namespace([] {
    furnish();
    const std::vector<std::pair<std::string, std::string>> errors = {{"EMFILE", "Too many open files"},
                                                                     {"ENFILE", "Too many open files in system"},
                                                                     {"ENOMEM", "Cannot allocate memory"}};
    for (const auto& [error, text] : errors)
      for (const char* when : {"1", "1..2"}) {
        BOOST_TEST(trip("automatic", "socket:error=" + error + ":when=" + when) == 2);
        const std::string output = read_file("/run/output");
        BOOST_TEST(output.find("system_error: cannot open a transport of kind raw: " + text) == 0U, output);
      }
  });
}

BOOST_AUTO_TEST_CASE(receiving) {
  in_namespace(
      [] {
        furnish();
        for (const char* kind : {"raw", "ping-socket"})
          trip_without_trace(kind, "recvmmsg", {"EINTR", "EAGAIN", "ENOMEM", "ENOBUFS"});
      },
      std::chrono::seconds{200});
}

BOOST_AUTO_TEST_CASE(waiting) {
  in_namespace(
      [] {
        furnish();
        for (const char* kind : {"raw", "ping-socket"}) {
          trip_without_trace(kind, "ppoll", {"EINTR"});
          trip_each(kind, "ppoll", {"ENOMEM"});
          trip_each(kind, "getsockopt", {"ENOPROTOOPT"});
        }
      },
      std::chrono::seconds{200});
}

// The call claims that the kernel took one message of many, but it took none: the retry finds the silent hosts.
BOOST_AUTO_TEST_CASE(partly_sent) {
  in_namespace([] {
    furnish();
    for (const char* kind : {"raw", "ping-socket"}) {
      for (const char* when : {"1", "2", "1+3"}) {
        BOOST_TEST_CONTEXT(kind << " when " << when)
        BOOST_TEST(trip(kind, std::string{"sendmmsg:retval=1:when="} + when) == 0);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(opening) {
  in_namespace(
      [] {
        furnish();
        for (const char* kind : {"raw", "ping-socket"}) {
          trip_each(kind, "socket", {"EMFILE", "ENOBUFS", "EACCES", "EAFNOSUPPORT"});
          trip_each(kind, "setsockopt", {"ENOMEM", "ENOPROTOOPT"});
          trip_each(kind, "epoll_create1", {"EMFILE"});
          trip_each(kind, "epoll_ctl", {"ENOMEM"});
          trip_each(kind, "timerfd_create", {"EMFILE"});
          trip_each(kind, "eventfd2", {"EMFILE"});
          trip_each(kind, "getrandom", {"EINTR", "ENOSYS"});
        }
        trip_each("ping-socket", "bind", {"EADDRINUSE", "ENOBUFS"});
      },
      std::chrono::seconds{200});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
