// Tests a MultiPing while each allocation fails in turn.
// A call that throws leaves the object usable, and loses no answer.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "memory/network.hpp"
#include "memory/trial.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {

BOOST_AUTO_TEST_SUITE(multi_ping_memory_test, *boost::unit_test::precondition(needs_tun))

namespace {

using namespace std::chrono_literals;

const ProbeOptions udp{.protocol = Protocol::udp, .port = 9}, tcp{.protocol = Protocol::tcp, .port = 9};

/// Targets that answer, of both families and all protocols; some occur twice.
TargetList answering() {
  std::vector<Target> targets{"127.0.0.1",        "::1",
                              "127.0.0.2",        "127.0.0.1",
                              {"127.0.0.3", udp}, {"::1", udp},
                              {"127.0.0.3", tcp}, {"::1", tcp},
                              "10.20.0.1",        {"127.0.0.4", {.payload_size = 4000, .pattern = {1, 2}}}};
  return targets;
}
constexpr std::size_t answers = 10;

Options options_of(TransportKind kind) {
  Options options;
  options.transport = open_transport({.kinds = {kind}});
  return options;
}

void check_all_kinds(const std::function<void(const Options& options)>& check) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket})
    in_namespace(
        [&] {
          allow_ping_sockets();
          const TunProcess network{labelling_network()};
          check(options_of(kind));
        },
        300s);
}

/// The results of several receive() calls.
class Received {
 public:
  void take(const Batch& batch) {
    for (const Result& result : batch.responses) ++counts_[result.host];
    responses_ += batch.responses.size();
    silent_.clear();
    for (const Result& result : batch.no_responses)
      silent_ += " " + result.host + " " + std::string{to_string(result.outcome)};
  }
  /// Checks that all targets have answered, and that receive() returned each answer once.
  void check(std::size_t expected, std::size_t number) const {
    if (responses_ == expected && silent_.empty()) return;
    BOOST_ERROR("allocation " << number << ": " << responses_ << " answers of " << expected << "," << silent_);
  }

