// Tests the rules of causes as a table: what the kernel says, how the probes ended, and the cause.
// Each row that accuses somebody has a neighbour that must not.
#include "engine/cause_rules.hpp"

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using engine::FoundCause;
using engine::Silence;
using engine::WayFacts;
using net::Link;
using net::Neighbour;
using net::WayOut;
using State = net::Neighbour::State;

BOOST_AUTO_TEST_SUITE(cause_rules_test)

const Address target = *Address::parse("192.0.2.7"), gateway = *Address::parse("198.51.100.1"),
              own = *Address::parse("198.51.100.2");
const ProbeOptions usual;
std::error_code error_of(int number) { return {number, std::system_category()}; }

const WayOut through{.gateway = gateway, .source = own, .device = 2};
const WayOut on_link{.source = own, .device = 2};
const Link sound{.up = true, .carrier = true};

Neighbour neighbour(State state, Duration unconfirmed = 60s, Duration unchanged = 1s) {
  return {.device = 2, .state = state, .unconfirmed = unconfirmed, .unchanged = unchanged};
}

struct Row {
  std::string what;
  WayFacts facts;
  Cause cause;
  Address address{};
};

void check(const std::vector<Row>& rows, const Silence& silence) {
  for (const Row& row : rows)
    BOOST_TEST((engine::cause_by_way(silence, row.facts) == FoundCause{row.cause, row.address}), row.what);
}

BOOST_AUTO_TEST_CASE(silence_is_explained_by_the_way_out) {
  check({{"nothing is known", {}, Cause::unknown},
         {"no route", {.way = WayOut{.error = error_of(ENETUNREACH)}}, Cause::no_route},
         {"no carrier", {.way = through, .link = Link{.up = true}}, Cause::link_down},
         {"down", {.way = on_link, .link = Link{}}, Cause::link_down},
         {"no route through a device that is down",
          {.way = WayOut{.error = error_of(ENODEV)}, .link = Link{}},
          Cause::link_down},
         {"no source", {.way = WayOut{.gateway = gateway, .device = 2}, .link = sound}, Cause::no_source_address},
         {"an own address", {.way = WayOut{.kind = WayOut::Kind::own, .source = own}}, Cause::unknown},
         {"a broadcast", {.way = WayOut{.kind = WayOut::Kind::other, .source = own}}, Cause::unknown},
         {"no entry of the gateway", {.way = through, .link = sound}, Cause::unknown, gateway},
         {"no entry of the target", {.way = on_link, .link = sound}, Cause::unknown},
         {"several next hops",
          {.way = WayOut{.gateway = gateway, .source = own, .device = 2, .several = true},
           .link = sound,
           .next_hop = neighbour(State::failed)},
          Cause::unknown}},
        {.to = target, .probe = usual, .asked = 2s});
}

BOOST_AUTO_TEST_CASE(a_gateway_is_accused_or_cleared_by_evidence_alone) {
  const auto at = [](const Neighbour& next_hop) {
    return WayFacts{.way = through, .link = sound, .next_hop = next_hop};
  };
  const auto and_heard = [&](const Neighbour& next_hop) {
    WayFacts facts = at(next_hop);
    facts.gateway_heard = true;
    return facts;
  };
  check({{"asked in vain", at(neighbour(State::incomplete)), Cause::gateway_silent, gateway},
         {"given up", at(neighbour(State::failed)), Cause::gateway_silent, gateway},
         {"asked just now", at(neighbour(State::incomplete, 60s, 90ms)), Cause::unknown, gateway},
         {"asked in vain, but heard", and_heard(neighbour(State::incomplete)), Cause::unknown, gateway},
         {"answered meanwhile", at(neighbour(State::reachable, 1s)), Cause::remote},
         {"answered in the tick of the first probe", at(neighbour(State::reachable, 2s)), Cause::unknown, gateway},
         {"reachable, as the kernel sees it", at(neighbour(State::reachable, 30s)), Cause::unknown, gateway},
         {"the same, and heard", and_heard(neighbour(State::reachable, 30s)), Cause::remote},
         {"delayed, answered before", at(neighbour(State::delay, 3s)), Cause::unknown, gateway},
         {"stale, answered meanwhile", at(neighbour(State::stale, 1s)), Cause::remote},
         {"stale", at(neighbour(State::stale, 60s)), Cause::unknown, gateway},
         {"asked again, answered meanwhile", at(neighbour(State::probe, 1s)), Cause::remote},
         {"asked again, not yet answered", at(neighbour(State::probe, 30s)), Cause::unknown, gateway},
         {"a static entry", at(neighbour(State::fixed, 0s)), Cause::unknown, gateway},
         {"stale, but heard", and_heard(neighbour(State::stale)), Cause::remote},
         {"a static entry, but heard", and_heard(neighbour(State::fixed)), Cause::remote}},
        {.to = target, .probe = usual, .asked = 2s});
}

