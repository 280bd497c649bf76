// Checks the line of every result, in the words of both versions of mtr.
#include "apps/mtr_packet/replies.hpp"

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "multiping/error.hpp"
#include "multiping/version.hpp"

BOOST_AUTO_TEST_SUITE(mtr_packet_replies_test)

using namespace multiping;
using namespace multiping::mtr_packet;
using namespace std::chrono_literals;

namespace {

std::string line(const Result& result, Dialect dialect = Dialect::mtr_0_95) {
  std::string out;
  append_result(out, 7, result, dialect);
  return out;
}

Result answered(Outcome outcome, const char* target, const char* responder, IcmpError icmp = {}) {
  Result result{.address = *Address::parse(target), .outcome = outcome, .rtt = 1'634'567ns};
  result.responder = *Address::parse(responder);
  if (icmp.type != 0) result.icmp = std::make_shared<const IcmpError>(std::move(icmp));
  return result;
}

Result failed(std::error_code error) {
  Result result{.address = *Address::parse("192.0.2.1"), .outcome = Outcome::send_failed};
  result.error = error;
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(answers_have_address_time_and_labels) {
  BOOST_TEST(line(answered(Outcome::reply, "192.0.2.1", "192.0.2.1")) ==
             "7 reply ip-4 192.0.2.1 round-trip-time 1634\n");
  BOOST_TEST(line(answered(Outcome::refused, "2001:db8::1", "2001:db8::1")) ==
             "7 reply ip-6 2001:db8::1 round-trip-time 1634\n");
  BOOST_TEST(line(answered(Outcome::ttl_expired, "192.0.2.1", "198.51.100.1",
                           {.type = 11, .mpls = {{16'004, 3, false, 1}, {1'048'575, 7, true, 254}}})) ==
             "7 ttl-expired ip-4 198.51.100.1 round-trip-time 1634 mpls 16004,3,0,1,1048575,7,1,254\n");
}

BOOST_AUTO_TEST_CASE(unreachable_is_no_route_unless_the_target_declines) {
  const Result by_router = answered(Outcome::unreachable, "192.0.2.1", "198.51.100.1", {.type = 3, .code = 13});
  BOOST_TEST(line(by_router) == "7 no-route ip-4 198.51.100.1 round-trip-time 1634\n");
  BOOST_TEST(line(by_router, Dialect::mtr_0_96) == "7 no-route-host ip-4 198.51.100.1 round-trip-time 1634\n");
  const auto port = [](const char* by) {
    return answered(Outcome::unreachable, "192.0.2.1", by, {.type = 3, .code = 3});
  };
  BOOST_TEST(line(port("192.0.2.1")) == "7 reply ip-4 192.0.2.1 round-trip-time 1634\n");
  BOOST_TEST(line(port("198.51.100.1")) == "7 no-route ip-4 198.51.100.1 round-trip-time 1634\n");
  BOOST_TEST(line(answered(Outcome::unreachable, "fd00::1", "fd00::1", {.type = 1, .code = 4})) ==
             "7 reply ip-6 fd00::1 round-trip-time 1634\n");
  BOOST_TEST(line(answered(Outcome::unreachable, "fd00::1", "fd00::1", {.type = 3, .code = 3})) ==
             "7 no-route ip-6 fd00::1 round-trip-time 1634\n");
}

/// An answer from another address names a responder, and is none.
BOOST_AUTO_TEST_CASE(silence_is_no_reply) {
  BOOST_TEST(line(answered(Outcome::no_reply, "192.0.2.1", "198.51.100.1")) == "7 no-reply\n");
  BOOST_TEST(line({.outcome = Outcome::pending}) == "7 no-reply\n");
}

BOOST_AUTO_TEST_CASE(errors_of_this_host_have_their_words) {
  struct Words {
    std::error_code error;
    const char *old_word, *new_word;
  };
  const auto of = [](int number) { return std::error_code{number, std::system_category()}; };
  const Words all[] = {{of(ENETDOWN), "network-down", "network-down"},
                       {of(ENETUNREACH), "no-route", "no-route-network"},
                       {of(EHOSTUNREACH), "no-route", "no-route-host"},
                       {of(EHOSTDOWN), "unexpected-error errno 112", "host-down"},
                       {of(EPERM), "permission-denied", "permission-denied"},
                       {of(EACCES), "permission-denied", "permission-denied"},
                       {Errc::broker_denied, "permission-denied", "permission-denied"},
                       {of(EADDRINUSE), "address-in-use", "address-in-use"},
                       {of(EADDRNOTAVAIL), "address-not-available", "address-not-available"},
                       {of(EINVAL), "invalid-argument", "invalid-argument"},
                       {Errc::destination_denied, "invalid-argument", "invalid-argument"},
                       {Errc::zone_missing, "invalid-argument", "invalid-argument"},
                       {of(ENODEV), "unexpected-error errno 19", "unexpected-error errno 19"}};
  for (const auto& [error, old_word, new_word] : all) {
    BOOST_TEST(line(failed(error)) == std::string{"7 "} + old_word + "\n");
    BOOST_TEST(line(failed(error), Dialect::mtr_0_96) == std::string{"7 "} + new_word + "\n");
  }
}

BOOST_AUTO_TEST_CASE(every_feature_is_told) {
  const Support all{
      .can = {.ipv4 = true, .ipv6 = true, .udp = true, .tcp = true, .icmp = true}, .sctp = true, .mark = true};
  const Support none{};
  for (const char* feature : {"ip-4", "ip-6", "icmp", "udp", "tcp", "sctp", "mark"}) {
    BOOST_TEST(support_of(feature, all) == "ok", feature);
    BOOST_TEST(support_of(feature, none) == "no", feature);
  }
  BOOST_TEST(support_of("send-probe", none) == "ok");
  BOOST_TEST(support_of("version", none) == version());
  BOOST_TEST(support_of("colour", all) == "no");
}

BOOST_AUTO_TEST_CASE(a_plain_reply_is_a_line) {
  std::string out = "1 a\n";
  append_reply(out, -3, "unknown-command");
  BOOST_TEST(out == "1 a\n-3 unknown-command\n");
}

BOOST_AUTO_TEST_SUITE_END()
