// Causes: their names, which of them are on this host, how they are summed up and how a result says them.
#include "multiping/cause.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "multiping/result.hpp"

BOOST_AUTO_TEST_SUITE(cause_test)

using namespace multiping;

namespace {

Result silent(Cause cause, const char* address = "") {
  Result result{.host = "192.0.2.7", .address = *Address::parse("192.0.2.7"), .outcome = Outcome::no_reply};
  result.attempt = 2;
  result.cause = cause;
  if (*address != '\0') result.cause_address = *Address::parse(address);
  return result;
}

std::string line(const Result& result) { return (std::ostringstream{} << result).str(); }

}  // namespace

BOOST_AUTO_TEST_CASE(every_cause_has_a_name) {
  const std::pair<Cause, const char*> names[] = {{Cause::none, "none"},
                                                 {Cause::unknown, "unknown"},
                                                 {Cause::no_route, "no-route"},
                                                 {Cause::link_down, "link-down"},
                                                 {Cause::no_source_address, "no-source-address"},
                                                 {Cause::gateway_silent, "gateway-silent"},
                                                 {Cause::neighbour_silent, "neighbour-silent"},
                                                 {Cause::firewall, "firewall"},
                                                 {Cause::local_limit, "local-limit"},
                                                 {Cause::remote, "remote"}};
  for (const auto& [cause, name] : names) {
    BOOST_TEST(to_string(cause) == name);
    BOOST_TEST((std::ostringstream{} << cause).str() == name);
  }
}

BOOST_AUTO_TEST_CASE(what_is_on_this_host_is_local_and_a_silent_neighbour_is_not) {
  for (const Cause cause : {Cause::no_route, Cause::link_down, Cause::no_source_address, Cause::gateway_silent,
                            Cause::firewall, Cause::local_limit})
    BOOST_TEST(is_local(cause), cause);
  for (const Cause cause : {Cause::none, Cause::unknown, Cause::neighbour_silent, Cause::remote})
    BOOST_TEST(!is_local(cause), cause);
}

BOOST_AUTO_TEST_CASE(causes_are_summed_up) {
  Result answered = silent(Cause::remote);
  answered.outcome = Outcome::reply;
  const std::vector<Result> results{silent(Cause::gateway_silent), silent(Cause::gateway_silent), silent(Cause::remote),
                                    answered};
  const auto counted = causes(results);
  BOOST_TEST(counted.size() == 3U);
  BOOST_TEST(counted.at(Cause::gateway_silent) == 2U);
  BOOST_TEST(counted.at(Cause::remote) == 1U);
  BOOST_TEST(counted.at(Cause::none) == 1U);
  BOOST_TEST(causes({}).empty());
}

BOOST_AUTO_TEST_CASE(a_result_says_what_is_wrong_on_this_host) {
  BOOST_TEST(line(silent(Cause::gateway_silent, "198.51.100.1")) ==
             "192.0.2.7: no-reply: this host's gateway 198.51.100.1 does not answer");
  BOOST_TEST(line(silent(Cause::link_down)) == "192.0.2.7: no-reply: this host's link is down");
  BOOST_TEST(line(silent(Cause::remote)) == "192.0.2.7: no-reply after 2 attempts");
  BOOST_TEST(line(silent(Cause::unknown)) == "192.0.2.7: no-reply after 2 attempts");
  BOOST_TEST(line(silent(Cause::unknown, "198.51.100.1")) ==
             "192.0.2.7: no-reply: nothing shows that this host's gateway 198.51.100.1 is alive");
  Result unreachable = silent(Cause::gateway_silent, "198.51.100.1");
  unreachable.outcome = Outcome::unreachable;
  unreachable.responder = *Address::parse("198.51.100.2");
  unreachable.icmp = std::make_shared<IcmpError>(IcmpError{.type = 3, .code = 1});
  BOOST_TEST(line(unreachable) ==
             "192.0.2.7: unreachable: host unreachable, says 198.51.100.2; this host's gateway 198.51.100.1 does not "
             "answer");
}

BOOST_AUTO_TEST_SUITE_END()
