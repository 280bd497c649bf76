// See trace_mtu_wait_text.hpp.
#include "apps/multiping/trace_mtu_wait_text.hpp"

#include <fmt/format.h>

#include <string_view>

#include "apps/multiping/fping_text.hpp"

namespace multiping::command {
namespace {

std::string responder_text(const Address& responder, const std::string& name) {
  const std::string address = responder.to_string();
  return name.empty() ? address : fmt::format("{} ({})", printable(name), address);
}

std::string mpls_text(const Result& probe) {
  if (!probe.icmp || probe.icmp->mpls.empty()) return {};
  std::string text = ", MPLS";
  for (const MplsLabel& label : probe.icmp->mpls) text += fmt::format(" {}", label.label);
  return text;
}

/// What a router says beside time exceeded: the reason why the route ends there.
std::string remark(const Result& probe) {
  if (probe.outcome != Outcome::unreachable || !probe.icmp) return {};
  return fmt::format(" ({})", describe(*probe.icmp, probe.address.family()));
}

/// The probes of one hop; the responder is named where it differs from that of the probe before.
std::string hop_line(const Hop& hop) {
  std::string text = fmt::format("{:>3} ", hop.ttl);
  Address last{};
  std::string labels;
  for (std::size_t at = 0; at < hop.probes.size(); ++at) {
    const Result& probe = hop.probes[at];
    if (probe.rtt == Duration{0}) {
      text += probe.outcome == Outcome::send_failed ? " !" : " *";
      continue;
    }
    if (probe.responder != last)
      text += " " + responder_text(probe.responder, at < hop.names.size() ? hop.names[at] : std::string{}) + " ";
    last = probe.responder;
    text += fmt::format(" {} ms{}", time_text(probe.rtt), remark(probe));
    labels = mpls_text(probe);
  }
  return text + labels + "\n";
}

std::string target_text(const std::string& host, const Address& address) {
  const std::string text = address.to_string();
  return text.empty() || text == host ? printable(host) : fmt::format("{} ({})", printable(host), text);
}

std::string_view cause_text(Cause cause) noexcept {
  switch (cause) {
    case Cause::no_route:
      return "this host has no route to it";
    case Cause::link_down:
      return "the link of this host is down";
    case Cause::no_source_address:
      return "this host has no source address for it";
    case Cause::gateway_silent:
      return "the gateway of this host does not answer";
    case Cause::neighbour_silent:
      return "it is on a link of this host and does not answer there";
    case Cause::firewall:
      return "a packet filter of this host refuses the probe";
    case Cause::local_limit:
      return "this host lacked buffers, descriptors or ports";
    case Cause::remote:
      return "this host and its gateway are in order";
    case Cause::none:
    case Cause::unknown:
      return "";
  }
  return "";
}

std::string last_hop_text(const Route* route) {
  if (route == nullptr) return {};
  if (route->reached) return "it answers now";
  if (!route->hops.empty()) {
    const Hop& hop = route->hops.back();
    const std::string name = hop.names.empty() ? std::string{} : hop.names.front();
    return fmt::format("the last hop that answers is {} (hop {})", responder_text(hop.probes.front().responder, name),
                       hop.ttl);
  }
  return route->error ? route->error.message() : "no hop answers";
}

std::string joined(const std::string& first, const std::string& second) {
  if (first.empty()) return second;
  return second.empty() ? first : first + "; " + second;
}

}  // namespace

std::string route_text(const Route& route, std::span<const int> flows) {
  std::string text = "route to " + target_text(route.host, route.address);
  if (!flows.empty()) text += fmt::format(", {} {}", flows.size() == 1 ? "flow" : "flows", fmt::join(flows, ", "));
  text += route.error ? ": " + route.error.message() + "\n" : "\n";
  for (const Hop& hop : route.hops) text += hop_line(hop);
  if (!route.reached && !route.error) text += "     not reached\n";
  return text;
}

std::string path_mtu_line(const PathMtu& path) {
  const std::string head = target_text(path.host, path.address);
  if (path.error) return fmt::format("{} : {}", head, path.error.message());
  if (path.mtu != 0)
    return fmt::format("{} : path MTU {}{}", head, path.mtu,
                       path.limiting_hop ? ", limited by " + path.limiting_hop.to_string() : "");
  if (path.fits != 0) return fmt::format("{} : at least {}, the search was not ended", head, path.fits);
  return head + " : no answer";
}

std::string why_text(const Result& result, const Route* route) {
  std::string cause{cause_text(result.cause)};
  if (result.cause == Cause::unknown && result.cause_address)
    cause = "nothing shows that the gateway of this host is alive";
  if (result.cause_address) cause += fmt::format(" ({})", result.cause_address.to_string());
  if (result.outcome == Outcome::send_failed)
    return joined(cause, "this host did not send the probe: " + result.error.message());
  std::string text = joined(cause, last_hop_text(route));
  if (result.icmp)
    text = joined(
        fmt::format("{} says {}", result.responder.to_string(), describe(*result.icmp, result.address.family())), text);
  return text.empty() ? "no answer, and nothing is known of the cause" : text;
}

std::string capabilities_text(const Capabilities& can) {
  const auto line = [](std::string_view what, bool possible) {
    return fmt::format("{:<38} {}\n", what, possible ? "yes" : "no");
  };
  std::string text = fmt::format("{:<38} {}\n", "probes leave by", to_string(can.kind));
  text += line("ICMP over IPv4", can.icmp && can.ipv4) + line("ICMP over IPv6", can.icmp && can.ipv6);
  text += line("UDP", can.udp) + line("TCP", can.tcp) + line("SCTP, half-open TCP", can.sctp);
  text += line("ICMP errors about the probes", can.icmp_errors) + line("MPLS labels of routers", can.mpls);
  return text + line("arrival times from the kernel", can.kernel_timestamps) + line("marks (-k)", can.mark);
}

std::string seconds_text(Duration time) { return fmt::format("{:.1f} s", std::chrono::duration<double>{time}.count()); }

}  // namespace multiping::command
