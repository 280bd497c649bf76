// Tests special addresses: IPv6 switched off, link-local addresses with and without a zone, and every kind of list
// entry. Each target gets its own answer or its own reason.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(addresses_test, *precondition(needs_root))

// From now on socket(AF_INET6, ...) fails with EAFNOSUPPORT, as on a kernel without IPv6. A broker still has IPv6.
void take_ipv6_away() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(program), program};
  BOOST_REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  BOOST_REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

void check_v4_alive_v6_refused(TransportKind kind, std::optional<int> error) {
  const Batch batch = multi_ping({"::1", "127.0.0.1", "fd00::1", "127.0.0.2"}, 1s, 0, options_for(kind));
  BOOST_TEST(batch.responses.size() == 2U);
  BOOST_REQUIRE(batch.no_responses.size() == 2U);
  for (const Result& result : batch.no_responses) {
    BOOST_TEST_CONTEXT(result) {
      BOOST_TEST(result.outcome == Outcome::send_failed);
      BOOST_TEST(!!result.error);
      if (error) BOOST_TEST(result.error == error_of(*error));
    }
  }
}

// Names are looked up at an address without a host: its neighbour entry is permanent, but no such neighbour exists.
void make_name_servers_silent() {
  make_peer();
  run("ip neigh add 10.1.0.53 lladdr 02:00:00:00:00:53 dev va nud permanent");
  write_file("/run/resolv.conf", "nameserver 10.1.0.53\n");
  write_file("/run/nsswitch.conf", "hosts: files dns\n");
  run("mount --bind /run/resolv.conf /etc/resolv.conf && mount --bind /run/nsswitch.conf /etc/nsswitch.conf");
}

const Result& one(const std::vector<Result>& results, std::string_view host) {
  const auto found = std::ranges::find(results, host, &Result::host);
  if (found == results.end()) throw std::out_of_range{"no result for " + std::string{host}};
  return *found;
}

BOOST_AUTO_TEST_CASE(ipv6_disabled) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      run("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1");
      check_v4_alive_v6_refused(kind, std::nullopt);
    });
  }
}

BOOST_AUTO_TEST_CASE(ipv6_absent, *label("own_sockets")) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      take_ipv6_away();
      check_v4_alive_v6_refused(kind, EAFNOSUPPORT);
    });
  }
}

BOOST_AUTO_TEST_CASE(only_ipv6_targets_and_no_ipv6, *label("own_sockets")) {
  in_namespace([] {
    take_ipv6_away();
    const Result result = ping("::1", 1s);
    BOOST_TEST(result.outcome == Outcome::send_failed);
    BOOST_TEST(result.error == error_of(EAFNOSUPPORT));
  });
}

BOOST_AUTO_TEST_CASE(a_link_local_address_is_probed_on_its_own_link) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      run("ip link add wa type veth peer name wb netns peer && ip link set wa up && nsenter --net=/run/netns/peer ip "
          "link set wb up");
      run("nsenter --net=/run/netns/peer ip addr add fe80::99/64 dev vb nodad && nsenter --net=/run/netns/peer ip addr "
          "add fe80::99/64 dev wb nodad");
      run("nsenter --net=/run/netns/peer ip addr add fe80::77/64 dev wb nodad");
      wait_for_addresses("peer");
      wait_for_addresses();
      const Batch batch =
          multi_ping({"fe80::99%va", "fe80::99%wa", "fe80::77%va", "fe80::77%wa"}, 2s, 1, options_for(kind));
      BOOST_TEST(batch.responses.size() == 3U);
      for (const Result& result : batch.responses) {
        const std::string zone = result.host.substr(result.host.find('%') + 1);
        BOOST_TEST(result.responder.scope_id() == ::if_nametoindex(zone.c_str()));
        BOOST_TEST(result.responder == result.address);
      }
      BOOST_REQUIRE(batch.no_responses.size() == 1U);
      BOOST_TEST(batch.no_responses[0].host == "fe80::77%va");
    });
  }
}

