// Tests lookups that run beside the probing: addresses are probed at once, names join when they are found, and the time
// counts from the call. Runs in a mount namespace with a name server of the test.
#include <netinet/in.h>
#include <sys/socket.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "os/file_descriptor.hpp"
#include "os/socket_basics.hpp"
#include "resolve/name_server.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(late_names_test, *precondition(needs_root))

Address address(std::string_view text) { return Address::parse(text).value(); }

Response addresses(const std::vector<std::string>& texts) {
  Response response;
  for (const std::string& text : texts) response.addresses.push_back(address(text));
  return response;
}

const Response no_such_name{.code = ResponseCode::no_such_name, .addresses = {}, .pointer = {}};

/// Runs `body` in a namespace whose name server answers by `answers`; its loopback device has fd01::1 and fd01::2.
void in_world_of(const NameServer::Answers& answers, const std::function<void(const NameServer&)>& body) {
  in_namespace([&] {
    make_resolver_files();
    run("ip addr add fd01::1/128 dev lo && ip addr add fd01::2/128 dev lo");
    lift_error_limits();
    const NameServer server{answers};
    allow_ping_sockets();
    body(server);
  });
}

Options ignoring(Options options = {}) {
  options.ignore_lookup_errors = true;
  options.resolve.timeout = 60s;
  return options;
}

/// Receives UDP probes and answers none.
class UdpEar {
 public:
  UdpEar() : socket_{os::open_socket(Family::ipv4, SOCK_DGRAM, 0)} {
    BOOST_REQUIRE(os::bind_to(socket_.value(), Family::ipv4, address("127.0.0.1"), 0));
  }
  [[nodiscard]] ProbeOptions probe() const {
    return {.protocol = Protocol::udp, .port = os::bound_port(socket_.value())};
  }
  [[nodiscard]] int heard() const {
    char byte = 0;
    while (::recv(socket_.value(), &byte, 1, MSG_DONTWAIT) >= 0) ++heard_;
    return heard_;
  }

 private:
  os::FileDescriptor socket_;
  mutable std::atomic<int> heard_ = 0;
};

const Result& one(const Batch& batch, std::string_view host) {
  for (const auto* results : {&batch.responses, &batch.no_responses})
    for (const Result& result : *results)
      if (result.host == host) return result;
  throw std::out_of_range{"no result for " + std::string{host}};
}

// The name server answers only after the address was probed. If lookups came first, it would never answer.
BOOST_AUTO_TEST_CASE(addresses_are_probed_while_names_are_looked_up) {
  const UdpEar* ear = nullptr;
  const auto when_probed = [&ear](const Question&) -> std::optional<Response> {
    if (ear == nullptr || ear->heard() == 0) return std::nullopt;
    return addresses({"127.0.0.2"});
  };
  in_namespace([&] {
    make_resolver_files();
    const UdpEar here;
    ear = &here;
    const NameServer server{when_probed};
    allow_ping_sockets();
    const Batch batch = multi_ping({{"127.0.0.1", here.probe()}, "late.test"}, 30s, 29, ignoring());
    BOOST_TEST(one(batch, "late.test").answered());
    BOOST_CHECK(one(batch, "late.test").address == address("127.0.0.2"));
    BOOST_TEST(one(batch, "127.0.0.1").outcome == Outcome::no_reply);
  });
}

