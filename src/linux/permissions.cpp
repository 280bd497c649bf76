// Which kinds of sockets this process may open, and what to say when it may open none.
// See permissions.hpp.
#include "linux/permissions.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "linux/socket.hpp"

namespace multiping::os {
namespace {

std::string program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "PROGRAM" : path.string();
}

std::string raw_grant() { return "CAP_NET_RAW: sudo setcap cap_net_raw+ep '" + program() + "'"; }

Family some_family() noexcept { return try_socket(TransportKind::sockets, Family::ipv4) ? Family::ipv6 : Family::ipv4; }

bool udp_socket_takes(int level, int name, int value) noexcept {
  const FileDescriptor socket = open_socket(some_family(), SOCK_DGRAM, IPPROTO_UDP);
  return set_option(socket.value(), level, name, value);
}

/// Whether the error queue gives ICMP extensions. A raw ICMP socket gives them anyway.
bool queue_has_extensions() noexcept {
  return some_family() == Family::ipv4 ? udp_socket_takes(IPPROTO_IP, IP_RECVERR_RFC4884, 1)
                                       : udp_socket_takes(IPPROTO_IPV6, IPV6_RECVERR_RFC4884, 1);
}

}  // namespace

std::string remedies(TransportKind kind) {
  if (kind == TransportKind::raw) return "raw sockets need " + raw_grant();
  if (kind != TransportKind::ping_socket) return {};
  const std::string group = std::to_string(::getegid());
  return "ping sockets need net.ipv4.ping_group_range to include a group of this process: sudo sysctl -w "
         "net.ipv4.ping_group_range='" +
         group + " " + group + "'";
}

std::string remedies(std::span<const TransportKind> kinds, const std::string& broker) {
  std::string text;
  const auto add = [&text](const std::string& one) {
    if (!one.empty()) text += (text.empty() ? "" : "; or ") + one;
  };
  for (const TransportKind kind : kinds) add(remedies(kind));
  add(broker);
  return text;
}

std::string broker_remedy(const std::string& path, std::error_code failure) {
  std::string broker = "a broker: multipingd, listening at " + path;
  const bool absent = failure == std::errc::no_such_file_or_directory || failure == std::errc::connection_refused;
  if (!failure || absent) return broker;
  const std::string reason = " (" + failure.message() + ")";
  if (!is_permission(failure)) return broker + ", which did not serve" + reason;
  return broker + ", which " + must_allow_us() + reason;
}

std::string must_allow_us() { return "must allow user " + std::to_string(::geteuid()) + " or one of its groups"; }

std::string mark_remedy() { return "marks need " + raw_grant(); }

Capabilities socket_capabilities(TransportKind kind) noexcept {
  return {.kind = kind,
          .ipv4 = !try_socket(kind, Family::ipv4),
          .ipv6 = !try_socket(kind, Family::ipv6),
          .icmp_errors = true,
          .mpls = kind == TransportKind::raw || queue_has_extensions(),
          .udp = true,
          .tcp = true,
          .sctp = kind == TransportKind::raw,
          .kernel_timestamps = true,
          .mark = udp_socket_takes(SOL_SOCKET, SO_MARK, 0)};
}

}  // namespace multiping::os
