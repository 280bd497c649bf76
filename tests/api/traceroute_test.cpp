// Tests the options that traceroute() refuses before it opens a socket or sends a probe.
// Tests of whole traces are in sim/ and netns/.
#include "multiping/traceroute.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/error.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(traceroute_test)

/// The message with which traceroute() refuses options after this change.
std::string complaint(const std::function<void(TraceOptions&)>& change) {
  TraceOptions options;
  change(options);
  try {
    static_cast<void>(traceroute({"127.0.0.1"}, options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

std::error_code lack(const TargetList& targets, const TraceOptions& options = {}) {
  try {
    static_cast<void>(traceroute(targets, options));
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_named_with_value_and_range) {
  BOOST_TEST(complaint([](TraceOptions& o) { o.first_ttl = 9, o.max_ttl = 5; }) ==
             "TraceOptions::first_ttl is 9; it must be 1 to max_ttl (5)");
  BOOST_TEST(complaint([](TraceOptions& o) { o.first_ttl = 0; }) ==
             "TraceOptions::first_ttl is 0; it must be 1 to max_ttl (30)");
  BOOST_TEST(complaint([](TraceOptions& o) { o.max_ttl = 256; }) ==
             "TraceOptions::max_ttl is 256; it must be 1 to 255");
  BOOST_TEST(complaint([](TraceOptions& o) { o.max_ttl = 0; }) == "TraceOptions::max_ttl is 0; it must be 1 to 255");
  BOOST_TEST(complaint([](TraceOptions& o) { o.probes_per_hop = 0; }) ==
             "TraceOptions::probes_per_hop is 0; it must be 1 to 255");
  BOOST_TEST(complaint([](TraceOptions& o) { o.probes_per_hop = 256; }) ==
             "TraceOptions::probes_per_hop is 256; it must be 1 to 255");
  BOOST_TEST(complaint([](TraceOptions& o) { o.flows = 0; }) == "TraceOptions::flows is 0; it must be 1 to 64");
  BOOST_TEST(complaint([](TraceOptions& o) { o.flows = 65; }) == "TraceOptions::flows is 65; it must be 1 to 64");
  BOOST_TEST(complaint([](TraceOptions& o) { o.max_silent_hops = -1; }) ==
             "TraceOptions::max_silent_hops is -1; it must be 0 or more");
  BOOST_TEST(complaint([](TraceOptions& o) { o.timeout = 0s; }) ==
             "TraceOptions::timeout is 0; it must be more than 0");
  BOOST_TEST(complaint([](TraceOptions& o) { o.timeout = -1s; }) ==
             "TraceOptions::timeout is -1000 ms; it must be 0 or more");
  BOOST_TEST(complaint([](TraceOptions& o) { o.budget = -1s; }) ==
             "TraceOptions::budget is -1000 ms; it must be 0 or more");
}

BOOST_AUTO_TEST_CASE(what_a_trace_chooses_itself_is_not_to_be_asked_for) {
  BOOST_TEST(complaint([](TraceOptions& o) { o.ping.probe.ttl = 4; }) ==
             "ProbeOptions::ttl is 4; it must be unset: a trace chooses it");
  BOOST_TEST(complaint([](TraceOptions& o) { o.ping.probe.flow = 1; }) ==
             "ProbeOptions::flow is 1; it must be unset: a trace chooses it");
  BOOST_TEST(complaint([](TraceOptions& o) { o.ping.threads = 2; }) ==
             "Options::threads is 2; it must be 0 or 1: a trace takes no threads");
  BOOST_CHECK_THROW(static_cast<void>(traceroute({{"127.0.0.1", {.ttl = 3}}})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(options_of_the_probes_are_checked_too) {
  BOOST_TEST(complaint([](TraceOptions& o) { o.ping.probe.port = 80; }) ==
             "ProbeOptions::port is 80; it must be 0: ICMP has no ports");
  BOOST_TEST(complaint([](TraceOptions& o) { o.ping.max_rate = -2; }) ==
             "Options::max_rate is -2; it must be 0 or more, and finite");
  BOOST_CHECK_THROW(static_cast<void>(traceroute({{"127.0.0.1", {.tos = 256}}})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_protocol_without_traces_is_not_supported) {
  BOOST_CHECK(lack({{"127.0.0.1", {.protocol = Protocol::sctp}}}) == Errc::not_supported);
  BOOST_CHECK(lack({"127.0.0.1"}, {.ping = {.probe = {.protocol = Protocol::sctp}}}) == Errc::not_supported);
}

BOOST_AUTO_TEST_CASE(an_empty_list_is_an_empty_result) {
  BOOST_TEST(traceroute({}).empty());
  BOOST_TEST(complaint([](TraceOptions& o) { o.flows = 0; }) != "nothing");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
