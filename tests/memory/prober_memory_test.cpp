// Tests a Prober while each allocation fails in turn.
// A submit() that throws never completes; a poll() that throws loses no completion.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "memory/network.hpp"
#include "memory/trial.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {

BOOST_AUTO_TEST_SUITE(prober_memory_test, *boost::unit_test::precondition(needs_tun))

namespace {

using namespace std::chrono_literals;

/// A probe, and its expected outcome.
struct Question {
  std::string host{};
  ProbeOptions probe{};
  Outcome outcome = Outcome::reply;
  bool labels = false;
};

std::vector<Question> questions(TransportKind kind) {
  const ProbeOptions udp{.protocol = Protocol::udp, .port = 9}, tcp{.protocol = Protocol::tcp, .port = 9};
  std::vector<Question> all = {{"127.0.0.1", {}},
                               {"::1", {}},
                               {"127.0.0.2", {.payload_size = 3000, .pattern = {1, 2, 3}}},
                               {"127.0.0.3", {.source_v4 = *Address::parse("127.0.0.1"), .payload_size = 1}},
                               {"::1", {.ttl = 3, .payload_size = 0}},
                               {"127.0.0.1", udp, Outcome::refused},
                               {"::1", udp, Outcome::refused},
                               {"127.0.0.1", tcp, Outcome::refused},
                               {"::1", tcp, Outcome::refused},
                               {"10.20.0.1", {}},
                               {labelled, {}, Outcome::unreachable, true},
                               {labelled_v6, {}, Outcome::unreachable, true},
                               {labelled, udp, Outcome::unreachable, true},
                               {labelled, tcp, Outcome::unreachable, true},
                               {"224.0.0.1", {}, Outcome::send_failed},
                               {"127.0.0.1", {.family = Family::ipv6}, Outcome::unresolved}};
  if (kind != TransportKind::raw) return all;
  all.push_back({"127.0.0.1", {.protocol = Protocol::tcp, .port = 9, .half_open = true}, Outcome::refused});
  all.push_back({"::1", {.protocol = Protocol::tcp, .port = 9, .half_open = true}, Outcome::refused});
  return all;
}

Options options_of(TransportKind kind) {
  Options options;
  options.fail_fast = true;
  options.transport = open_transport({.kinds = {kind}});
  return options;
}

Prober::Token submit(Prober& prober, const Question& question) {
  return prober.submit(*Address::parse(question.host), question.probe, 20s);
}

/// Compares the requests of a Prober with its completions.
class Account {
 public:
  void expect(Prober::Token token, const Question& question) { asked_.emplace(token, question); }
  void take(const std::vector<Prober::Completion>& completions) {
    for (const auto& [token, result] : completions) {
      const auto asked = asked_.find(token);
      if (asked == asked_.end()) {
        wrong_ += "an unknown token; ";
        continue;
      }
      const Question& question = asked->second;
      if (result.outcome != question.outcome)
        wrong_ += question.host + " " + std::string{to_string(result.outcome)} + "; ";
      if (question.labels && (!result.icmp || result.icmp->mpls.size() != 2)) wrong_ += "labels are lost; ";
      asked_.erase(asked);
    }
  }
  /// Checks that every request completes, with its expected outcome.
  void settle(Prober& prober, std::size_t number) {
    for (int polls = 0; prober.in_flight() > 0 && polls < 1000; ++polls) take(prober.poll(1s));
    if (!asked_.empty()) wrong_ += std::to_string(asked_.size()) + " never completed; ";
    if (!wrong_.empty()) BOOST_ERROR("allocation " << number << ": " << wrong_);
  }

 private:
  std::map<Prober::Token, Question> asked_;
  std::string wrong_;
};

void check_all_kinds(const std::function<void(TransportKind kind)>& check) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket})
    in_namespace(
        [&] {
          allow_ping_sockets();
          const TunProcess network{labelling_network()};
          check(kind);
        },
        300s);
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_that_cannot_be_made_leaves_nothing) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    const auto failed = fail_each_allocation("Prober()", [&](Trial& trial) {
      std::optional<Prober> prober;
      const bool made = trial.call([&] { prober.emplace(options); });
      if (!made && prober) BOOST_ERROR("half made");
    });
    BOOST_TEST(failed > 5U);
  });
}

