// Tests targets that join and leave a batch: their numbers, their outcomes, and the memory that they take.
// Calls a session directly, and shards over a transport that does nothing.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "engine/batch_shards.hpp"

BOOST_AUTO_TEST_SUITE(changing_targets_test)

namespace {

using namespace std::chrono_literals;
using multiping::Address;
using multiping::Family;
using multiping::Instant;
using multiping::Outcome;
using multiping::ProbeOptions;
using multiping::engine::BatchSchedule;
using multiping::engine::ProbeTable;
using multiping::engine::Shards;
using multiping::engine::TargetIndex;
using multiping::engine::TargetKey;
using multiping::engine::TargetKeyIndex;
using multiping::net::Event;
using multiping::net::Probe;
using multiping::net::Serial;

using Joins = BatchSchedule::Joins;

constexpr Instant began{100s};

TargetKey destination(std::uint32_t number) {
  return {.address = Address::v4({10, 0, static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)})};
}

std::vector<Probe> send_all(BatchSchedule& session, Instant now) {
  std::vector<Probe> batch;
  session.propose(now, 100, batch);
  session.sent(batch, std::vector<Instant>(batch.size(), now));
  return batch;
}

std::vector<Probe> whole_round(BatchSchedule& session, Instant now) {
  session.begin_round(now);
  auto batch = send_all(session, now);
  session.end_round(now);
  return batch;
}

void reply(BatchSchedule& session, Serial serial, Instant at) {
  const Event event{.serial = serial, .arrival = {.read = at, .stamp = at}};
  session.received({&event, 1});
}

std::vector<Serial> retire(BatchSchedule& session, TargetIndex target) { return session.retire({&target, 1}); }

/// A transport for shards that accepts every probe and delivers no event.
class IdleTransport final : public multiping::net::ProbeTransport {
 public:
  Instant now() noexcept override { return began; }
  void set_profile(multiping::net::ProfileNumber, const ProbeOptions&) override {}
  multiping::net::Obstacle prepare(Family, multiping::net::ProfileNumber) override { return {}; }
  std::size_t credit() const noexcept override { return 100; }
  Sent send(std::span<const Probe> probes, std::span<Instant> sent_at) override {
    std::fill_n(sent_at.begin(), probes.size(), began);
    return {.accepted = probes.size()};
  }
  void receive(const multiping::net::ProbeBook&, std::vector<Event>&) override {}
  void wait(Instant) override {}
  void wake() noexcept override {}
  int native_handle() noexcept override { return -1; }
  multiping::Counters counters() noexcept override { return {}; }
};

Shards shards_of(std::uint32_t targets, std::size_t most) {
  std::vector<TargetKey> destinations;
  for (std::uint32_t i = 0; i < targets; ++i) destinations.push_back(destination(i));
  Shards shards{destinations, most, {}};
  shards.open([](const ProbeTable&) { return std::make_unique<IdleTransport>(); });
  return shards;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_target_joins_the_round_under_way) {
  BatchSchedule session{{}};
  session.add(destination(0));
  session.begin_round(began);
  BOOST_TEST(send_all(session, began).size() == 1U);
  const TargetIndex late = session.join(destination(1), Joins::now);
  BOOST_TEST(session.sending());
  const auto batch = send_all(session, began + 1ms);
  BOOST_REQUIRE_EQUAL(batch.size(), 1U);
  BOOST_CHECK(*batch[0].to == destination(1).address);
  BOOST_TEST(session.table().record(late).attempt == 1U);
}

