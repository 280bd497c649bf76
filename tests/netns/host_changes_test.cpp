// Tests objects that live on while their host changes: devices and addresses that are added later, devices that are
// deleted and created again under their names, and privileges that are given up.
#include <poll.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/error.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "os/socket_basics.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(host_changes_test, *precondition(needs_root) * label("own_sockets"))

const Address peer_v4 = *Address::parse("10.1.0.2"), peer_v6 = *Address::parse("fd01::2");
const Address own_v4 = *Address::parse("10.1.0.1"), own_v6 = *Address::parse("fd01::1");

/// A way to probe the peer.
struct SendPath {
  const char* name;
  TransportKind kind;
  ProbeOptions probe;
};

const std::vector<SendPath>& ways() {
  static const std::vector<SendPath> all = {
      {"raw ICMP", TransportKind::raw, {}},
      {"ping socket", TransportKind::ping_socket, {}},
      {"UDP", TransportKind::sockets, {.protocol = Protocol::udp}},
      {"UDP from a port", TransportKind::sockets, {.protocol = Protocol::udp, .source_port = 4321}},
      {"TCP", TransportKind::sockets, {.protocol = Protocol::tcp}},
      {"half-open", TransportKind::raw, {.protocol = Protocol::tcp, .half_open = true}},
      {"SCTP", TransportKind::raw, {.protocol = Protocol::sctp}}};
  return all;
}

/// Deletes the link of make_peer() and makes it again; the device then has another number.
void make_link_anew() {
  const std::string there = "nsenter --net=/run/netns/peer ip ";
  run("ip link del va && ip link add va type veth peer name vb netns peer");
  run("ip addr add 10.1.0.1/16 dev va && ip addr add fd01::1/64 dev va nodad && ip addr add fe80::a/64 dev va nodad");
  run(there + "addr add 10.1.0.2/16 dev vb && " + there + "addr add fd01::2/64 dev vb nodad && " + there +
      "addr add fe80::b/64 dev vb nodad");
  run("ip link set va up && " + there + "link set vb up");
}

/// True when the peer or its kernel answers: closed ports refuse, and it has no SCTP.
bool is_heard(const Result& result) { return result.answered() || result.outcome == Outcome::unreachable; }

Result ask(Prober& prober, const Address& to, const ProbeOptions& probe, Timeout timeout = 1s) {
  const Prober::Token token = prober.submit(to, probe, timeout);
  const Stopwatch watch;
  while (watch.elapsed() < 20s)
    for (const auto& [done, result] : prober.poll(20s))
      if (done == token) return result;
  BOOST_FAIL("no completion comes");
  return {};
}

/// Probes again and again for up to 20 s, longer than any working machine needs.
Result ask_until_heard(Prober& prober, const Address& to, const ProbeOptions& probe) {
  const Stopwatch watch;
  for (;;) {
    Result result = ask(prober, to, probe, 300ms);
    if (is_heard(result) || watch.elapsed() > 20s) return result;
    ::poll(nullptr, 0, 20);
  }
}

/// Long-lived Probers, one for each way and each family.
class Askers {
 public:
  explicit Askers(const std::function<void(ProbeOptions&, const Address&)>& change) : Askers{ways(), change} {}
  Askers(std::span<const SendPath> ways, const std::function<void(ProbeOptions&, const Address&)>& change) {
    for (const SendPath& way : ways)
      for (const Address& to : {peer_v4, peer_v6}) {
        ProbeOptions probe = way.probe;
        change(probe, to);
        askers_.push_back({way.name, to, probe, std::make_unique<Prober>(options_for(way.kind))});
      }
  }

  void all_fail_with(int error) {
    for (Asker& asker : askers_) {
      const Result result = ask(*asker.prober, asker.to, asker.probe);
      BOOST_TEST_CONTEXT(asker.name << ": " << result) {
        BOOST_TEST(result.outcome == Outcome::send_failed);
        BOOST_TEST(result.error == error_of(error));
      }
    }
  }
  void all_fail() {
    for (Asker& asker : askers_) {
      const Result result = ask(*asker.prober, asker.to, asker.probe, 100ms);
      BOOST_TEST_CONTEXT(asker.name << ": " << result) BOOST_TEST(!is_heard(result));
    }
  }
  void all_are_heard() {
    for (Asker& asker : askers_) {
      const Result result = ask_until_heard(*asker.prober, asker.to, asker.probe);
      BOOST_TEST_CONTEXT(asker.name << ": " << result) BOOST_TEST(is_heard(result));
    }
  }

