// Tests a sandbox that refuses system calls or socket options: the library uses another way if there is one, and names
// the refused call otherwise. No host that answers is ever called silent.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/sandbox.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(sandbox_test, *precondition(needs_root))

const ProbeOptions udp{.protocol = Protocol::udp, .port = 9}, tcp{.protocol = Protocol::tcp, .port = 9},
    half_open{.protocol = Protocol::tcp, .port = 9, .half_open = true};

/// Loopback hosts with each kind of probe that a transport has; more than are sent in one call.
std::vector<Target> everybody(TransportKind kind) {
  std::vector<Target> targets;
  for (const std::string& host : hosts("127.0.1.", 1, 100)) {
    targets.push_back({host});
    targets.push_back({host, udp});
    targets.push_back({host, tcp});
    if (kind == TransportKind::raw) targets.push_back({host, half_open});
  }
  for (const ProbeOptions& probe : {ProbeOptions{}, udp, tcp}) targets.push_back({"::1", probe});
  if (kind == TransportKind::raw) targets.push_back({"::1", half_open});
  return targets;
}

void check_all_found(TransportKind kind) {
  const std::vector<Target> targets = everybody(kind);
  const Batch batch = multi_ping(targets, 20s, 9, options_for(kind));
  BOOST_TEST(batch.responses.size() == targets.size());
  for (const Result& result : batch.no_responses) BOOST_ERROR(result);
}