BOOST_AUTO_TEST_CASE(a_target_joins_the_next_round) {
  BatchSchedule session{{}};
  session.add(destination(0));
  whole_round(session, began);
  session.join(destination(1), Joins::next_round);
  BOOST_TEST(!session.sending());
  BOOST_TEST(send_all(session, began + 1ms).empty());
  BOOST_TEST(session.outcomes().unanswered() == 2U);
  BOOST_TEST(whole_round(session, began + 1s).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_target_that_joins_while_dropped_answers_are_asked_for_again_is_sent_to_after_that) {
  BatchSchedule session{{}};
  session.add(destination(0));
  whole_round(session, began);
  session.receive_drops(1, began + 1ms);
  std::vector<Probe> again;
  session.propose(began + 1s, 100, again);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  const TargetIndex late = session.join(destination(1), Joins::now);
  session.sent(again, std::vector<Instant>(1, began + 1s));
  BOOST_TEST(send_all(session, began + 2s).size() == 1U);
  BOOST_TEST(session.table().record(0).attempt == 1U);
  BOOST_TEST(session.table().record(late).attempt == 1U);
  BOOST_TEST(!session.sending());
}

BOOST_AUTO_TEST_CASE(a_retired_target_is_neither_asked_nor_awaited_and_its_answers_are_late) {
  BatchSchedule session{{}};
  session.add(destination(0));
  session.add(destination(1));
  const auto first = whole_round(session, began);
  BOOST_TEST(retire(session, 0) == std::vector<Serial>{first[0].serial}, boost::test_tools::per_element());
  BOOST_TEST(session.outcomes().unanswered() == 1U);
  BOOST_TEST(session.outcomes().awaited() == 1U);
  reply(session, first[0].serial, began + 1ms);
  BOOST_TEST(session.outcomes().counters().late == 1U);
  BOOST_TEST(session.outcomes().unreported() == 0U);
  BOOST_TEST(whole_round(session, began + 1s).size() == 1U);
  session.reset();
  BOOST_TEST(session.outcomes().unanswered() == 1U);
  BOOST_TEST(whole_round(session, began + 2s).size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_answer_that_nobody_was_told_of_goes_with_its_target) {
  BatchSchedule session{{}};
  session.add(destination(0));
  const auto first = whole_round(session, began);
  reply(session, first[0].serial, began + 1ms);
  BOOST_TEST(session.outcomes().unreported() == 1U);
  BOOST_TEST(retire(session, 0).empty());
  BOOST_TEST(session.outcomes().unreported() == 0U);
  BOOST_TEST(session.outcomes().unanswered() == 0U);
}

BOOST_AUTO_TEST_CASE(the_number_of_a_retired_target_is_given_again_when_its_probes_are_forgotten) {
  BatchSchedule session{{}};
  session.add(destination(0));
  whole_round(session, began);
  retire(session, 0);
  BOOST_TEST(!session.has_vacancy());
  BOOST_TEST(session.join(destination(1), Joins::next_round) == 1U);
  whole_round(session, began + 1s);
  BOOST_REQUIRE(session.has_vacancy());
  BOOST_TEST(session.join(destination(2), Joins::next_round) == 0U);
  const auto& record = session.table().record(0);
  BOOST_CHECK(record.address == destination(2).address);
  BOOST_CHECK(record.outcome == Outcome::pending);
  BOOST_TEST(record.attempt == 0U);
  BOOST_TEST(session.outcomes().unanswered() == 2U);
}

BOOST_AUTO_TEST_CASE(memory_is_that_of_the_targets_there_are_however_many_there_were) {
  BatchSchedule session{{}};
  TargetIndex target = session.join(destination(0), Joins::next_round);
  Instant now = began;
  for (std::uint32_t i = 1; i < 10'000; ++i, now += 1s) {
    const auto sent = whole_round(session, now);
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    if (i % 3 != 0) reply(session, sent[0].serial, now + 1ms);
    retire(session, target);
    target = session.join(destination(i), Joins::next_round);
  }
  // An unanswered probe is remembered for five minutes: 300 rounds.
  BOOST_TEST(session.table().size() <= 310U);
}

BOOST_AUTO_TEST_CASE(targets_of_several_shards_keep_their_numbers) {
  for (const std::uint32_t count : {0U, 1U, 5U, 8U}) {
    for (const std::size_t most : {1U, 3U, 4U}) {
      Shards shards = shards_of(count, most);
      for (std::uint32_t i = count; i < count + 10; ++i)
        BOOST_TEST(shards.join(destination(i), Joins::next_round) == i);
      for (std::uint32_t i = 0; i < count + 10; ++i) {
        BOOST_CHECK(shards.find(i).record->address == destination(i).address);
        BOOST_CHECK(&shards.find(i).table->record(0) <= shards.find(i).record);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_vacant_number_is_taken_in_the_shard_that_has_it) {
  Shards shards = shards_of(5, 2);  // one shard has targets 0 to 2, the other 3 and 4
  for (const std::uint32_t gone : {4U, 1U}) {
    shards.retire({&gone, 1});
    BOOST_TEST(shards.join(destination(100 + gone), Joins::next_round) == gone);
    BOOST_CHECK(shards.find(gone).record->address == destination(100 + gone).address);
  }
  BOOST_TEST(shards.join(destination(9), Joins::next_round) == 5U);
  const std::uint32_t late = 5;
  shards.retire({&late, 1});
  BOOST_TEST(shards.join(destination(10), Joins::next_round) == 5U);
  BOOST_CHECK(shards.find(5).record->address == destination(10).address);
}

BOOST_AUTO_TEST_CASE(an_index_finds_what_it_was_given) {
  std::vector<TargetKey> known;
  const auto destination_of = [&known](std::uint32_t target) { return known[target]; };
  TargetKeyIndex index{1000};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    BOOST_REQUIRE(index.find(destination(i), destination_of) == TargetKeyIndex::no_target);
    BOOST_REQUIRE(index.find_or_add(destination(i), i, destination_of) == i);
    known.push_back(destination(i));
  }
  for (std::uint32_t i = 0; i < 1000; ++i) {
    BOOST_REQUIRE(index.find(destination(i), destination_of) == i);
    BOOST_REQUIRE(index.find_or_add(destination(i), 7777, destination_of) == i);
  }
}

BOOST_AUTO_TEST_SUITE_END()
