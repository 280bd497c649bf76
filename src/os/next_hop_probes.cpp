// Opens sockets for each call, so that an answer belongs to it: they have ports or identifiers of their own.
// See next_hop_probes.hpp.
#include "os/next_hop_probes.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "os/clock.hpp"
#include "os/control_message.hpp"
#include "os/packet_filter.hpp"
#include "os/packet_ttl_tos_mark.hpp"
#include "os/probe_option_support.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_calls = 50ms, remembered_for = 10s;
/// Each open call has two sockets.
constexpr std::ptrdiff_t most_open = 32;
/// A port that nobody serves; those of traceroute(8) begin there.
constexpr std::uint16_t unused_port = 33'434;

using PacketBytes = std::span<const std::uint8_t>;

std::string device_name(std::uint32_t device) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(device, name.data()) != nullptr ? name.data() : std::string{};
}

bool send_to(int socket, PacketBytes bytes, const Address& to, std::uint16_t port) noexcept {
  SocketAddress address{};
  const socklen_t length = to_socket_address(to, address);
  set_port(address, port);
  return ::sendto(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL, &address.any, length) ==
         static_cast<ssize_t>(bytes.size());
}

/// An echo request: type, code, checksum, identifier, sequence number (RFC 792, RFC 4443), and the nonce.
using Echo = std::array<std::uint8_t, 16>;
constexpr std::size_t nonce_at = 8;

Echo echo_request(Family family, std::uint16_t id, std::uint64_t nonce) noexcept {
  Echo echo{};
  echo[0] = family == Family::ipv4 ? 8 : 128;
  echo[4] = static_cast<std::uint8_t>(id >> 8U);
  echo[5] = static_cast<std::uint8_t>(id & 0xffU);
  std::memcpy(&echo[nonce_at], &nonce, sizeof nonce);
  if (family == Family::ipv6) return echo;  // the kernel writes the checksum
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < echo.size(); i += 2) sum += (std::uint32_t{echo[i]} << 8U) + echo[i + 1];
  sum = (sum >> 16U) + (sum & 0xffffU);
  sum = ~(sum + (sum >> 16U)) & 0xffffU;
  echo[2] = static_cast<std::uint8_t>(sum >> 8U);
  echo[3] = static_cast<std::uint8_t>(sum & 0xffU);
  return echo;
}

/// A raw socket delivers IPv4 packets with their header.
bool is_echo_reply(PacketBytes packet, Family family, std::uint64_t nonce) noexcept {
  if (family == Family::ipv4 && !packet.empty() && (packet[0] >> 4U) == 4)
    packet = packet.subspan(std::min<std::size_t>(packet.size(), std::size_t{4} * (packet[0] & 0xfU)));
  if (packet.size() < sizeof(Echo) || packet[0] != (family == Family::ipv4 ? 0 : 129)) return false;
  return std::memcmp(&packet[nonce_at], &nonce, sizeof nonce) == 0;
}

bool is_same_host(const Address& one, const Address& other) noexcept {
  return std::ranges::equal(one.bytes(), other.bytes());
}

/// A packet, or an entry of the error queue.
struct Received {
  Address from{};  ///< Of an entry: where the packet was sent that it is about.
  std::size_t size = 0;
  ControlData control{};
};

/// Calls `is_sign(received, bytes)` for each packet that waits, until one is a sign of life.
template <class IsSign>
bool any_sign(int socket, int flags, IsSign is_sign) {
  for (int tries = 0; socket >= 0 && tries < 16; ++tries) {
    std::array<std::uint8_t, 256> bytes{};
    alignas(cmsghdr) std::array<std::uint8_t, 512> control{};
    SocketAddress from{};
    iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket, &message, flags | MSG_DONTWAIT);
    if (got < 0) return false;
    const Received received{
        .from = from_socket_address(from), .size = static_cast<std::size_t>(got), .control = read_control(message)};
    if (is_sign(received, PacketBytes{bytes}.first(std::min(received.size, bytes.size())))) return true;
  }
  return false;
}

