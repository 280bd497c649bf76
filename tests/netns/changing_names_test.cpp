// Tests names whose addresses change while a batch lives: they are looked up again, the new address is probed, and
// other results stay. Runs in a mount namespace with an /etc/hosts of the test.
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "resolve/name_server.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(changing_names_test, *precondition(needs_root))

/// Sets /etc/hosts; other names do not exist.
void set_hosts(const std::string& hosts) {
  const AsRoot root;
  write_file("/etc/hosts", hosts);
}

/// Runs `body` in a namespace whose loopback device has 127.0.0.0/8 and fd01::1 to fd01::3.
void in_small_world(const std::string& names, const std::function<void()>& body) {
  in_namespace([&] {
    make_resolver_files(names);
    write_file("/etc/nsswitch.conf", "hosts: files\n");
    run("ip addr add fd01::1/128 dev lo && ip addr add fd01::2/128 dev lo && ip addr add fd01::3/128 dev lo");
    lift_error_limits();
    allow_ping_sockets();
    body();
  });
}

Address address(std::string_view text) { return Address::parse(text).value(); }

Batch ask(MultiPing& batch) {
  batch.send();
  return batch.receive(10s);
}

std::vector<std::string> hosts_of(const std::vector<Result>& results) {
  std::vector<std::string> names;
  for (const Result& result : results) names.push_back(result.host);
  return names;
}

void check_hosts(const std::vector<Result>& results, const std::vector<std::string>& expected) {
  BOOST_TEST(hosts_of(results) == expected, boost::test_tools::per_element());
}

struct Move {
  std::string from, to;
};

/// Moves within a family, and from one family to the other.
const std::vector<Move> moves = {
    {"127.0.0.2", "127.0.0.3"}, {"fd01::2", "fd01::3"}, {"127.0.0.2", "fd01::2"}, {"fd01::2", "127.0.0.2"}};

void check_moved_target(const Move& move, const Options& options) {
  set_hosts(move.from + " moving.test\n127.0.0.4 staying.test\n");
  MultiPing batch{{"staying.test", "moving.test", "127.0.0.5"}, options};
  check_hosts(ask(batch).responses, {"staying.test", "moving.test", "127.0.0.5"});
  const Duration rtt = batch.results()[0].rtt;
  set_hosts(move.to + " moving.test\n127.0.0.4 staying.test\n");
  batch.resolve();
  const Result& moved = batch.results()[1];
  BOOST_TEST(moved.outcome == Outcome::pending);
  BOOST_CHECK(moved.address == address(move.to));
  BOOST_CHECK(moved.rtt == 0ns);
  BOOST_CHECK(!moved.responder);
  BOOST_TEST(moved.attempt == 0U);
  BOOST_TEST(batch.unanswered() == 1U);
  BOOST_TEST(batch.awaited() == 0U);
  BOOST_CHECK(batch.results()[0].rtt == rtt);
  BOOST_TEST(batch.receive(0s).responses.empty());
  const Batch second = ask(batch);
  check_hosts(second.responses, {"moving.test"});
  BOOST_CHECK(second.responses.at(0).responder == address(move.to));
  BOOST_TEST(second.responses.at(0).attempt == 2U);
  BOOST_TEST(batch.counters().sent == 4U);
}

BOOST_AUTO_TEST_CASE(resolve_moves_a_target_to_its_new_address_and_keeps_the_others) {
  for (const TransportKind kind : both_kinds)
    in_small_world("", [kind] {
      for (const Move& move : moves) BOOST_TEST_CONTEXT(move.from << " to " << move.to) {
          check_moved_target(move, options_for(kind));
        }
    });
}

BOOST_AUTO_TEST_CASE(resolve_moves_targets_of_every_protocol) {
  in_small_world("", [] {
    for (const Protocol protocol : {Protocol::udp, Protocol::tcp})
      for (const Move& move : moves)
        BOOST_TEST_CONTEXT(to_string(protocol) << " from " << move.from << " to " << move.to) {
          Options options;
          options.probe.protocol = protocol;
          options.probe.port = 9;
          check_moved_target(move, options);
        }
  });
}