 private:
  struct Asker {
    const char* name;
    Address to;
    ProbeOptions probe;
    std::unique_ptr<Prober> prober;
  };
  std::vector<Asker> askers_;
};

BOOST_AUTO_TEST_CASE(a_device_that_comes_later_is_used) {
  in_namespace([] {
    allow_ping_sockets();
    Askers askers{[](ProbeOptions& probe, const Address&) { probe.device = "va"; }};
    askers.all_fail_with(ENODEV);
    make_peer();
    lift_error_limits("peer");
    askers.all_are_heard();
  });
}

BOOST_AUTO_TEST_CASE(a_source_address_that_comes_later_is_used) {
  in_namespace([] {
    allow_ping_sockets();
    Askers askers{[](ProbeOptions& probe, const Address& to) {
      (to.family() == Family::ipv4 ? probe.source_v4 : probe.source_v6) = to.family() == Family::ipv4 ? own_v4 : own_v6;
    }};
    askers.all_fail_with(EADDRNOTAVAIL);
    make_peer();
    lift_error_limits("peer");
    askers.all_are_heard();
  });
}

BOOST_AUTO_TEST_CASE(a_source_port_that_becomes_free_is_used) {
  in_namespace([] {
    make_peer();
    lift_error_limits("peer");
    const auto ask_from = [](const ProbeOptions& probe, TransportKind kind, int type) {
      os::FileDescriptor other = os::open_socket(Family::ipv4, type, 0);
      BOOST_REQUIRE(os::bind_to(other.value(), Family::ipv4, {}, 4321));
      Prober prober{options_for(kind)};
      BOOST_TEST(ask(prober, peer_v4, probe).error == error_of(EADDRINUSE));
      other = {};
      BOOST_TEST(ask_until_heard(prober, peer_v4, probe).answered());
    };
    ask_from({.protocol = Protocol::udp, .source_port = 4321}, TransportKind::sockets, SOCK_DGRAM);
    ask_from({.protocol = Protocol::tcp, .source_port = 4321}, TransportKind::sockets, SOCK_STREAM);
    ask_from({.protocol = Protocol::tcp, .source_port = 4321, .half_open = true}, TransportKind::raw, SOCK_STREAM);
  });
}

BOOST_AUTO_TEST_CASE(a_batch_finds_a_device_that_comes_later) {
  in_namespace([] {
    const ProbeOptions through{.device = "va"};
    MultiPing batch{{{"127.0.0.1"}, {"10.1.0.2", through}, {"fd01::2", through}}};
    batch.send();
    const Batch first = batch.receive(1s);
    BOOST_TEST(count(first.no_responses, Outcome::send_failed) == 2U);
    make_peer();
    const Stopwatch watch;
    while (batch.unanswered() > 0 && watch.elapsed() < 20s) {
      batch.send();
      static_cast<void>(batch.receive(300ms));
    }
    BOOST_TEST(batch.unanswered() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_series_finds_a_device_that_comes_later) {
  in_namespace([] {
    PingSeries rounds{{{"127.0.0.1"}, {"10.1.0.2", {.device = "va"}}},
                      {.count = 0, .interval = 100ms, .timeout = 300ms}};
    const Stopwatch watch;
    bool heard = false;
    for (const Round& round : rounds) {
      if (round.number == 0) make_peer();
      heard = round.results[1].answered();
      if (heard || watch.elapsed() > 20s) break;
    }
    BOOST_TEST(heard);
  });
}

BOOST_AUTO_TEST_CASE(a_device_that_is_made_anew_is_used_again) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    lift_error_limits("peer");
    Askers askers{[](ProbeOptions& probe, const Address&) { probe.device = "va"; }};
    askers.all_are_heard();
    for (int times = 0; times < 2; ++times) {
      make_link_anew();
      askers.all_are_heard();
    }
  });
}