void in_sandbox(const std::function<void(TransportKind)>& body) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    BOOST_TEST_CONTEXT(to_string(kind)) {
      in_namespace([&] {
        allow_ping_sockets();
        lift_error_limits();
        body(kind);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(calls_for_many_messages_are_refused) {
  for (const int error : {ENOSYS, EPERM}) {
    for (const long call : {SYS_recvmmsg, SYS_sendmmsg}) {
      in_sandbox([error, call](TransportKind kind) {
        refuse_calls({call}, error);
        check_all_found(kind);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(they_are_refused_when_everything_is_open_already) {
  in_sandbox([](TransportKind kind) {
    const std::vector<Target> targets = everybody(kind);
    MultiPing batch{targets, options_for(kind)};
    batch.send();
    BOOST_TEST(batch.receive(20s).responses.size() == targets.size());
    refuse_calls({SYS_recvmmsg, SYS_sendmmsg}, EPERM);
    batch.reset();
    batch.send();
    BOOST_TEST(batch.receive(20s).responses.size() == targets.size());
  });
}

BOOST_AUTO_TEST_CASE(errors_are_heard_one_by_one) {
  in_sandbox([](TransportKind kind) {
    make_router();
    refuse_calls({SYS_recvmmsg, SYS_sendmmsg}, ENOSYS);
    std::vector<Target> targets;
    for (const std::string host : {"10.2.0.2", "fd02::2"}) {
      for (ProbeOptions probe : {ProbeOptions{}, udp, tcp}) {
        probe.ttl = 1;
        targets.push_back({host, probe});
      }
    }
    const Batch batch = multi_ping(targets, 20s, 9, options_for(kind));
    BOOST_TEST(count(batch.no_responses, Outcome::ttl_expired) == targets.size());
  });
}

// Without filters a socket receives the packets of other sockets too; they must not count.
BOOST_AUTO_TEST_CASE(filters_are_refused) {
  for (const int option : {SO_ATTACH_FILTER, SO_LOCK_FILTER}) {
    in_sandbox([option](TransportKind kind) {
      MultiPing others{everybody(TransportKind::raw), options_for(TransportKind::raw)};
      refuse_option(SOL_SOCKET, option, EPERM);
      MultiPing batch{everybody(kind), options_for(kind)};
      others.send();
      batch.send();
      BOOST_TEST(batch.receive(20s).no_responses.empty());
      const Counters counters = batch.counters();
      BOOST_TEST(counters.malformed + counters.bad_checksum + counters.unauthenticated + counters.wrong_source == 0U);
      BOOST_TEST(counters.late + counters.duplicates == 0U);
      others.send();
      BOOST_TEST(others.receive(20s).no_responses.empty());
    });
  }
}

BOOST_AUTO_TEST_CASE(waiting_is_refused) {
  std::vector<std::vector<long>> refused{{SYS_ppoll}};
#ifdef SYS_poll  // on newer machines poll(2) is ppoll(2)
  refused.push_back({SYS_ppoll, SYS_poll});
#endif
  for (const std::vector<long>& calls : refused) {
    in_sandbox([&calls](TransportKind kind) {
      refuse_calls(calls, EPERM);
      check_all_found(kind);
      const Duration before = processor_time();
      const Stopwatch watch;
      const Options options = options_for(kind);
      run("ip addr add 10.9.0.1/24 dev lo && ip route add 10.8.0.0/16 dev lo");
      BOOST_TEST(multi_ping({"10.8.0.1"}, 500ms, 0, options).responses.empty());
      BOOST_TEST((watch.elapsed() >= 500ms));
      BOOST_TEST((processor_time() - before < watch.elapsed() / 2));  // no busy loop
    });
  }
}

// A transport that cannot receive messages says so.
BOOST_AUTO_TEST_CASE(nothing_can_be_received) {
  in_sandbox([](TransportKind kind) {
    refuse_calls({SYS_recvmmsg, SYS_recvmsg}, EPERM);
    const Batch batch = multi_ping({{"127.0.0.1"}, {"127.0.0.1", tcp}}, 20s, 0, options_for(kind));
    BOOST_TEST(batch.responses.size() == 1U);  // the connection, which needs no message
    BOOST_REQUIRE(batch.no_responses.size() == 1U);
    BOOST_TEST((batch.no_responses[0].outcome == Outcome::send_failed));
    BOOST_TEST(batch.no_responses[0].error == error_of(EPERM));
    try {
      const MultiPing alone{"127.0.0.1", options_for(kind)};
      BOOST_ERROR("nothing can come of it");
    } catch (const std::system_error& error) {
      BOOST_TEST((std::string{error.what()}.find("cannot receive messages") != std::string::npos), error.what());
    }
  });
}

BOOST_AUTO_TEST_CASE(nothing_can_be_sent) {
  in_sandbox([](TransportKind kind) {
    refuse_calls({SYS_sendmmsg, SYS_sendmsg}, ENOSYS);
    const Batch batch = multi_ping({"127.0.0.1", "::1"}, 20s, 0, options_for(kind));
    BOOST_TEST(count(batch.no_responses, Outcome::send_failed) == 2U);
    for (const Result& result : batch.no_responses) BOOST_TEST(result.error == error_of(ENOSYS));
  });
}

/// A refused socket option on which a probe depends.
struct RefusedOption {
  int level, name;
  ProbeOptions probe;
  const char *host, *said;
};

BOOST_AUTO_TEST_CASE(what_cannot_be_honoured_is_refused_by_name) {
  const ProbeOptions whole{.dont_fragment = true}, unlabelled{.flow_label = 0};
  const RefusedOption refused[] = {
      {IPPROTO_IP, IP_MTU_DISCOVER, whole, "127.0.0.1", "dont_fragment"},
      {IPPROTO_IPV6, IPV6_MTU_DISCOVER, whole, "::1", "dont_fragment"},
      {IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, unlabelled, "::1", "flow_label 0"},
      {IPPROTO_IPV6, IPV6_CHECKSUM, half_open, "::1", "checksum"},
  };
  for (const RefusedOption& each : refused) {
    BOOST_TEST_CONTEXT(each.host << ' ' << each.said) {
      in_namespace([&] {
        refuse_option(each.level, each.name, EPERM);
        try {
          const MultiPing batch{{{each.host, each.probe}}, options_for(TransportKind::raw)};
          BOOST_ERROR("the sandbox refuses what it needs");
        } catch (const std::system_error& error) {
          BOOST_TEST((error.code() == error_of(EPERM)));
          BOOST_TEST((std::string{error.what()}.find(each.said) != std::string::npos), error.what());
        }
      });
    }
  }
}

// Options that only give more information are not necessary.
BOOST_AUTO_TEST_CASE(options_that_only_tell_more_are_refused) {
  const std::pair<int, int> options[] = {{SOL_SOCKET, SO_TIMESTAMPING}, {IPPROTO_IP, IP_RECVERR},
                                         {IPPROTO_IPV6, IPV6_RECVERR},  {IPPROTO_IP, IP_RECVTTL},
                                         {SOL_SOCKET, SO_RCVBUFFORCE},  {SOL_SOCKET, SO_REUSEADDR}};
  for (const auto& [level, name] : options) {
    in_sandbox([level = level, name = name](TransportKind kind) {
      refuse_option(level, name, EPERM);
      const std::vector<Target> targets{{"127.0.0.1"}, {"::1"}, {"127.0.0.1", tcp}};
      const Batch batch = multi_ping(targets, 20s, 9, options_for(kind));
      BOOST_TEST(batch.responses.size() == targets.size());
      for (const Result& result : batch.responses) BOOST_TEST((result.rtt > 0ns && result.rtt < 20s));
    });
  }
}

BOOST_AUTO_TEST_CASE(what_there_is_no_other_way_for_is_told) {
  in_namespace([] {
    allow_ping_sockets();
    refuse_calls({SYS_epoll_create1}, EPERM);
    MultiPing batch{{{"127.0.0.1"}, {"127.0.0.1", tcp}}};
    BOOST_TEST(batch.native_handle() == -1);
    batch.send();
    const Batch found = batch.receive(20s);
    BOOST_TEST(found.responses.size() == 1U);
    BOOST_TEST(count(found.no_responses, Outcome::send_failed) == 1U);
  });
  in_namespace([] {
    refuse_calls({SYS_eventfd2}, EPERM);
    BOOST_TEST(ping("127.0.0.1", 20s).answered());  // without a stop token no event descriptor is needed
    const std::stop_source stop;
    try {
      const MultiPing batch{"127.0.0.1", {.stop = stop.get_token()}};
      BOOST_ERROR("nobody could wake it");
    } catch (const std::system_error& error) {
      BOOST_TEST((std::string{error.what()}.find("event descriptor") != std::string::npos), error.what());
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
