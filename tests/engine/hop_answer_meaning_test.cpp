// Checks what each outcome of a probe says about the route: only the target's own answer reaches it.
// Answers are data here; no probe is sent.
#include "engine/hop_answer_meaning.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <memory>

#include "multiping/address.hpp"
#include "multiping/result.hpp"

namespace multiping::test {
namespace {

BOOST_AUTO_TEST_SUITE(hop_answer_meaning_test)

using engine::HopAnswer;
using engine::HopAnswerMeaning;

const Address& target(Family family) {
  static const Address v4 = *Address::parse("192.0.2.1"), v6 = *Address::parse("2001:db8::1");
  return family == Family::ipv6 ? v6 : v4;
}
const Address& router(Family family) {
  static const Address v4 = *Address::parse("198.51.100.1"), v6 = *Address::parse("2001:db8:1::1");
  return family == Family::ipv6 ? v6 : v4;
}

/// What an ICMP error of this type and code says.
HopAnswerMeaning error(Family family, const Address& from, std::uint8_t type, std::uint8_t code, bool own = false) {
  HopAnswer answer{.own = own};
  answer.record.outcome = Outcome::unreachable;
  answer.detail.responder = from;
  answer.detail.icmp = std::make_shared<const IcmpError>(IcmpError{.type = type, .code = code});
  return engine::sign_of(answer, target(family));
}

HopAnswerMeaning plain(Outcome outcome, const Address& from) {
  HopAnswer answer;
  answer.record.outcome = outcome;
  answer.detail.responder = from;
  return engine::sign_of(answer, target(Family::ipv4));
}

BOOST_AUTO_TEST_CASE(replies_and_refusals_are_the_targets_own) {
  for (const Outcome outcome : {Outcome::reply, Outcome::refused})
    BOOST_CHECK(plain(outcome, target(Family::ipv4)) == HopAnswerMeaning::target);
}

BOOST_AUTO_TEST_CASE(port_unreachable_reaches_the_target_only_from_its_own_address) {
  BOOST_CHECK(error(Family::ipv4, target(Family::ipv4), 3, 3) == HopAnswerMeaning::target);
  BOOST_CHECK(error(Family::ipv6, target(Family::ipv6), 1, 4) == HopAnswerMeaning::target);
  BOOST_CHECK(error(Family::ipv4, router(Family::ipv4), 3, 3) == HopAnswerMeaning::refusal);
  BOOST_CHECK(error(Family::ipv6, router(Family::ipv6), 1, 4) == HopAnswerMeaning::refusal);
}

BOOST_AUTO_TEST_CASE(other_errors_from_the_targets_address_do_not_reach_it) {
  for (const int code : {0, 1, 4, 9, 10, 13})
    BOOST_CHECK(error(Family::ipv4, target(Family::ipv4), 3, static_cast<std::uint8_t>(code)) ==
                HopAnswerMeaning::refusal);
  for (const int code : {0, 1, 3, 5, 6})
    BOOST_CHECK(error(Family::ipv6, target(Family::ipv6), 1, static_cast<std::uint8_t>(code)) ==
                HopAnswerMeaning::refusal);
}

BOOST_AUTO_TEST_CASE(time_exceeded_is_a_hop_whoever_says_it) {
  for (const Address& from : {target(Family::ipv4), router(Family::ipv4)})
    BOOST_CHECK(plain(Outcome::ttl_expired, from) == HopAnswerMeaning::expired);
  BOOST_CHECK(error(Family::ipv4, target(Family::ipv4), 11, 1) == HopAnswerMeaning::silence);  // a lost fragment
  BOOST_CHECK(error(Family::ipv6, target(Family::ipv6), 3, 1) == HopAnswerMeaning::silence);
}

BOOST_AUTO_TEST_CASE(what_this_host_says_itself_is_no_hop) {
  BOOST_CHECK(error(Family::ipv4, router(Family::ipv4), 3, 1, true) == HopAnswerMeaning::not_left);
  BOOST_CHECK(plain(Outcome::send_failed, {}) == HopAnswerMeaning::not_left);
  BOOST_CHECK(plain(Outcome::unresolved, {}) == HopAnswerMeaning::not_left);
  BOOST_CHECK(plain(Outcome::no_reply, {}) == HopAnswerMeaning::silence);
  BOOST_CHECK(plain(Outcome::pending, {}) == HopAnswerMeaning::no_time);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
