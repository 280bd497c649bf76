// Reads the control messages that it knows and skips the others.
// See control_message.hpp.
#include "os/control_message.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>

#include "os/kernel_constants.hpp"
#include "os/packet_ttl_tos_mark.hpp"
#include "os/socket_basics.hpp"
#include "values/flow_label.hpp"

namespace multiping::os {
namespace {

/// The index of the loopback interface in every network namespace: the kernel's LOOPBACK_IFINDEX.
constexpr int loopback = 1;

/// The payload of a control message as a T; missing bytes are zero.
template <class T>
T payload(const cmsghdr& header) noexcept {
  T value{};
  const std::size_t size = header.cmsg_len > CMSG_LEN(0) ? header.cmsg_len - CMSG_LEN(0) : 0;
  if (size >= sizeof value)
    std::memcpy(&value, CMSG_DATA(&header), sizeof value);  // of a constant size: no call
  else
    std::memcpy(&value, CMSG_DATA(&header), size);
  return value;
}

/// The value of a TTL or TOS, which the kernel gives as an int or as one byte.
std::uint8_t octet(const cmsghdr& header) noexcept {
  return header.cmsg_len >= CMSG_LEN(sizeof(int)) ? static_cast<std::uint8_t>(payload<int>(header))
                                                  : payload<std::uint8_t>(header);
}

std::optional<WallTime> stamp_of(const cmsghdr& header) noexcept {
  const auto software = payload<timespec>(header);  // the first one of scm_timestamping
  if (software.tv_sec == 0 && software.tv_nsec == 0) return std::nullopt;
  return std::chrono::seconds{software.tv_sec} + std::chrono::nanoseconds{software.tv_nsec};
}

struct QueueEntry {
  sock_extended_err error;
  SocketAddress offender;
};

/// The offset of the extensions of an ICMP error (RFC 4884); 0: none. It is the first two bytes of ee_data, which Linux
/// headers before 5.9 have no name for.
std::uint16_t extension_of(const sock_extended_err& error) noexcept {
  std::uint16_t length = 0;
  std::memcpy(&length, &error.ee_data, sizeof length);
  return length;
}

ExtendedError error_of(const cmsghdr& header) noexcept {
  const auto entry = payload<QueueEntry>(header);
  return {.number = static_cast<int>(entry.error.ee_errno),
          .origin = entry.error.ee_origin,
          .type = entry.error.ee_type,
          .code = entry.error.ee_code,
          .info = entry.error.ee_info,
          .extension = extension_of(entry.error),
          .offender = from_socket_address(entry.offender)};
}

void read_one(const cmsghdr& header, ControlData& data) noexcept {
  if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_TIMESTAMPING) data.stamp = stamp_of(header);
  if (header.cmsg_level == IPPROTO_IP) {
    if (header.cmsg_type == IP_TTL) data.ttl = octet(header);
    if (header.cmsg_type == IP_TOS) data.tos = octet(header);
    if (header.cmsg_type == IP_RECVERR) data.error = error_of(header);
    if (header.cmsg_type == IP_PKTINFO) data.came_by_loopback = payload<in_pktinfo>(header).ipi_ifindex == loopback;
  }
  if (header.cmsg_level == IPPROTO_IPV6) {
    if (header.cmsg_type == IPV6_HOPLIMIT) data.ttl = octet(header);
    if (header.cmsg_type == IPV6_TCLASS) data.tos = octet(header);
    if (header.cmsg_type == IPV6_RECVERR) data.error = error_of(header);
    if (header.cmsg_type == IPV6_PKTINFO)
      data.came_by_loopback = static_cast<int>(payload<in6_pktinfo>(header).ipi6_ifindex) == loopback;
  }
}

template <class T>
void append(std::vector<std::uint8_t>& control, int level, int type, const T& value) {
  const std::size_t start = control.size();
  control.resize(start + CMSG_SPACE(sizeof value));
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(sizeof value);
  header.cmsg_level = level;
  header.cmsg_type = type;
  std::memcpy(&control[start], &header, sizeof header);
  std::memcpy(&control[start + CMSG_LEN(0)], &value, sizeof value);
}

/// Without a device, the packet leaves by the interface of its route, or by the one that the socket is bound to.
void append_source_v4(std::vector<std::uint8_t>& control, const Address& source, unsigned device) {
  in_pktinfo info{};
  std::memcpy(&info.ipi_spec_dst, source.bytes().data(), source.bytes().size());
  info.ipi_ifindex = static_cast<int>(device);
  append(control, IPPROTO_IP, IP_PKTINFO, info);
}

void append_source_v6(std::vector<std::uint8_t>& control, const Address& source, unsigned device) {
  in6_pktinfo info{};
  std::memcpy(&info.ipi6_addr, source.bytes().data(), source.bytes().size());
  info.ipi6_ifindex = device != 0 ? device : source.scope_id();
  append(control, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

}  // namespace

ControlData read_control(const msghdr& message) noexcept {
  ControlData data;
  // CMSG_NXTHDR takes a mutable header, but changes nothing in it.
  auto* mutable_message = const_cast<msghdr*>(&message);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  for (const cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr;
       at = CMSG_NXTHDR(mutable_message, const_cast<cmsghdr*>(at)))  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    read_one(*at, data);
  return data;
}

bool ExtendedError::is_icmp() const noexcept { return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6; }

bool ExtendedError::refuses_size() const noexcept { return origin == SO_EE_ORIGIN_LOCAL && number == EMSGSIZE; }

std::vector<std::uint8_t> write_control(Family family, const ProbeOptions& profile, unsigned device) {
  std::vector<std::uint8_t> control;
  const bool v4 = family == Family::ipv4;
  for (const PacketNumber& number : packet_numbers(family, profile))
    if (number.value) append(control, number.level, number.control_message, *number.value);
  if (v4 && (profile.source_v4 || device != 0)) append_source_v4(control, profile.source_v4, device);
  if (!v4 && (profile.source_v6 || device != 0)) append_source_v6(control, profile.source_v6, device);
  if (const auto label = flow_label(family, profile)) append(control, IPPROTO_IPV6, IPV6_FLOWINFO, htonl(*label));
  return control;
}

/// The TTL is the first of packet_numbers().
void set_ttl(std::span<std::uint8_t> control, std::uint8_t ttl) noexcept {
  const int value = ttl;
  std::memcpy(&control[CMSG_LEN(0)], &value, sizeof value);
}

}  // namespace multiping::os