BOOST_AUTO_TEST_CASE(resolve_throws_where_the_constructor_would_and_changes_nothing_then) {
  in_small_world("127.0.0.2 moving.test\n127.0.0.3 going.test\n", [] {
    MultiPing batch{{"moving.test", "going.test"}};
    ask(batch);
    set_hosts("127.0.0.9 moving.test\n");
    const auto names_it = [](const ResolveError& error) {
      return error.failures().size() == 1 && error.failures()[0].name == "going.test";
    };
    BOOST_CHECK_EXCEPTION(batch.resolve(), ResolveError, names_it);
    BOOST_TEST(batch.unanswered() == 0U);
    BOOST_CHECK(batch.results()[0].address == address("127.0.0.2"));
    batch.reset();
    check_hosts(ask(batch).responses, {"moving.test", "going.test"});
    set_hosts("127.0.0.9 moving.test\n127.0.0.3 going.test\n");
    batch.resolve();
    BOOST_TEST(batch.unanswered() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_name_that_is_gone_is_unresolved_and_reset_looks_it_up_again) {
  in_small_world("127.0.0.2 coming.test\n127.0.0.3 moving.test\n", [] {
    MultiPing batch{{"coming.test", "moving.test"}, {.ignore_lookup_errors = true}};
    ask(batch);
    set_hosts("127.0.0.3 moving.test\n");
    batch.resolve();
    BOOST_TEST(batch.results()[0].outcome == Outcome::unresolved);
    BOOST_TEST(batch.results()[0].error == make_error_code(Errc::no_address));
    BOOST_CHECK(!batch.results()[0].address);
    BOOST_TEST(batch.results()[1].answered());
    check_hosts(ask(batch).no_responses, {"coming.test"});
    BOOST_TEST(batch.counters().sent == 2U);
    set_hosts("127.0.0.4 coming.test\n127.0.0.5 moving.test\n");
    batch.reset();
    check_hosts(ask(batch).responses, {"coming.test", "moving.test"});
    BOOST_CHECK(batch.results()[0].address == address("127.0.0.4"));
    BOOST_CHECK(batch.results()[1].address == address("127.0.0.3"));  // it was resolved
  });
}

BOOST_AUTO_TEST_CASE(a_batch_made_while_no_name_was_known_is_opened_later) {
  in_small_world("", [] {
    MultiPing batch{{"first.test", "second.test"}, {.ignore_lookup_errors = true}};
    check_hosts(ask(batch).no_responses, {"first.test", "second.test"});
    BOOST_TEST(batch.native_handle() == -1);
    set_hosts("127.0.0.2 first.test\nfd01::2 second.test\n");
    batch.reset();
    BOOST_TEST(batch.native_handle() >= 0);
    check_hosts(ask(batch).responses, {"first.test", "second.test"});
  });
}

BOOST_AUTO_TEST_CASE(names_of_one_address_are_probed_once_whenever_they_come_to_it) {
  in_small_world("127.0.0.2 one.test\n127.0.0.2 other.test\n", [] {
    MultiPing batch{{"one.test", "other.test", "127.0.0.9"}};
    ask(batch);
    BOOST_TEST(batch.counters().sent == 2U);
    set_hosts("127.0.0.2 one.test\n127.0.0.3 other.test\n");
    batch.resolve();
    BOOST_TEST(batch.results()[0].answered());
    BOOST_TEST(batch.results()[1].outcome == Outcome::pending);
    check_hosts(ask(batch).responses, {"other.test"});
    BOOST_TEST(batch.counters().sent == 3U);
    set_hosts("127.0.0.9 one.test\n127.0.0.9 other.test\n");
    batch.resolve();
    BOOST_TEST(batch.unanswered() == 0U);  // 127.0.0.9 was answered before
    BOOST_CHECK(batch.results()[0].rtt == batch.results()[2].rtt);
    check_hosts(ask(batch).responses, {"one.test", "other.test"});
    BOOST_TEST(batch.receive(0s).responses.empty());
    BOOST_TEST(batch.counters().sent == 3U);
    batch.reset();
    check_hosts(ask(batch).responses, {"one.test", "other.test", "127.0.0.9"});
    BOOST_TEST(batch.counters().sent == 4U);
  });
}

BOOST_AUTO_TEST_CASE(names_that_change_places_share_what_is_known_of_the_addresses) {
  in_small_world("127.0.0.2 one.test\n10.255.0.1 other.test\n", [] {
    run("ip route add unreachable 10.255.0.0/16");
    MultiPing batch{{"one.test", "other.test"}};
    check_hosts(ask(batch).responses, {"one.test"});
    set_hosts("10.255.0.1 one.test\n127.0.0.2 other.test\n");
    batch.resolve();
    BOOST_TEST(batch.results()[0].outcome == Outcome::send_failed);
    check_hosts(batch.receive(0s).responses, {"other.test"});
    BOOST_TEST(batch.counters().sent == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_lookup_that_fails_leaves_the_address_as_it_was) {
  in_small_world("127.0.0.2 moving.test\n", [] {
    MultiPing batch{"moving.test", {.ignore_lookup_errors = true, .resolve = {.timeout = 200ms}}};
    ask(batch);
    {
      const AsRoot root;
      write_file("/etc/nsswitch.conf", "hosts: dns\n");  // no name server listens
    }
    batch.resolve();
    BOOST_TEST(batch.results()[0].answered());
    batch.reset();
    check_hosts(ask(batch).responses, {"moving.test"});
  });
}

void make_link() {
  run("ip link add va type veth peer name vb && ip link set va up && ip link set vb up");
  run("ip addr add fe80::99/64 dev vb nodad");
  wait_for_addresses();
}

BOOST_AUTO_TEST_CASE(the_interface_of_a_zone_is_looked_up_again) {
  for (const auto look_again : {&MultiPing::resolve, &MultiPing::reset}) {
    for (const TransportKind kind : both_kinds) {
      in_namespace([=] {
        make_link();
        allow_ping_sockets();
        MultiPing batch{{"fe80::99%va", "127.0.0.1"}, options_for(kind)};
        check_hosts(ask(batch).responses, {"fe80::99%va", "127.0.0.1"});
        const auto before = batch.results()[0].address;
        const AsRoot root;
        run("ip link del va");
        make_link();
        (batch.*look_again)();
        BOOST_CHECK(batch.results()[0].address != before);
        BOOST_TEST(batch.results()[0].outcome == Outcome::pending);
        check_hosts(ask(batch).responses, look_again == &MultiPing::resolve
                                              ? std::vector<std::string>{"fe80::99%va"}
                                              : std::vector<std::string>{"fe80::99%va", "127.0.0.1"});
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_forked_child_may_not_resolve) {
  in_small_world("127.0.0.2 moving.test\n", [] {
    MultiPing batch{"moving.test"};
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        batch.resolve();
      } catch (const std::logic_error&) {
        ::_exit(7);
      }
      ::_exit(1);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 7));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