BOOST_AUTO_TEST_CASE(a_submission_that_threw_never_completes) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    for (const Question& question : questions(kind)) {
      const auto failed = fail_each_allocation("submit() to " + question.host, [&](Trial& trial) {
        Prober prober{options};
        Account account;
        Prober::Token token = 0;
        const bool submitted = trial.call([&] { token = submit(prober, question); });
        if (submitted) account.expect(token, question);
        if (prober.in_flight() != (submitted ? 1U : 0U)) BOOST_ERROR("in_flight() after allocation " << trial.number());
        account.expect(submit(prober, question), question);
        account.settle(prober, trial.number());
      });
      BOOST_TEST(failed > 0U);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_submission_beside_others_that_threw_disturbs_none) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    const auto failed = fail_each_allocation("submit() beside others", [&](Trial& trial) {
      Prober prober{options};
      Account account;
      for (const Question& question : questions(kind)) account.expect(submit(prober, question), question);
      const Question late{"127.0.0.9", {.ttl = 7, .payload_size = 9000, .pattern = {7}}};
      Prober::Token token = 0;
      if (trial.call([&] { token = submit(prober, late); })) account.expect(token, late);
      account.settle(prober, trial.number());
    });
    BOOST_TEST(failed > 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_submission_of_every_member_that_threw_never_completes) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    const auto failed = fail_each_allocation("submit() of a Submission", [&](Trial& trial) {
      Prober prober{options};
      Account account;
      const Question question{"127.0.0.9", {.ttl = 7, .payload_size = 900, .pattern = {7}}};
      Prober::Token token = 0;
      const bool submitted = trial.call([&] {
        token = prober.submit(*Address::parse(question.host),
                              {.probe = question.probe,
                               .retry = 1,
                               .back_off = BackOff{.first = std::chrono::seconds{10}},
                               .fail_fast = true,
                               .expires = std::chrono::steady_clock::now() + std::chrono::seconds{60}});
      });
      if (submitted) account.expect(token, question);
      if (prober.in_flight() != (submitted ? 1U : 0U)) BOOST_ERROR("in_flight() after allocation " << trial.number());
      account.expect(submit(prober, question), question);
      account.settle(prober, trial.number());
    });
    BOOST_TEST(failed > 0U);
  });
}

BOOST_AUTO_TEST_CASE(cancel_needs_no_memory) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    fail_each_allocation("cancel()", [&](Trial& trial) {
      Prober prober{options};
      Account account;
      std::vector<Prober::Token> tokens;
      for (const Question& question : questions(kind)) {
        account.expect(submit(prober, question), question);
        tokens.push_back(submit(prober, question));
      }
      std::size_t cancelled = 0;
      trial.call([&] {
        for (const Prober::Token token : tokens) cancelled += prober.cancel(token) ? 1U : 0U;
      });
      if (cancelled != tokens.size()) BOOST_ERROR(cancelled << " cancelled");
      account.settle(prober, trial.number());
    });
  });
}

BOOST_AUTO_TEST_CASE(no_completion_is_lost_by_a_poll_that_threw) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    const auto failed = fail_each_allocation("poll()", [&](Trial& trial) {
      Prober prober{options};
      Account account;
      for (const Question& question : questions(kind)) account.expect(submit(prober, question), question);
      ::poll(nullptr, 0, 5);  // so that poll() finds answers at once
      std::vector<Prober::Completion> completions;
      trial.call([&] { completions = prober.poll(1s); });
      account.take(completions);
      account.settle(prober, trial.number());
    });
    BOOST_TEST(failed > 10U);
  });
}

BOOST_AUTO_TEST_CASE(each_kind_of_answer_outlives_a_poll_that_threw) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    for (const Question& question : questions(kind)) {
      fail_each_allocation("poll() for " + question.host, [&](Trial& trial) {
        Prober prober{options};
        Account account;
        account.expect(submit(prober, question), question);
        std::vector<Prober::Completion> completions;
        trial.call([&] { completions = prober.poll(20s); });
        account.take(completions);
        account.settle(prober, trial.number());
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_had_without_memory_or_not_at_all) {
  check_all_kinds([](TransportKind kind) {
    const Options options = options_of(kind);
    fail_each_allocation("native_handle()", [&](Trial& trial) {
      Prober prober{options};
      Account account;
      for (const Question& question : questions(kind)) account.expect(submit(prober, question), question);
      int handle = -1;
      trial.call([&] {
        handle = prober.native_handle();
        Prober moved{std::move(prober)};
        prober = std::move(moved);
        handle = prober.native_handle();
      });
      if (trial.threw() || prober.native_handle() < 0) BOOST_ERROR("native_handle()");
      account.settle(prober, trial.number());
    });
  });
}

BOOST_AUTO_TEST_CASE(a_stop_that_meets_no_memory_completes_everything_all_the_same) {
  check_all_kinds([](TransportKind kind) {
    Options options = options_of(kind);
    const auto failed = fail_each_allocation("poll() after a stop", [&](Trial& trial) {
      std::stop_source source;
      options.stop = source.get_token();
      Prober prober{options};
      for (const Question& question : questions(kind)) static_cast<void>(submit(prober, question));
      source.request_stop();
      std::size_t completed = 0;
      std::vector<Prober::Completion> completions;
      trial.call([&] { completions = prober.poll(1s); });
      completed += completions.size();
      for (int polls = 0; prober.in_flight() > 0 && polls < 10; ++polls) completed += prober.poll(1s).size();
      if (completed != questions(kind).size()) BOOST_ERROR(completed << " completed");
      options.stop = {};
    });
    BOOST_TEST(failed > 0U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace multiping::test
