// Connects a UDP socket, which sends nothing, and looks for IPv4 routes through a device by RTM_GETROUTE.
// See route_check.hpp.
#include "os/route_check.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "os/file_descriptor.hpp"
#include "os/packet_ttl_tos_mark.hpp"
#include "os/probe_option_support.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

constexpr std::uint16_t some_port = 9;  // connect(2) needs a port; this one has no other use

/// An attribute as rtnetlink(7) lays it out; its size is a multiple of four bytes.
template <class Value>
struct Attribute {
  rtattr header{};
  Value value{};
};
template <class Value>
Attribute<Value> attribute(unsigned short type, const Value& value) noexcept {
  return {.header = {.rta_len = sizeof(rtattr) + sizeof(Value), .rta_type = type}, .value = value};
}

using Octets = std::array<std::uint8_t, 4>;

struct RouteQuestion {
  nlmsghdr header{};
  rtmsg route{};
  Attribute<Octets> to{}, from{};
  Attribute<std::uint32_t> device{};
  Attribute<std::uint32_t> mark{};
};

/// The octets of an IPv4 address; zeros when it is empty.
Octets octets_of(const Address& address) noexcept {
  Octets octets{};
  if (address) std::ranges::copy(address.bytes().first(octets.size()), octets.begin());
  return octets;
}

RouteQuestion question_of(const Address& to, const ProbeOptions& probe, unsigned device) noexcept {
  RouteQuestion question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = RTM_GETROUTE;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.route.rtm_family = AF_INET;
  question.route.rtm_dst_len = 32;
  question.route.rtm_tos = static_cast<std::uint8_t>(probe.tos & IPTOS_TOS_MASK);
  question.route.rtm_flags = RTM_F_FIB_MATCH;
  question.to = attribute(RTA_DST, octets_of(to));
  question.from = attribute(RTA_SRC, octets_of(probe.source_v4));
  question.device = attribute(RTA_OIF, std::uint32_t{device});
  question.mark = attribute(RTA_MARK, probe.mark.value_or(0));
  return question;
}

/// A socket that is bound to a device may send IPv4 packets there without any route, as if every address were on that
/// link. Only the routing table tells whether there is a route. True also when the kernel gives no answer.
bool has_ipv4_route_through_device(const Address& to, const ProbeOptions& probe) noexcept {
  const RouteQuestion question = question_of(to, probe, ::if_nametoindex(probe.device.c_str()));
  const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket || ::send(socket.value(), &question, sizeof question, 0) < 0) return true;
  std::array<std::uint8_t, 4096> answer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by the kernel
  nlmsghdr header{};
  const ssize_t got = ::recv(socket.value(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (got < static_cast<ssize_t>(sizeof header)) return true;
  std::memcpy(&header, answer.data(), sizeof header);
  return header.nlmsg_type != NLMSG_ERROR;
}

}  // namespace

bool has_route(const Address& to, const ProbeOptions& probe) noexcept {
  const Family family = to.family();
  const FileDescriptor socket = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (!socket) return errno != EAFNOSUPPORT;
  // A missing device or source address is reported when the probe itself is sent.
  if (!probe.device.empty() && !bind_to_device(socket.value(), probe.device)) return true;
  route_as(socket.value(), family, probe);
  if (const Address& source = source_of(probe, family); source && !bind_to(socket.value(), family, source, 0))
    return true;
  SocketAddress address{};
  const socklen_t length = to_socket_address(to, address);
  set_port(address, some_port);
  if (::connect(socket.value(), &address.any, length) != 0) return false;
  return family == Family::ipv6 || probe.device.empty() || has_ipv4_route_through_device(to, probe);
}

}  // namespace multiping::os
