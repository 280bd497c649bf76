// Tests which discover_mtu() a call means, and the options that it refuses before it opens a socket.
// Tests of whole searches are in sim/ and netns/.
#include "multiping/path_mtu.hpp"

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

BOOST_AUTO_TEST_SUITE(path_mtu_test)

/// The message with which discover_mtu() refuses options after this change.
template <class Given>
std::string complaint(const std::function<void(Given&)>& change) {
  Given options;
  change(options);
  try {
    static_cast<void>(discover_mtu({"127.0.0.1"}, options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}
std::string of_mtu(const std::function<void(MtuOptions&)>& change) { return complaint<MtuOptions>(change); }
std::string of_trace(const std::function<void(TraceOptions&)>& change) { return complaint<TraceOptions>(change); }

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_named_with_value_and_range) {
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.tries = 0; }) == "MtuOptions::tries is 0; it must be 1 to 255");
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.tries = 256; }) == "MtuOptions::tries is 256; it must be 1 to 255");
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.timeout = 0s; }) == "MtuOptions::timeout is 0; it must be more than 0");
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.timeout = -1s; }) == "MtuOptions::timeout is -1000 ms; it must be 0 or more");
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.budget = -1s; }) == "MtuOptions::budget is -1000 ms; it must be 0 or more");
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.ping.probe.ttl = 4; }) ==
             "ProbeOptions::ttl is 4; it must be unset: a trace chooses it");
  BOOST_TEST(of_mtu([](MtuOptions& o) { o.ping.threads = 2; }) ==
             "Options::threads is 2; it must be 0 or 1: a trace takes no threads");
}

BOOST_AUTO_TEST_CASE(options_of_a_trace_that_mean_nothing_here_are_refused) {
  const std::string end = ", the default: discover_mtu() does not use it";
  BOOST_TEST(of_trace([](TraceOptions& o) { o.first_ttl = 2; }) == "TraceOptions::first_ttl is 2; it must be 1" + end);
  BOOST_TEST(of_trace([](TraceOptions& o) { o.max_ttl = 64; }) == "TraceOptions::max_ttl is 64; it must be 30" + end);
  BOOST_TEST(of_trace([](TraceOptions& o) { o.flows = 2; }) == "TraceOptions::flows is 2; it must be 1" + end);
  BOOST_TEST(of_trace([](TraceOptions& o) { o.max_silent_hops = 0; }) ==
             "TraceOptions::max_silent_hops is 0; it must be 8" + end);
  BOOST_TEST(of_trace([](TraceOptions& o) { o.resolve_names = true; }) ==
             "TraceOptions::resolve_names is true; it must be false: discover_mtu() names no routers");
  BOOST_TEST(of_trace([](TraceOptions& o) { o.probes_per_hop = 0; }) ==
             "TraceOptions::probes_per_hop is 0; it must be 1 to 255");
}

/// Each call names an option out of range in the struct that it means.
BOOST_AUTO_TEST_CASE(braces_mean_the_options_of_a_trace_where_they_fit) {
  const auto means = [](const std::string& of, const std::function<void()>& call) {
    BOOST_TEST(refusal(call).find(of + "::") == 0U, refusal(call));
  };
  means("TraceOptions", [] { static_cast<void>(discover_mtu({"127.0.0.1"}, {.timeout = -1s})); });
  means("TraceOptions",
        [] { static_cast<void>(discover_mtu({"127.0.0.1"}, {.timeout = -1s, .ping = {.threads = 1}})); });
  means("TraceOptions", [] { static_cast<void>(discover_mtu({"127.0.0.1"}, {.probes_per_hop = 0})); });
  means("TraceOptions", [] { static_cast<void>(discover_mtu({"127.0.0.1"}, TraceOptions{.budget = -1s})); });
  means("MtuOptions", [] { static_cast<void>(discover_mtu({"127.0.0.1"}, {.tries = 0})); });
  means("MtuOptions", [] { static_cast<void>(discover_mtu({"127.0.0.1"}, {.timeout = -1s, .tries = 2})); });
  means("MtuOptions", [] { static_cast<void>(discover_mtu({"127.0.0.1"}, MtuOptions{.timeout = -1s})); });
  struct Own : TraceOptions {};  // a program's own, made from the options of a trace
  Own own;
  own.budget = -1s;
  means("TraceOptions", [&] { static_cast<void>(discover_mtu({"127.0.0.1"}, own)); });
  BOOST_TEST(discover_mtu({}).empty());
  BOOST_TEST(discover_mtu({}, {}).empty());
  BOOST_TEST(discover_mtu({}, MtuOptions{}).empty());
}

BOOST_AUTO_TEST_CASE(protocols_without_sizes_are_not_supported) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::sctp}) {
    const auto is_told = [](const std::system_error& error) { return error.code() == Errc::not_supported; };
    const MtuOptions options{.ping = {.probe = {.protocol = protocol}}};
    BOOST_CHECK_EXCEPTION(static_cast<void>(discover_mtu({"127.0.0.1"}, options)), std::system_error, is_told);
    BOOST_CHECK_EXCEPTION(static_cast<void>(discover_mtu({{"127.0.0.1", {.protocol = protocol}}}, MtuOptions{})),
                          std::system_error, is_told);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