 private:
  std::map<std::string, std::size_t> counts_;
  std::size_t responses_ = 0;
  std::string silent_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(one_that_cannot_be_made_leaves_nothing) {
  check_all_kinds([](const Options& options) {
    const auto failed = fail_each_allocation("MultiPing()", [&](Trial& trial) {
      std::optional<MultiPing> batch;
      trial.call([&] { batch.emplace(answering(), options); });
    });
    BOOST_TEST(failed > 10U);
    fail_each_allocation("MultiPing() that opens a transport", [&](Trial& trial) {
      std::optional<MultiPing> batch;
      trial.call([&] { batch.emplace(answering(), Options{}); });
    });
  });
}

BOOST_AUTO_TEST_CASE(a_send_that_threw_can_be_made_again) {
  check_all_kinds([](const Options& options) {
    const auto failed = fail_each_allocation("send()", [&](Trial& trial) {
      MultiPing batch{answering(), options};
      Received received;
      if (!trial.call([&] { batch.send(); })) batch.send();
      for (int tries = 0; tries < 3 && batch.unanswered() > 0; ++tries) received.take(batch.receive(10s));
      if (batch.unanswered() == 0) received.take(batch.receive(0s));
      received.check(answers, trial.number());
    });
    BOOST_TEST(failed > 5U);
  });
}

BOOST_AUTO_TEST_CASE(a_receive_that_threw_loses_no_answer) {
  check_all_kinds([](const Options& options) {
    const auto failed = fail_each_allocation("receive()", [&](Trial& trial) {
      MultiPing batch{answering(), options};
      batch.send();
      Received received;
      Batch first;
      trial.call([&] { first = batch.receive(10s); });
      received.take(first);
      received.take(batch.receive(10s));
      received.check(answers, trial.number());
    });
    BOOST_TEST(failed > 0U);
  });
}

BOOST_AUTO_TEST_CASE(errors_with_labels_outlive_a_receive_that_threw) {
  check_all_kinds([](const Options& options) {
    for (const Target& target : {Target{labelled}, Target{labelled_v6}, Target{labelled, udp}, Target{labelled, tcp}}) {
      Options fast = options;
      fast.fail_fast = true;
      fail_each_allocation("receive() of an error", [&](Trial& trial) {
        MultiPing batch{target, fast};
        batch.send();
        Batch told;
        if (!trial.call([&] { told = batch.receive(10s); })) told = batch.receive(10s);
        const Result& result = told.no_responses.at(0);
        if (!result.icmp || result.icmp->mpls.size() != 2 || result.icmp->interfaces.size() != 1)
          BOOST_ERROR("allocation " << trial.number() << ": " << result);
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(what_needs_no_memory_throws_nothing) {
  check_all_kinds([](const Options& options) {
    const auto failed = fail_each_allocation("native_handle() and the like", [&](Trial& trial) {
      MultiPing batch{answering(), options};
      batch.send();
      int handle = -1;
      trial.call([&] {
        handle = batch.native_handle();
        MultiPing moved{std::move(batch)};
        batch = std::move(moved);
        static_cast<void>(batch.results());
        static_cast<void>(batch.unanswered() + batch.awaited());
        static_cast<void>(batch.counters());
      });
      if (trial.threw() || batch.native_handle() < 0 || handle < -1) BOOST_ERROR("native_handle()");
      Received received;
      received.take(batch.receive(10s));
      received.check(answers, trial.number());
    });
    BOOST_TEST(failed == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_reset_that_threw_can_be_made_again) {
  check_all_kinds([](const Options& options) {
    fail_each_allocation("reset()", [&](Trial& trial) {
      MultiPing batch{answering(), options};
      batch.send();
      static_cast<void>(batch.receive(10s));
      if (!trial.call([&] { batch.reset(); })) batch.reset();
      Received received;
      batch.send();
      received.take(batch.receive(10s));
      received.check(answers, trial.number());
    });
  });
}

/// The next ping() meets no memory of an earlier one: it takes what is kept, does not fit it, and keeps nothing.
void forget_last_ping() { static_cast<void>(ping("127.0.0.1", 20s, {.probe = {.payload_size = 1'401}})); }

/// `kept`: an earlier call with the same transport has left sockets and memory for this one.
void check_ping(const Target& target, const Options& options, bool kept) {
  fail_each_allocation("ping()", [&](Trial& trial) {
    Result result;
    forget_last_ping();
    if (kept) static_cast<void>(ping(target, 20s, options));
    const bool done = trial.call([&] { result = ping(target, 20s, options); });
    if (done && !result.answered()) BOOST_ERROR("allocation " << trial.number() << ": " << result);
    forget_last_ping();
    const MultiPing other{target, options};  // closes what the transport keeps for ping()
  });
}

BOOST_AUTO_TEST_CASE(a_ping_after_another_allocates_nothing) {
  check_all_kinds([](const Options& options) {
    const Target target{"127.0.0.1"};
    static_cast<void>(ping(target, 20s, options));
    static_cast<void>(ping(target, 20s, options));
    arm(0);
    const bool answered = ping(target, 20s, options).answered();
    const std::size_t allocations = disarm();
    BOOST_TEST(answered);
    BOOST_TEST(allocations == 0U);
    forget_last_ping();
  });
}

BOOST_AUTO_TEST_CASE(a_ping_keeps_little) {
  check_all_kinds([](const Options& options) {
    Options large = options;
    for (const auto& [payload, pattern] : {std::pair{65'000, 0}, std::pair{56, 1'000'000}}) {
      large.probe.payload_size = static_cast<std::size_t>(payload);
      large.probe.pattern.assign(static_cast<std::size_t>(pattern), 1);
      forget_last_ping();
      const long long before = bytes_in_use();
      static_cast<void>(ping("127.0.0.1", 20s, large));
      const MultiPing other{"127.0.0.1", options};  // closes what the transport keeps for ping()
      BOOST_TEST(bytes_in_use() - before < 100'000);
    }
    forget_last_ping();
  });
}

BOOST_AUTO_TEST_CASE(whole_calls_throw_and_leave_nothing) {
  check_all_kinds([](const Options& options) {
    fail_each_allocation("multi_ping()", [&](Trial& trial) {
      Batch batch;
      const bool done = trial.call([&] { batch = multi_ping(answering(), 20s, 1, options); });
      if (done && batch.responses.size() != answers)
        BOOST_ERROR("allocation " << trial.number() << ": answers are lost");
    });
    for (const Target& target : {Target{"127.0.0.1"}, Target{"::1"}, Target{"127.0.0.1", tcp}})
      for (const bool kept : {false, true}) check_ping(target, options, kept);
  });
}

BOOST_AUTO_TEST_CASE(threads_that_meet_no_memory_end_no_process) {
  check_all_kinds([](const Options& options) {
    Options two = options;
    two.threads = 2;
    fail_each_allocation("send() by two threads", [&](Trial& trial) {
      MultiPing batch{expand("127.0.1.0/26"), two};
      Received received;
      if (!trial.call([&] { batch.send(); })) batch.send();
      for (int tries = 0; tries < 3 && batch.unanswered() > 0; ++tries) received.take(batch.receive(10s));
      if (batch.unanswered() > 0) BOOST_ERROR("allocation " << trial.number() << ": answers are lost");
    });
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace multiping::test
