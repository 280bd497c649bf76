// Tests that memory grows with the requests under way: a long request does not keep the memory of those that are over.
// No I/O; virtual time.
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/requests_dialogue.hpp"

namespace multiping::test {
namespace {

std::size_t targets_of(const engine::SingleProbeSchedule& requests) {
  return dynamic_cast<const engine::ProbeTable&>(requests.book()).size();
}

BOOST_FIXTURE_TEST_SUITE(single_probe_records_test, RequestsDialogue)

BOOST_AUTO_TEST_CASE(one_that_takes_long_does_not_hold_the_memory_of_the_others) {
  const Token slow = submit(1, 1h);
  const auto first = send(start)[0];
  std::vector<Probe> earlier;
  for (int i = 0; i < 200'000; ++i) {
    submit(2, 1ms);
    const auto batch = send(start);
    reply(batch[0], start + 10us);
    static_cast<void>(requests.take_done());
    if (i % 1000 != 0) continue;
    earlier.push_back(batch[0]);
    expire(start + 20us);
  }
  BOOST_TEST(targets_of(requests) < 70'000U);
  BOOST_TEST(requests.in_flight() == 1U);
  hear(Kind::reply, earlier[3], start + 1s);  // about a probe that was let go
  BOOST_TEST(requests.counters().duplicates == 1U);
  reply(first, start + 2s);
  const auto result = done();
  BOOST_TEST(result.token == slow);
  BOOST_TEST((result.record.outcome == Outcome::reply));
  expire(start + 20s);
  BOOST_TEST(requests.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(those_that_were_slow_too_are_let_go_when_they_end) {
  submit(1, 1h);
  send(start);
  for (int i = 0; i < 3000; ++i) submit(3, 10s);
  while (!send(start).empty()) {
  }
  for (int i = 0; i < 100'000; ++i) {
    submit(2, 1ms);
    reply(send(start)[0], start + 1us);
    static_cast<void>(requests.take_done());
    if (i % 1000 == 0) expire(start + 2us);
  }
  expire(start + 11s);
  BOOST_TEST(requests.take_done().size() == 3000U);
  BOOST_TEST(requests.in_flight() == 1U);
  const std::size_t size = targets_of(requests);
  for (int i = 0; i < 3000; ++i) submit(4, 10s);
  BOOST_TEST(targets_of(requests) == size);  // the numbers are used again
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
