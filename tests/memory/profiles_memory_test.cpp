// Tests the memory of a Prober whose probes all have different options.
// Each probe in flight takes little memory and no socket of its own; probes that are over leave nothing.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>

#include "memory/network.hpp"
#include "memory/trial.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {

BOOST_AUTO_TEST_SUITE(profiles_memory_test, *boost::unit_test::precondition(needs_root))

namespace {

using namespace std::chrono_literals;

constexpr std::size_t probes = 4'000;

/// Submits one probe of each payload size from `first` to `last` - 1.
void submit_all(Prober& prober, Protocol protocol, std::size_t first, std::size_t last) {
  const Address host = *Address::parse("127.0.0.1");
  for (std::size_t size = first; size < last; ++size)
    static_cast<void>(prober.submit(
        host,
        {.protocol = protocol, .port = protocol == Protocol::icmp ? 0 : 9, .payload_size = size, .pattern = {1, 2, 3}},
        30s));
}

void answer_all(Prober& prober) {
  std::size_t failed = 0;
  while (prober.in_flight() > 0)
    for (const auto& [token, result] : prober.poll(1s)) failed += result.answered() ? 0U : 1U;
  BOOST_TEST(failed == 0U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_size_in_flight_takes_little_memory_and_no_socket) {
  for (const Protocol protocol : {Protocol::icmp, Protocol::udp})
    in_namespace(
        [protocol] {
          Prober prober;
          submit_all(prober, protocol, 1000, 1001);
          answer_all(prober);
          const long long before = bytes_in_use();
          const std::size_t descriptors = entries_of("/proc/self/fd");
          arm(0);
          submit_all(prober, protocol, 8, probes / 2);
          const std::size_t first_half = disarm();
          arm(0);
          submit_all(prober, protocol, probes / 2, probes);
          const std::size_t second_half = disarm();
          BOOST_TEST(bytes_in_use() - before < static_cast<long long>(probes) * 6'000 + 4'000'000);
          BOOST_TEST(second_half < first_half + first_half / 2);
          const std::size_t ports = protocol == Protocol::udp ? 64 : 2;
          BOOST_TEST(entries_of("/proc/self/fd") < descriptors + 2 * ports);
          answer_all(prober);
        },
        200s);
}

BOOST_AUTO_TEST_CASE(sizes_that_are_over_leave_nothing) {
  in_namespace(
      [] {
        Prober prober;
        const auto round = [&prober](std::size_t first) {
          for (std::size_t size = first; size < first + 1'000; size += 100) {
            submit_all(prober, Protocol::icmp, size, size + 100);
            answer_all(prober);
          }
        };
        round(30'000);
        const long long before = bytes_in_use();
        round(10'000);
        BOOST_TEST(bytes_in_use() - before < 2'000'000);
      },
      200s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace multiping::test
