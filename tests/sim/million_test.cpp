// Tests the bookkeeping of a million targets with loss and long round-trip times: every fate must be the expected one.
// The processor time is reported, but not tested.
#include <time.h>
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "multiping/multiping.hpp"
#include "net/probe_transport.hpp"

using namespace std::chrono_literals;
using namespace multiping;

BOOST_AUTO_TEST_SUITE(million_test)

namespace {

constexpr std::size_t targets = 1'000'000;
constexpr Duration way = 200ms;
constexpr unsigned attempts = 4;

/// True when the network loses this attempt at a target: five in a hundred, by a fixed mix of both numbers.
bool is_lost(std::uint64_t target, std::uint64_t attempt) {
  std::uint64_t x = (target + 1) * 0x9e3779b97f4a7c15U + attempt * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 31U)) * 0x94d049bb133111ebU;
  return (x ^ (x >> 29U)) % 100 < 5;
}
/// The first attempt that is answered; 0: none.
unsigned answered_attempt(std::uint64_t target) {
  for (unsigned attempt = 1; attempt <= attempts; ++attempt)
    if (!is_lost(target, attempt)) return attempt;
  return 0;
}

Address host(std::uint32_t i) {
  return Address::v4(
      {10, static_cast<std::uint8_t>(i >> 16U), static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)});
}
std::uint32_t index_of(const Address& address) {
  const auto bytes = address.bytes();
  return static_cast<std::uint32_t>(bytes[1] << 16U | bytes[2] << 8U | bytes[3]);
}

/// Takes probes and answers them after 200 ms. It replaces a ProbeTransport, so the test makes no packets.
class LossyWay final : public net::ProbeTransport {
 public:
  Instant now() noexcept override { return now_; }
  void set_profile(net::ProfileNumber, const ProbeOptions&) override {}
  net::Obstacle prepare(Family, net::ProfileNumber) override { return {}; }
  std::size_t credit() const noexcept override { return 32; }
  Sent send(std::span<const net::Probe> probes, std::span<Instant> sent_at) override {
    for (std::size_t i = 0; i < probes.size(); ++i) {
      now_ += 1us;
      sent_at[i] = now_;
      const std::uint32_t target = index_of(*probes[i].to);
      if (!is_lost(target, ++tries_[target])) flying_.push_back({now_ + way, probes[i].serial, *probes[i].to});
    }
    return {.accepted = probes.size(), .refused = {}};
  }
  void receive(const net::ProbeBook&, std::vector<net::Event>& events) override {
    while (first_ < flying_.size() && flying_[first_].at <= now_) {
      const Flying& answer = flying_[first_++];
      events.push_back({.serial = answer.serial, .responder = answer.from, .arrival = {now_, answer.at}});
    }
  }
  void wait(Instant until) override {
    now_ = std::max(now_, first_ < flying_.size() ? std::min(until, flying_[first_].at) : until);
  }
  void wake() noexcept override {}
  int native_handle() noexcept override { return -1; }
  Counters counters() noexcept override { return {}; }

 private:
  struct Flying {
    Instant at;
    net::Serial serial;
    Address from;
  };
  Instant now_{1000s};
  std::vector<std::uint8_t> tries_ = std::vector<std::uint8_t>(targets);
  std::vector<Flying> flying_;
  std::size_t first_ = 0;
};

class LossyTransport final : public Transport {
 public:
  Capabilities capabilities() const noexcept override { return {.ipv4 = true}; }
  std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded&) const override {
    return std::make_unique<LossyWay>();
  }
};

double processor_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_fate_is_as_it_was_dealt) {
  std::vector<Address> hosts;
  for (std::uint32_t i = 0; i < targets; ++i) hosts.push_back(host(i));
  Options options{.threads = 1};
  options.transport = std::make_shared<LossyTransport>();
  const double before = processor_seconds();
  const auto [responses, no_responses] = multi_ping(hosts, 20s, attempts - 1, options);
  BOOST_TEST_MESSAGE("a million targets took " << processor_seconds() - before << " s of processor time");

  BOOST_TEST(responses.size() + no_responses.size() == targets);
  std::size_t wrong = 0;
  for (const Result& result : responses)
    wrong += result.attempt == answered_attempt(index_of(result.address)) && result.rtt == way ? 0U : 1U;
  for (const Result& result : no_responses)
    wrong += answered_attempt(index_of(result.address)) == 0 && result.attempt == attempts &&
                     result.outcome == Outcome::no_reply
                 ? 0U
                 : 1U;
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(!no_responses.empty());
}

BOOST_AUTO_TEST_SUITE_END()