BOOST_AUTO_TEST_CASE(a_device_that_was_away_is_used_again) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    lift_error_limits("peer");
    Askers askers{[](ProbeOptions& probe, const Address&) { probe.device = "va"; }};
    askers.all_are_heard();
    run("ip link set va down && ip link set va name other");
    askers.all_fail();
    run("ip link set other name va && ip link set va up && ip addr replace fd01::1/64 dev va nodad");
    askers.all_are_heard();
  });
}

/// An ordinary user may not bind a socket again to another device.
BOOST_AUTO_TEST_CASE(an_ordinary_user_finds_the_device_again) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    lift_error_limits("peer");
    int to_root[2], to_user[2];
    BOOST_REQUIRE((::pipe(to_root) == 0 && ::pipe(to_user) == 0));
    Child user{[&] {
      become_nobody();
      std::vector<SendPath> free;
      for (const SendPath& way : ways())
        if (way.kind != TransportKind::raw) free.push_back(way);
      Askers askers{free, [](ProbeOptions& probe, const Address&) { probe.device = "va"; }};
      askers.all_are_heard();
      char byte = 'x';
      BOOST_REQUIRE(::write(to_root[1], &byte, 1) == 1);
      BOOST_REQUIRE(::read(to_user[0], &byte, 1) == 1);
      askers.all_are_heard();
    }};
    char byte = 0;
    ::close(to_root[1]);
    BOOST_REQUIRE(::read(to_root[0], &byte, 1) == 1);
    make_link_anew();
    BOOST_REQUIRE(::write(to_user[1], &byte, 1) == 1);
    BOOST_TEST(user.join());
  });
}

