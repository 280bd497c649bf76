/// @mainpage multiping
///
/// Ping many hosts at once with plain blocking calls, and get an authentic result for each of them.
///
/// 1. In one call. It takes two seconds in all, with three retries: probes leave at 0, 0.5, 1.0 and 1.5 s, each time
///    only to hosts that have not answered:
///
///         #include <multiping/multiping.hpp>
///         using namespace std::chrono_literals;
///
///         auto [responses, no_responses] = multiping::multi_ping({"192.0.2.1", "localhost", "::1"}, 2s, 3);
///         for (const auto& r : responses)
///           std::cout << r.host << " responded in " << multiping::to_milliseconds(r.rtt) << " ms\n";
///         for (const auto& r : no_responses) std::cout << r << '\n';   // each line says the reason
///
/// 2. Step by step, when the program has something to do in between:
///
///         multiping::MultiPing mp{hosts};             // names and addresses; names are looked up in parallel
///         mp.send();                                  // one probe to each
///         auto [responses, no_responses] = mp.receive(1s);
///         mp.send();                                  // only to those that are still silent
///         auto [more, still_silent] = mp.receive(1s);
///         mp.reset();                                 // forgets all answers, for the next round of a health check
///
/// 3. A list may hold names, addresses and blocks, and each host may have probe options of its own:
///
///         multiping::multi_ping(multiping::expand("192.0.2.0/24"), 1s);
///         multiping::multi_ping({{"192.0.2.1", {.ttl = 3}}, "192.0.2.2"}, 1s);
///         multiping::multi_ping({{"192.0.2.1", {.protocol = multiping::Protocol::tcp, .port = 443}}}, 1s);
///
/// 4. A program sets what it needs in Options; every member has a default:
///
///         multiping::multi_ping(hosts, 1s, 0, {.ignore_lookup_errors = true, .max_rate = 1000});
///
/// 5. In a program with an event loop of its own, Prober sends single probes at any time; see multiping/prober.hpp.
///    PingSeries has its rounds in such a loop by poll(); see multiping/ping_series.hpp.
///
/// 6. ping_series() probes repeatedly and gives statistics; traceroute() finds the route to each target. See
///    multiping/ping_series.hpp and multiping/traceroute.hpp:
///
///         for (const auto& series : multiping::ping_series(hosts, {.count = 10}))
///           std::cout << series.host << ": " << series.statistics << '\n';
///         for (const auto& route : multiping::traceroute(hosts))
///           for (const auto& hop : route.hops)
///             std::cout << route.host << ' ' << hop.ttl << ' ' << hop.probes[0] << '\n';
///
///    diagnose() finds the last hop that answers on the route to each silent target; discover_mtu() finds the largest
///    packet that reaches each target. See multiping/diagnose.hpp and multiping/path_mtu.hpp:
///
///         for (const auto& route : multiping::diagnose(no_responses, 3s)) ...
///         for (const auto& path : multiping::discover_mtu(hosts)) std::cout << path.host << ' ' << path.mtu << '\n';
///
/// 7. Health. A HealthTracker takes the results of one round after another and says which hosts and groups are up. A
/// loss
///    that has its cause on this host makes nobody down, and hosts of a rack that fall together are one event.
///    verdict() joins several ways of asking one host, and blame() finds who is at fault in a mesh. See
///    multiping/health.hpp and multiping/blame.hpp:
///
///         multiping::HealthTracker tracker;
///         tracker.add("web1", {"room2/rack7"});
///         tracker.set_quorum("room2/rack7", {.share = 0.8});
///         mp.send();
///         static_cast<void>(mp.receive(1s));
///         for (const auto& change : tracker.observe(mp.results())) std::cout << change << '\n';
///
/// 8. Errors. What happens to a target is a value: Result::outcome says what happened, Result::error or Result::icmp
///    says why. Result::cause says whether the reason is on this host (no route, no carrier, a gateway that does not
///    answer, a packet filter) or elsewhere; is_local() tells the two apart, and causes() counts them:
///
///         if (multiping::is_local(result.cause)) ...   // nothing is known about the target
///
///    Only errors that concern the whole batch throw: ResolveError (names, unless ignored), PermissionError
///    (this process may not send such probes; the text has one remedy on each line), std::invalid_argument (an option
///    out of range). All derive from std::exception, and the main() of a program prints them:
///
///         } catch (const std::exception& error) {
///           std::cerr << error.what() << '\n';
///           return 2;
///         }
///
/// 9. The library finds a way to send by itself: raw sockets, else ping sockets, else ping sockets of the broker
///    multipingd, else UDP and TCP alone. To choose one, or to see what this process can do, see
///    multiping/transport.hpp:
///
///         multiping::multi_ping(hosts, 1s, 0, {.transport = multiping::open_transport({.kinds = {kind}})});
///
/// Only one thread at a time may use an object. The library prints nothing, installs no signal handler and leaves no
/// thread running, except a name lookup under way when its time is up; see resolve().
#pragma once

#include "multiping/address.hpp"
#include "multiping/blame.hpp"
#include "multiping/cause.hpp"
#include "multiping/diagnose.hpp"
#include "multiping/duration.hpp"
#include "multiping/error.hpp"
#include "multiping/health.hpp"
#include "multiping/multi_ping.hpp"
#include "multiping/options.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/ping_series.hpp"
#include "multiping/probe_options.hpp"
#include "multiping/prober.hpp"
#include "multiping/protocol.hpp"
#include "multiping/resolve.hpp"
#include "multiping/result.hpp"
#include "multiping/route.hpp"
#include "multiping/statistics.hpp"
#include "multiping/target.hpp"
#include "multiping/traceroute.hpp"
#include "multiping/transport.hpp"
#include "multiping/version.hpp"
