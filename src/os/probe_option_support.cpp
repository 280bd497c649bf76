// Tries options on a UDP socket, or on a ping socket of a broker in another network namespace.
// See probe_option_support.hpp.
#include "os/probe_option_support.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "multiping/error.hpp"
#include "os/permissions.hpp"
#include "os/socket_basics.hpp"
#include "values/protocol_traits.hpp"

namespace multiping::os {
namespace {

bool refused_for_want_of_permission(TransportKind kind) noexcept {
  const std::error_code v4 = try_socket(kind, Family::ipv4), v6 = try_socket(kind, Family::ipv6);
  return v4 && v6 && (is_permission(v4) || is_permission(v6));
}

/// An option that a kind of transport has no socket for; one of `kinds` has one, and perhaps a broker.
struct Lack {
  Protocol protocol{};
  std::string_view option{};
  std::span<const TransportKind> kinds{};
  std::string_view broker{};
};

net::SendPath lacking(TransportKind kind, const Lack& lack) {
  net::SendPath way{.error = Errc::not_supported};
  way.doing = "cannot use ProbeOptions::" + std::string{lack.option} + " over a transport of kind " +
              std::string{to_string(kind)};
  way.privilege = std::ranges::all_of(lack.kinds, refused_for_want_of_permission);
  if (!way.privilege) return way;
  way.error = {EPERM, std::system_category()};
  way.doing = refusal(action_of(lack.protocol), lack.kinds, way.doing, lack.broker);
  return way;
}

std::optional<net::SendPath> check_support(TransportKind kind, Family family, const ProbeOptions& probe,
                                           const std::string& broker) {
  constexpr TransportKind raw[] = {TransportKind::raw};
  constexpr TransportKind any_icmp[] = {TransportKind::raw, TransportKind::ping_socket};
  if (family == Family::ipv4 && probe.flow_label) {
    const std::string label = std::to_string(*probe.flow_label);
    return net::SendPath{.error = Errc::not_supported,
                         .doing = "cannot use ProbeOptions::flow_label " + label + " for ipv4"};
  }
  if (kind == TransportKind::raw) return std::nullopt;
  if (needs_raw(probe)) return lacking(kind, {probe.protocol, probe.half_open ? "half_open" : "protocol sctp", raw});
  if (probe.protocol == Protocol::icmp && kind == TransportKind::sockets)
    return lacking(kind, {Protocol::icmp, "protocol icmp", any_icmp, broker});
  return std::nullopt;
}

net::SendPath refused(std::string doing) { return {.error = last_error(), .doing = std::move(doing)}; }

net::SendPath mark_refused(std::uint32_t mark) {
  constexpr TransportKind raw[] = {TransportKind::raw};
  net::SendPath way = refused("cannot use ProbeOptions::mark " + std::to_string(mark));
  way.privilege = is_permission(way.error);
  if (way.privilege) way.doing = refusal("set a mark", raw, way.doing);
  return way;
}

std::optional<net::SendPath> try_options(int socket, Family family, const ProbeOptions& probe) {
  if (!probe.device.empty() && !bind_to_device(socket, probe.device))
    return refused("cannot use ProbeOptions::device " + probe.device);
  if (probe.mark && !set_option(socket, SOL_SOCKET, SO_MARK, static_cast<int>(*probe.mark)))
    return mark_refused(*probe.mark);
  const Address& source = source_of(probe, family);
  const char* name = family == Family::ipv4 ? "source_v4 " : "source_v6 ";
  if (source && !bind_to(socket, family, source, 0))
    return refused(std::string{"cannot send from ProbeOptions::"} + name + source.to_string());
  return std::nullopt;
}

/// For echo requests that leave through the broker's network namespace: only the broker's sockets can tell which
/// addresses it has. Options that are checked when the probes' socket is opened are not tried here.
std::optional<net::SendPath> try_elsewhere(PingSocketSource& broker, Family family, const ProbeOptions& probe) {
  const Address source = family == Family::ipv4 ? probe.source_v4 : Address{};
  if (!source && !probe.mark) return std::nullopt;
  PingSocket trial = broker.ping_socket(family, source, 0);
  if (trial.error)
    return net::SendPath{.error = trial.error,
                         .doing = std::move(trial.doing),
                         .privilege = is_permission(trial.error),
                         .may_pass = trial.may_pass};
  if (!probe.mark || set_option(trial.socket.value(), SOL_SOCKET, SO_MARK, static_cast<int>(*probe.mark)))
    return std::nullopt;
  net::SendPath way = refused("cannot use ProbeOptions::mark " + std::to_string(*probe.mark) +
                              ": it needs CAP_NET_RAW or CAP_NET_ADMIN in the broker's network");
  way.privilege = is_permission(way.error);
  return way;
}

}  // namespace

const Address& source_of(const ProbeOptions& probe, Family family) noexcept {
  return family == Family::ipv4 ? probe.source_v4 : probe.source_v6;
}

std::optional<net::SendPath> check_way(TransportKind kind, Family family, const ProbeOptions& probe,
                                       const BrokerAccess& broker) {
  if (auto lack = check_support(kind, family, probe, broker.remedy)) return lack;
  const bool asks = !probe.device.empty() || probe.mark || source_of(probe, family);
  if (!asks && !connects(probe)) return std::nullopt;
  if (probe.protocol == Protocol::icmp && broker.sockets && broker.sockets->elsewhere())
    return try_elsewhere(*broker.sockets, family, probe);
  const FileDescriptor socket = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (socket) return try_options(socket.value(), family, probe);
  net::SendPath way = refused("cannot open a socket for " + std::string{to_string(family)});
  if (concerns_all(way.error)) throw std::system_error(way.error, way.doing);
  return way;
}

}  // namespace multiping::os