BOOST_AUTO_TEST_CASE(a_prober_follows_the_name_of_a_zone) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    lift_error_limits("peer");
    make_link_anew();
    for (const SendPath& way : ways()) {
      const Address peer = *Address::parse("fe80::b%va");
      Prober prober{options_for(way.kind)};
      const Result before = ask_until_heard(prober, peer, way.probe);
      BOOST_TEST_CONTEXT(way.name << ": " << before) BOOST_TEST(is_heard(before));
      const std::uint32_t zone = before.address.scope_id();
      make_link_anew();
      const Result after = ask_until_heard(prober, peer, way.probe);
      BOOST_TEST_CONTEXT(way.name << ": " << after) {
        BOOST_TEST(is_heard(after));
        BOOST_TEST(after.address.scope_id() != zone);
        BOOST_TEST(after.host == "fe80::b%va");
        BOOST_TEST(after.responder == after.address);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_prober_follows_the_name_of_its_sources_zone) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    lift_error_limits("peer");
    for (const SendPath& way : ways()) {
      make_link_anew();
      const Address peer = *Address::parse("fe80::b%va");
      ProbeOptions probe = way.probe;
      probe.source_v6 = *Address::parse("fe80::a%va");
      Prober prober{options_for(way.kind)};
      for (int times = 0; times < 2; ++times) {
        const Result result = ask_until_heard(prober, peer, probe);
        BOOST_TEST_CONTEXT(way.name << ": " << result) BOOST_TEST(is_heard(result));
        make_link_anew();
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_device_is_the_zone_too) {
  in_namespace([] {
    allow_ping_sockets();
    run("ip link add vx type veth peer name vy");
    const Address bare = *Address::parse("fe80::b");
    for (const SendPath& way : ways()) {
      ProbeOptions probe = way.probe;
      probe.device = "va";
      Prober prober{options_for(way.kind)};
      BOOST_TEST(ask(prober, bare, probe).error == error_of(ENODEV));
      make_peer();
      lift_error_limits("peer");
      make_link_anew();
      const Result result = ask_until_heard(prober, bare, probe);
      BOOST_TEST_CONTEXT(way.name << ": " << result) {
        BOOST_TEST(is_heard(result));
        BOOST_TEST(result.address == Address::parse("fe80::b%va").value());
      }
      make_link_anew();
      BOOST_TEST(is_heard(ask_until_heard(prober, bare, probe)));
      const auto names_both = [](const std::invalid_argument& error) {
        const std::string_view text = error.what();
        return text.find("fe80::b%vx") != text.npos && text.find("va") != text.npos;
      };
      BOOST_CHECK_EXCEPTION(static_cast<void>(prober.submit(*Address::parse("fe80::b%vx"), probe, 1s)),
                            std::invalid_argument, names_both);
      run("ip link del va && ip netns del peer");
    }
  });
}

/// Sends again and again for up to 20 s, longer than any working machine needs.
void send_until_answered(MultiPing& batch) {
  const Stopwatch watch;
  while (batch.unanswered() > 0 && watch.elapsed() < 20s) {
    batch.send();
    static_cast<void>(batch.receive(300ms));
  }
}

BOOST_AUTO_TEST_CASE(a_batch_follows_the_name_of_a_zone) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    make_link_anew();
    for (const TransportKind kind : both_kinds) {
      MultiPing batch{{{"fe80::b%va"}, {"fe80::b", {.device = "va"}}}, options_for(kind)};
      send_until_answered(batch);
      BOOST_TEST(batch.unanswered() == 0U);
      const Address before = batch.results()[0].address;
      BOOST_TEST(batch.results()[1].address == before);
      make_link_anew();
      batch.reset();
      send_until_answered(batch);
      for (const Result& result : batch.results()) {
        BOOST_TEST_CONTEXT(result) {
          BOOST_TEST(result.answered());
          BOOST_TEST(result.address != before);
          BOOST_TEST(result.address == Address::parse("fe80::b%va").value());
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_batch_finds_a_zone_that_comes_later) {
  in_namespace([] {
    const auto is_told = [](const ResolveError& error) {
      return error.failures().size() == 1 && error.failures()[0].error == Errc::zone_unknown;
    };
    BOOST_CHECK_EXCEPTION(MultiPing{{"fe80::b%va"}}, ResolveError, is_told);
    Options options;
    options.ignore_lookup_errors = true;
    MultiPing batch{{{"fe80::b%va"}, {"127.0.0.1"}, {"fe80::b", {.device = "va"}}}, options};
    batch.send();
    static_cast<void>(batch.receive(1s));
    BOOST_TEST(batch.results()[0].outcome == Outcome::unresolved);
    BOOST_TEST((batch.results()[0].error == Errc::zone_unknown));
    BOOST_TEST(batch.results()[1].answered());
    BOOST_TEST(batch.results()[2].error == error_of(ENODEV));
    make_peer();
    make_link_anew();
    send_until_answered(batch);
    for (const Result& result : batch.results()) BOOST_TEST(result.answered(), result);
  });
}

BOOST_AUTO_TEST_CASE(a_series_follows_the_name_of_a_zone) {
  in_namespace([] {
    make_peer();
    make_link_anew();
    PingSeries rounds{{"fe80::b%va"}, {.count = 0, .interval = 50ms, .timeout = 300ms}};
    const Stopwatch watch;
    Address first;
    for (const Round& round : rounds) {
      const Result& result = round.results[0];
      if (result.answered() && !first) {
        first = result.address;
        make_link_anew();
      }
      if ((result.answered() && result.address != first) || watch.elapsed() > 20s) {
        BOOST_TEST(result.answered(), result);
        break;
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_zone_that_is_not_the_devices_is_refused) {
  in_namespace([] {
    run("ip link add vx type veth peer name vy");
    const auto names_both = [](const std::invalid_argument& error) {
      const std::string_view text = error.what();
      return text.find("fe80::b%vx") != text.npos && text.find("vy") != text.npos;
    };
    const auto asks = [](const char* device) { MultiPing{{{"fe80::b%vx"}}, {.probe = {.device = device}}}; };
    BOOST_CHECK_EXCEPTION(asks("vy"), std::invalid_argument, names_both);
    BOOST_CHECK_NO_THROW(asks("vx"));
    BOOST_CHECK_NO_THROW((MultiPing{{{"2001:db8::1%vx"}}, {.probe = {.device = "vy"}}}));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
