// The lines of the tasks beyond fping: routes, path MTU, causes, what this machine can do. Pure.
// Names of routers are untrusted text and are made fit for a terminal.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "multiping/path_mtu.hpp"
#include "multiping/result.hpp"
#include "multiping/route.hpp"
#include "multiping/transport.hpp"

namespace multiping::command {

/// A table of the hops of one route, with a line in front that names the target, and one where it was not reached.
/// `flows`: the numbers of the flows that took this path; empty where only one was tried.
[[nodiscard]] std::string route_text(const Route& route, std::span<const int> flows);
/// "host : path MTU 1400, limited by 192.0.2.1"
[[nodiscard]] std::string path_mtu_line(const PathMtu& path);
/// Why a target has no answer, after its name: "no route from this host", "the last hop that answers is 192.0.2.1 (hop
/// 4)". `route` may be null.
[[nodiscard]] std::string why_text(const Result& result, const Route* route);
/// What a transport can do, a line for each.
[[nodiscard]] std::string capabilities_text(const Capabilities& can);
/// The time in seconds, "42.0 s".
[[nodiscard]] std::string seconds_text(Duration time);

}  // namespace multiping::command