BOOST_AUTO_TEST_CASE(names_join_as_they_are_found) {
  for (const TransportKind kind : both_kinds) {
    const auto later_and_later = [](const Question& question) -> std::optional<Response> {
      if (question.name == "at-once.test") return addresses({"127.0.0.2"});
      if (question.name == "v6.test") return addresses({"fd01::1"});
      if (question.count == 1) return std::nullopt;
      return addresses({"127.0.0.3"});
    };
    in_world_of(later_and_later, [kind](const NameServer&) {
      const Batch batch = multi_ping({"later.test", "at-once.test", "127.0.0.4", "v6.test", "fd01::2"}, 30s, 0,
                                     ignoring(options_for(kind)));
      for (const Result& result : batch.no_responses) BOOST_ERROR(result);
      BOOST_TEST(batch.responses.size() == 5U);
      BOOST_TEST(batch.responses.at(0).host == "later.test");
      for (const Result& result : batch.responses) {
        BOOST_CHECK(result.responder == result.address);
        BOOST_TEST(result.attempt == 1U);
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(names_join_a_large_batch_of_several_threads) {
  const auto all = [](const Question& question) -> std::optional<Response> {
    if (question.count == 1 && question.name == "later.test") return std::nullopt;
    return addresses({"127.2.0.1"});
  };
  in_world_of(all, [](const NameServer&) {
    std::vector<Target> list;
    for (const Address& each : loopback_hosts(10'000)) list.emplace_back(each);
    list.emplace_back("at-once.test");
    list.emplace_back("later.test");
    list.emplace_back("127.1.0.9");
    Options options = ignoring();
    options.threads = 2;
    const Batch batch = multi_ping(list, 30s, 2, options);
    BOOST_TEST(batch.no_responses.empty());
    BOOST_REQUIRE_EQUAL(batch.responses.size(), list.size());
    BOOST_CHECK(batch.responses[10'000].rtt == batch.responses[10'001].rtt);
    for (std::size_t i = 0; i < list.size(); ++i) BOOST_REQUIRE(batch.responses[i].host == list[i].host());
  });
}

BOOST_AUTO_TEST_CASE(a_late_name_of_a_known_address_is_not_probed_again) {
  const auto loopback = [](const Question&) -> std::optional<Response> { return addresses({"127.0.0.1"}); };
  in_world_of(loopback, [](const NameServer&) {
    const UdpEar ear;
    const ProbeOptions probe = ear.probe();
    const Batch batch =
        multi_ping({{"127.0.0.1", probe}, {"one.test", probe}, {"other.test", probe}}, 500ms, 0, ignoring());
    BOOST_TEST(batch.no_responses.size() == 3U);
    for (const Result& result : batch.no_responses) BOOST_CHECK(result.address == address("127.0.0.1"));
    BOOST_TEST(ear.heard() == 1);
  });
}

BOOST_AUTO_TEST_CASE(late_names_of_other_protocols) {
  const auto all = [](const Question& question) -> std::optional<Response> {
    if (question.count == 1) return std::nullopt;
    return addresses({question.name == "v6.test" ? "fd01::1" : "127.0.0.2"});
  };
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp})
    in_world_of(all, [protocol](const NameServer&) {
      Options options = ignoring();
      options.probe.protocol = protocol;
      options.probe.port = 9;
      const Batch batch = multi_ping({"v4.test", "v6.test"}, 30s, 0, options);
      BOOST_TEST(batch.responses.size() == 2U);
      for (const Result& result : batch.responses) BOOST_TEST(result.outcome == Outcome::refused);
    });
}

BOOST_AUTO_TEST_CASE(what_is_not_found_by_the_end_of_the_call_is_unresolved) {
  const auto silence = [](const Question&) -> std::optional<Response> { return std::nullopt; };
  in_world_of(silence, [](const NameServer&) {
    const Stopwatch watch;
    for (const int retry : {0, 3}) {
      const Batch batch = multi_ping({"127.0.0.2", "silent.test"}, 500ms, retry, ignoring());
      BOOST_TEST(one(batch, "127.0.0.2").answered());
      const Result& silent = one(batch, "silent.test");
      BOOST_TEST(silent.outcome == Outcome::unresolved);
      BOOST_TEST(silent.error == make_error_code(Errc::lookup_timeout));
      BOOST_CHECK(!silent.address);
    }
    BOOST_TEST((watch.elapsed() < 20s));  // ResolveOptions::timeout is a minute
  });
}

BOOST_AUTO_TEST_CASE(retries_look_up_again_what_is_unresolved) {
  const auto third_time = [](const Question& question) -> std::optional<Response> {
    return question.count < 3 ? no_such_name : addresses({"127.0.0.2"});
  };
  in_world_of(third_time, [](const NameServer& server) {
    const Batch batch = multi_ping({"127.0.0.3", "coming.test"}, 20s, 39, ignoring());
    BOOST_TEST(one(batch, "coming.test").answered());
    BOOST_TEST(one(batch, "127.0.0.3").answered());
    BOOST_TEST(one(batch, "127.0.0.3").attempt == 1U);
    BOOST_TEST(server.questions("coming.test") >= 3);
  });
}

BOOST_AUTO_TEST_CASE(with_retries_the_call_lasts_while_there_are_names_to_look_up) {
  const auto nothing = [](const Question&) -> std::optional<Response> { return no_such_name; };
  in_world_of(nothing, [](const NameServer& server) {
    const Stopwatch watch;
    const Batch batch = multi_ping({"127.0.0.2", "nosuch.test"}, 900ms, 2, ignoring());
    BOOST_TEST((watch.elapsed() >= 900ms));
    BOOST_TEST(server.questions("nosuch.test") == 3);
    BOOST_TEST(one(batch, "nosuch.test").outcome == Outcome::unresolved);
    BOOST_TEST(one(batch, "nosuch.test").error == make_error_code(Errc::no_address));
    BOOST_TEST(one(batch, "127.0.0.2").answered());
  });
}

BOOST_AUTO_TEST_CASE(without_retries_or_for_text_that_is_no_name_it_ends_when_all_is_known) {
  const auto nothing = [](const Question&) -> std::optional<Response> { return no_such_name; };
  in_world_of(nothing, [](const NameServer&) {
    const Stopwatch watch;
    BOOST_TEST(multi_ping({"127.0.0.2", "nosuch.test"}, 60s, 0, ignoring()).responses.size() == 1U);
    BOOST_TEST(multi_ping({"127.0.0.2", "1.2.3.4 junk", "10.1"}, 60s, 2, ignoring()).no_responses.size() == 2U);
    BOOST_TEST(multi_ping({"1.2.3.4 junk"}, 60s, 2, ignoring()).no_responses.size() == 1U);
    BOOST_TEST((watch.elapsed() < 30s));
  });
}

BOOST_AUTO_TEST_CASE(lookups_that_must_not_fail_come_first_and_do_not_count) {
  const auto second_time = [](const Question& question) -> std::optional<Response> {
    if (question.count == 1) return std::nullopt;  // asked again after a second
    return addresses({"127.0.0.2"});
  };
  in_world_of(second_time, [](const NameServer&) {
    BOOST_TEST(multi_ping("slow.test", 500ms, 0, {.resolve = {.timeout = 60s}}).responses.size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_lookups_and_probing) {
  const auto silence = [](const Question&) -> std::optional<Response> { return std::nullopt; };
  in_world_of(silence, [](const NameServer& server) {
    std::stop_source source;
    Options options = ignoring();
    options.stop = source.get_token();
    std::atomic<bool> answered = false;
    std::jthread other{[&] {
      const Stopwatch watch;
      while ((!answered || server.questions("silent.test") == 0) && watch.elapsed() < 30s)
        std::this_thread::sleep_for(1ms);
      source.request_stop();
    }};
    const Stopwatch watch;
    const Batch batch = multi_ping({"127.0.0.2", "silent.test"}, 60s, 3, options,
                                   [&answered](const Result&) { return answered = true; });
    BOOST_TEST((watch.elapsed() < 40s));
    BOOST_TEST(one(batch, "127.0.0.2").answered());
    BOOST_TEST(one(batch, "silent.test").outcome == Outcome::unresolved);
  });
}

/// The results or the exception of a call, as text.
std::string outcome_of(const TargetList& targets) {
  std::ostringstream text;
  try {
    const Batch batch = multi_ping(targets, 20s, 0, ignoring());
    for (const auto* results : {&batch.responses, &batch.no_responses})
      for (const Result& result : *results) text << result << '\n';
  } catch (const PermissionError&) {
    text << "PermissionError";
  }
  return text.str();
}

BOOST_AUTO_TEST_CASE(what_this_process_may_not_send_is_told_as_ever, *label("own_sockets")) {
  in_namespace([] {
    make_resolver_files("127.0.0.1 found.test\n");
    allow_ping_sockets(false);
    become_nobody();
    BOOST_TEST(outcome_of("found.test") == "PermissionError");
    BOOST_TEST(outcome_of({"127.0.0.1", "found.test"}) == "PermissionError");
    BOOST_TEST(outcome_of({{"127.0.0.1", {.protocol = Protocol::udp, .port = 9}}, "found.test"}) == "PermissionError");
    BOOST_TEST(outcome_of({{"127.0.0.1", {.protocol = Protocol::udp, .port = 9}}, "10.1"}) != "PermissionError");
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
