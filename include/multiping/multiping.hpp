/// @mainpage multiping
///
/// Ping many hosts at once with plain blocking calls, and learn the truth about each of them.
///
/// 1. In one call. Two seconds in all, three retries, so probes leave at 0, 0.5, 1.0 and 1.5 s, and only to the silent:
///
///         #include <multiping/multiping.hpp>
///         using namespace std::chrono_literals;
///
///         auto [responses, no_responses] = multiping::multi_ping({"192.0.2.1", "localhost", "::1"}, 2s, 3);
///         for (const auto& r : responses) std::cout << r.host << " responded in " << r.rtt.count() / 1e6 << " ms\n";
///         for (const auto& r : no_responses) std::cout << r << '\n';   // each with its reason
///
/// 2. Step by step, when the program has something to do in between:
///
///         multiping::MultiPing mp{hosts};             // names and addresses; names are looked up in parallel
///         mp.send();                                  // one probe to each
///         auto [responses, no_responses] = mp.receive(1s);
///         mp.send();                                  // only to those that are still silent
///         auto [more, still_silent] = mp.receive(1s);
///         mp.reset();                                 // all from the start, for a health check's next round
///
/// 3. A list is made of names, addresses and blocks, and a host may be probed in its own way:
///
///         multiping::multi_ping(multiping::expand("192.0.2.0/24"), 1s);
///         multiping::multi_ping({{"192.0.2.1", {.ttl = 3}}, "192.0.2.2"}, 1s);
///         multiping::multi_ping({{"192.0.2.1", {.protocol = multiping::Protocol::tcp, .port = 443}}}, 1s);
///
/// 4. What a program asks for is in Options, every member with a default:
///
///         multiping::multi_ping(hosts, 1s, 0, {.ignore_lookup_errors = true, .max_rate = 1000});
///
/// 5. In a loop of the program's own, Prober sends single probes as they come; see multiping/prober.hpp.
///
/// 6. Again and again, with figures; and the way there. See multiping/ping_series.hpp and multiping/traceroute.hpp:
///
///         for (const auto& series : multiping::ping_series(hosts, {.count = 10}))
///           std::cout << series.host << ": " << series.statistics << '\n';
///         for (const auto& route : multiping::traceroute(hosts))
///           for (const auto& hop : route.hops)
///             std::cout << route.host << ' ' << hop.ttl << ' ' << hop.probes[0] << '\n';
///
///    What did not answer, and behind which hop it is lost; and the largest packet that gets there:
///
///         for (const auto& route : multiping::diagnose(no_responses, 3s)) ...
///         for (const auto& path : multiping::discover_mtu(hosts)) std::cout << path.host << ' ' << path.mtu << '\n';
///
/// 7. Errors. A target's fate is a value: Result::outcome says what happened, Result::error or Result::icmp why. Only
///    what concerns the whole batch throws: ResolveError (names, unless ignored), PermissionError (this process may not
///    send such probes; each line of the text is one way to let it), std::invalid_argument (an option out of range).
///    All are std::exception, and the main() of a program ends with what they say:
///
///         } catch (const std::exception& error) {
///           std::cerr << error.what() << '\n';
///           return 2;
///         }
///
/// 8. How probes leave is found out: raw sockets, ping sockets, those of the broker multipingd, else UDP and TCP alone.
///    To choose, or to see what this process can do, see multiping/transport.hpp:
///
///         multiping::multi_ping(hosts, 1s, 0, {.transport = multiping::open_transport({.kinds = {kind}})});
///
/// One object is for one thread at a time. Nothing is printed, no signal handler installed, no thread left behind.
#pragma once

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/error.hpp"
#include "multiping/multi_ping.hpp"
#include "multiping/options.hpp"
#include "multiping/ping_series.hpp"
#include "multiping/prober.hpp"
#include "multiping/resolve.hpp"
#include "multiping/result.hpp"
#include "multiping/statistics.hpp"
#include "multiping/target.hpp"
#include "multiping/traceroute.hpp"
#include "multiping/transport.hpp"
#include "multiping/version.hpp"