BOOST_AUTO_TEST_CASE(a_missing_zone_is_an_error_before_anything_is_sent) {
  in_namespace([] {
    MultiPing batch{{"fe80::99", "127.0.0.1"}, {.ignore_lookup_errors = true}};
    BOOST_TEST(batch.results()[0].error == make_error_code(Errc::zone_missing));
    batch.send();
    BOOST_TEST(batch.receive(1s).responses.size() == 1U);
    BOOST_TEST(batch.counters().sent == 1U);
    BOOST_TEST(batch.results()[0].error == make_error_code(Errc::zone_missing));
  });
}

BOOST_AUTO_TEST_CASE(addresses_that_cannot_be_pinged_are_told_apart) {
  in_namespace([] {
    const Options lenient{.ignore_lookup_errors = true};
    const Batch batch = multi_ping({"0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "127.0.0.1", "::1",
                                    "::ffff:127.0.0.1", "127.0.0.1"},
                                   1s, 0, lenient);
    BOOST_TEST(batch.responses.size() == 4U);
    BOOST_TEST(one(batch.responses, "::ffff:127.0.0.1").address.to_string() == "127.0.0.1");
    BOOST_REQUIRE(batch.no_responses.size() == 5U);
    for (const Result& result : batch.no_responses) {
      BOOST_TEST_CONTEXT(result) { BOOST_TEST(result.error == make_error_code(Errc::destination_denied)); }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_broadcast_address_is_refused_by_this_host_alone) {
  in_namespace([] {
    make_peer();
    const Batch batch = multi_ping({"10.1.255.255", "10.1.0.2"}, 1s);
    BOOST_TEST(one(batch.responses, "10.1.0.2").answered());
    const Result& broadcast = one(batch.no_responses, "10.1.255.255");
    BOOST_TEST(broadcast.outcome == Outcome::send_failed);
    BOOST_TEST(broadcast.error == error_of(EACCES));
  });
}

BOOST_AUTO_TEST_CASE(an_empty_list_is_done_at_once) {
  in_namespace([] {
    const Stopwatch watch;
    const Batch batch = multi_ping(TargetList{}, 10s, 3);
    BOOST_TEST(batch.responses.size() + batch.no_responses.size() == 0U);
    BOOST_TEST((watch.elapsed() < 5s));
  });
}

BOOST_AUTO_TEST_CASE(a_million_entries_of_a_thousand_hosts, *label("long")) {
  in_namespace([] {
    std::vector<Target> list;
    for (std::size_t i = 0; i < 1'000'000; ++i)
      list.emplace_back("127.3." + std::to_string(i % 4) + '.' + std::to_string(i % 250 + 1));
    MultiPing batch{list};
    batch.send();
    const Batch answers = batch.receive(10s);
    BOOST_TEST(answers.responses.size() == 1'000'000U);
    BOOST_TEST(batch.counters().sent <= 1000U);
    BOOST_TEST(answers.responses.back().host == list.back().host());
  });
}

BOOST_AUTO_TEST_CASE(silent_name_servers_cost_their_own_names_only) {
  in_namespace([] {
    make_name_servers_silent();
    std::vector<std::string> targets = {"127.0.0.1", "silent-1.example", "10.1.0.2", "silent-2.example", "::1"};
    Options options{.ignore_lookup_errors = true, .resolve = {.timeout = 1s}};
    const Stopwatch watch;
    const Batch batch = multi_ping(targets, 1s, 0, options);
    BOOST_TEST((watch.elapsed() < 4s));
    BOOST_TEST(batch.responses.size() == 3U);
    BOOST_REQUIRE(batch.no_responses.size() == 2U);
    for (const Result& result : batch.no_responses) {
      BOOST_TEST(result.outcome == Outcome::unresolved);
      BOOST_TEST(result.error == make_error_code(Errc::lookup_timeout));
    }
    BOOST_CHECK_THROW((MultiPing{"silent-3.example", {.resolve = {.timeout = 200ms}}}), ResolveError);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
