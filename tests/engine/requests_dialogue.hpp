// A fixture for the tests of engine/single_probe_schedule.hpp: sends probes and delivers events without a transport.
// Each test chooses the time.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "engine/single_probe_schedule.hpp"

namespace multiping::test {
inline namespace single_requests {

using namespace std::chrono_literals;
using engine::Goal;
using engine::Rules;
using engine::SingleProbeSchedule;
using net::Event;
using net::Probe;
using net::Serial;
using Kind = net::Event::Kind;
using Token = SingleProbeSchedule::Token;

inline constexpr Instant start{100s};

struct RequestsDialogue {
  Token submit(std::uint8_t host, Duration timeout = 1s, std::uint32_t retry = 0) {
    return requests.submit({.destination = destination(host), .waits = {.first = timeout}, .retry = retry});
  }
  Token connect(std::uint8_t host, Duration timeout = 1s, std::uint32_t retry = 0) {
    return requests.submit(
        {.destination = destination(host), .connects = true, .waits = {.first = timeout}, .retry = retry});
  }
  static engine::TargetKey destination(std::uint8_t host) { return {.address = Address::v4({192, 0, 2, host})}; }
  std::vector<Probe> propose(Instant now, std::size_t most = 100) {
    std::vector<Probe> batch;
    requests.propose(now, most, batch);
    return batch;
  }
  std::vector<Probe> send(Instant now) {
    auto batch = propose(now);
    requests.sent(batch, std::vector<Instant>(batch.size(), now));
    check();
    return batch;
  }
  /// The address of the probe's target. Probe::to itself is valid only until the next target is added.
  [[nodiscard]] const Address& target_of(const Probe& probe) const { return *requests.book().probe(probe.serial).to; }
  void hear(Kind kind, const Probe& probe, Instant at, bool final = false) {
    Event event{.serial = probe.serial, .kind = kind, .final = final, .responder = target_of(probe)};
    event.arrival = {.read = at, .stamp = at};
    if (kind == Kind::unreachable || kind == Kind::ttl_expired)
      event.icmp = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 1});
    if (kind == Kind::failed) event.error = std::make_error_code(std::errc::host_unreachable);
    requests.received({&event, 1});
    check();
  }
  void reply(const Probe& probe, Instant at) { hear(Kind::reply, probe, at); }
  std::vector<Serial> expire(Instant now) {
    std::vector<Serial> forgotten;
    requests.expire(now, forgotten);
    check();
    return forgotten;
  }
  /// Checks that the parts of the schedule agree: often while few probes are remembered, and then seldom, since it
  /// takes time for each of them.
  void check() {
    const auto window = requests.book().window();
    if (++steps % (1 + (window.end - window.first) / 16) == 0) BOOST_REQUIRE_NO_THROW(requests.check_invariants());
  }
  /// The only request that is done.
  SingleProbeSchedule::Done done() {
    auto all = requests.take_done();
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    return all[0];
  }

  SingleProbeSchedule requests{Rules{}};
  std::size_t steps = 0;
};

}  // namespace single_requests
}  // namespace multiping::test