BOOST_AUTO_TEST_CASE(a_target_on_the_link_is_silent_itself) {
  const auto at = [](const Neighbour& entry) { return WayFacts{.way = on_link, .link = sound, .next_hop = entry}; };
  check({{"asked in vain", at(neighbour(State::incomplete)), Cause::neighbour_silent, target},
         {"given up", at(neighbour(State::failed)), Cause::neighbour_silent, target},
         {"asked just now", at(neighbour(State::incomplete, 60s, 90ms)), Cause::unknown},
         {"answered meanwhile", at(neighbour(State::reachable, 1s)), Cause::remote},
         {"reachable, as the kernel sees it", at(neighbour(State::reachable, 30s)), Cause::remote},
         {"delayed, answered shortly before", at(neighbour(State::delay, 7s)), Cause::remote},
         {"delayed, answered before that", at(neighbour(State::delay, 7010ms)), Cause::unknown},
         {"asked again, answered long before", at(neighbour(State::probe, 30s)), Cause::unknown},
         {"stale", at(neighbour(State::stale, 60s)), Cause::unknown}},
        {.to = target, .probe = usual, .asked = 2s});
}

BOOST_AUTO_TEST_CASE(an_answer_long_after_the_first_probe_says_nothing_about_it) {
  const auto after = [](Duration time) {
    return WayFacts{.way = through, .link = sound, .next_hop = neighbour(State::reachable, 10s - time)};
  };
  check({{"for which packets waited", after(3s), Cause::remote},
         {"too late for them", after(5s), Cause::unknown, gateway}},
        {.to = target, .probe = usual, .asked = 10s});
}

BOOST_AUTO_TEST_CASE(the_kernel_told_that_the_next_hop_is_silent) {
  const WayFacts none{.way = through, .link = sound};
  WayFacts back = none;
  back.next_hop = neighbour(State::reachable, 10ms);
  const IcmpError unreachable{.type = 3, .code = 1};
  const Silence told{
      .to = target, .probe = usual, .outcome = Outcome::unreachable, .icmp = &unreachable, .heard = true, .own = true};
  BOOST_TEST(!engine::cause_by_end(told).has_value());
  check({{"its entry is gone", none, Cause::gateway_silent, gateway}, {"it came back", back, Cause::unknown, gateway}},
        told);
  const Silence failed{
      .to = target, .probe = usual, .outcome = Outcome::send_failed, .error = error_of(EHOSTUNREACH), .asked = 0s};
  check({{"its entry is gone", none, Cause::gateway_silent, gateway},
         {"an unreachable route", {.way = WayOut{.error = error_of(EHOSTUNREACH)}}, Cause::no_route},
         {"no permission to ask", {}, Cause::unknown}},
        failed);
}

Silence failure(int number, const ProbeOptions& probe = usual) {
  return {.to = target, .probe = probe, .outcome = Outcome::send_failed, .error = error_of(number)};
}