/// An error of the next hop itself, or that the TTL ended there: this host writes no such error about its own packets.
bool is_sign(const ExtendedError& error, const Address& next_hop, Family family) noexcept {
  if (!error.is_icmp()) return false;
  return error.type == (family == Family::ipv4 ? 11 : 3) || is_same_host(error.offender, next_hop);
}

bool has_answer(int datagrams, const Address& next_hop, Family family) {
  return any_sign(datagrams, MSG_ERRQUEUE,
                  [&](const Received& received, PacketBytes) {
                    return received.control.error && is_sign(*received.control.error, next_hop, family);
                  }) ||
         any_sign(datagrams, 0,
                  [&](const Received& received, PacketBytes) { return is_same_host(received.from, next_hop); });
}

}  // namespace

/// The datagram to the target takes the route of its probes; an echo request, or else a datagram, goes to the next hop.
void NextHopProbes::send_datagrams(Call& call, const Hop& hop, const Address& to, const ProbeOptions& probe) {
  const Family family = to.family();
  call.datagrams = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (!call.datagrams) return;
  const int socket = call.datagrams.value();
  report_errors(socket, family);
  route_as(socket, family, probe);
  static_cast<void>(bind_to_device(socket, device_name(hop.first)));
  static_cast<void>(bind_to(socket, family, source_of(probe, family), 0));
  constexpr std::array<std::uint8_t, 8> nothing{};
  if (hop.second.family() == family && !call.echoes) send_to(socket, nothing, hop.second, unused_port);
  const PacketNumber ttl = packet_numbers(family, probe).front();
  if (set_option(socket, ttl.level, ttl.socket_option, 1)) send_to(socket, nothing, to, unused_port);
}

/// False when this process may not.
bool NextHopProbes::send_echo(Call& call, const Hop& hop) {
  const Family family = hop.second.family();
  const int protocol = family == Family::ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  const std::uint16_t id = random_id();
  call.echoes = open_socket(family, SOCK_DGRAM, protocol);
  if (!call.echoes) {
    call.echoes = open_socket(family, SOCK_RAW, protocol);
    if (!call.echoes) return false;
    attach_packet_filter(call.echoes.value(), {.family = family, .protocol = Protocol::icmp, .id = id});
  }
  static_cast<void>(bind_to_device(call.echoes.value(), device_name(hop.first)));
  fill_random(&call.nonce, sizeof call.nonce);
  return send_to(call.echoes.value(), echo_request(family, id, call.nonce), hop.second, 0);
}

void NextHopProbes::call(const Hop& hop, const Address& to, const ProbeOptions& probe) {
  const Instant now = monotonic_now();
  std::erase_if(calls_, [now](const auto& each) { return now - each.second.made > remembered_for; });
  const auto known = calls_.find(hop);
  if (known != calls_.end() && now - known->second.made < between_calls) return;
  if (std::ranges::count_if(calls_, [](const auto& each) { return each.second.is_open(); }) >= most_open) return;
  Call call{.family = to.family(), .made = now};
  if (!send_echo(call, hop)) call.echoes = FileDescriptor{};
  send_datagrams(call, hop, to, probe);
  calls_.insert_or_assign(hop, std::move(call));
}

std::optional<Instant> NextHopProbes::answered(const Hop& hop) {
  const auto known = calls_.find(hop);
  if (known == calls_.end()) return std::nullopt;
  Call& call = known->second;
  const auto is_reply = [&](const Received& received, PacketBytes bytes) {
    return is_same_host(received.from, hop.second) && is_echo_reply(bytes, hop.second.family(), call.nonce);
  };
  call.answered = call.answered || any_sign(call.echoes.value(), 0, is_reply) ||
                  has_answer(call.datagrams.value(), hop.second, call.family);
  if (!call.answered) return std::nullopt;
  call.close();
  return call.made;
}

void NextHopProbes::end() noexcept {
  for (auto& [hop, call] : calls_) call.close();
}

}  // namespace multiping::os