BOOST_AUTO_TEST_CASE(errors_of_this_host_tell_the_cause) {
  for (const int limit : {ENOBUFS, ENOMEM, EMFILE, ENFILE, EADDRINUSE, EAGAIN})
    BOOST_TEST((engine::cause_by_end(failure(limit)) == Cause::local_limit), limit);
  for (const int down : {ENETDOWN, ENODEV, ENXIO})
    BOOST_TEST((engine::cause_by_end(failure(down)) == Cause::link_down), down);
  BOOST_TEST((engine::cause_by_end(failure(EPERM)) == Cause::firewall));
  BOOST_TEST((engine::cause_by_end(failure(EMSGSIZE)) == Cause::unknown));
  for (const int open : {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, EADDRNOTAVAIL})
    BOOST_TEST(!engine::cause_by_end(failure(open)).has_value(), open);
}

BOOST_AUTO_TEST_CASE(some_errors_need_the_route) {
  const WayFacts routed{.way = through, .link = sound};
  const WayFacts forbidden{.way = WayOut{.error = error_of(EACCES)}}, sourceless{.way = WayOut{.device = 2}};
  ProbeOptions from = usual;
  from.source_v4 = own;
  const auto cause = [](const Silence& silence, const WayFacts& facts) {
    return engine::cause_by_way(silence, facts).cause;
  };
  BOOST_TEST(cause(failure(ENETUNREACH), {}) == Cause::no_route);
  BOOST_TEST(cause(failure(ENETUNREACH), {.link = Link{}}) == Cause::link_down);
  BOOST_TEST(cause(failure(EACCES), forbidden) == Cause::no_route);
  BOOST_TEST(cause(failure(EACCES), routed) == Cause::firewall);
  BOOST_TEST(cause(failure(EINVAL), forbidden) == Cause::no_route);
  BOOST_TEST(cause(failure(EINVAL), routed) == Cause::unknown);
  BOOST_TEST(cause(failure(EADDRNOTAVAIL), routed) == Cause::local_limit);
  BOOST_TEST(cause(failure(EADDRNOTAVAIL), sourceless) == Cause::no_source_address);
  BOOST_TEST(cause(failure(EADDRNOTAVAIL, from), {}) == Cause::no_source_address);
  BOOST_TEST(cause(failure(EADDRNOTAVAIL), {}) == Cause::unknown);
}

BOOST_AUTO_TEST_CASE(who_answered_an_error_tells_the_cause) {
  struct Error {
    const char* to;
    IcmpError icmp;
    bool own;
    std::optional<Cause> cause;
  };
  const Error errors[] = {{"192.0.2.7", {.type = 3, .code = 1}, false, Cause::remote},
                          {"192.0.2.7", {.type = 3, .code = 1}, true, std::nullopt},
                          {"192.0.2.7", {.type = 3, .code = 0}, true, Cause::no_route},
                          {"192.0.2.7", {.type = 3, .code = 13}, true, Cause::firewall},
                          {"192.0.2.7", {.type = 3, .code = 3}, true, Cause::firewall},
                          {"192.0.2.7", {.type = 3, .code = 4}, true, Cause::unknown},
                          {"192.0.2.7", {.type = 11, .code = 0}, false, Cause::remote},
                          {"fd00::7", {.type = 1, .code = 3}, true, std::nullopt},
                          {"fd00::7", {.type = 1, .code = 0}, true, Cause::no_route},
                          {"fd00::7", {.type = 1, .code = 1}, true, Cause::firewall},
                          {"fd00::7", {.type = 2, .code = 0}, true, Cause::unknown},
                          {"fd00::7", {.type = 1, .code = 3}, false, Cause::remote}};
  for (const Error& each : errors) {
    const Address to = *Address::parse(each.to);
    const Silence silence{
        .to = to, .probe = usual, .outcome = Outcome::unreachable, .icmp = &each.icmp, .heard = true, .own = each.own};
    BOOST_TEST((engine::cause_by_end(silence) == each.cause),
               each.to << " type " << int{each.icmp.type} << " code " << int{each.icmp.code});
  }
  for (const Outcome outcome : {Outcome::pending, Outcome::reply, Outcome::refused, Outcome::unresolved})
    BOOST_TEST((engine::cause_by_end({.to = target, .probe = usual, .outcome = outcome}) == Cause::none));
  BOOST_TEST((engine::cause_by_end({.to = target, .probe = usual, .heard = true}) == Cause::remote));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
