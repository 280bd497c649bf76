// Looks at capabilities, mounts and groups of this process, so as to name only remedies that fit it.
// See permissions.hpp.
#include "os/permissions.hpp"

#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "os/kernel_constants.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

std::string program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "PROGRAM" : path.string();
}

bool is_on_nosuid_mount(const std::string& path) noexcept {
  struct statvfs mount {};
  return ::statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
}

/// Whether CAP_NET_RAW is in the bounding set. Otherwise, as in a container that was not given it, no program that
/// starts here can have CAP_NET_RAW, and a program with that file capability does not even start.
bool can_have_net_raw() noexcept { return ::prctl(PR_CAPBSET_READ, CAP_NET_RAW) == 1; }

/// Whether file capabilities of this program take effect here; the bounding set is not considered.
bool file_capabilities_count() noexcept {
  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && !is_on_nosuid_mount("/proc/self/exe");
}

std::vector<std::string> raw_remedies() {
  const std::string unit = "for a systemd service: AmbientCapabilities=CAP_NET_RAW in its unit";
  if (can_have_net_raw() && file_capabilities_count())
    return {"for this program: sudo setcap cap_net_raw+ep '" + program() + "'", unit};
  if (can_have_net_raw()) return {unit};
  const std::string container =
      "for user 0 of a container: CAP_NET_RAW, by docker run --cap-add=NET_RAW or Kubernetes' securityContext: "
      "{capabilities: {add: [NET_RAW]}}";
  return {container, unit + ", and in its CapabilityBoundingSet="};
}

/// In a container /proc/sys is read-only, so the option of docker run is named too.
std::string ping_socket_remedy() {
  const std::string group = std::to_string(::getegid());
  const std::string range = "net.ipv4.ping_group_range='" + group + " " + group + "'";
  std::string remedy = "for group " + group + ": sudo sysctl -w " + range;
  if (!can_have_net_raw()) remedy += ", or in a container docker run --sysctl " + range;
  return remedy;
}

/// A lack of descriptors says nothing against the family: socket(2) looks for a descriptor last.
bool has_sockets(TransportKind kind, Family family) noexcept {
  const std::error_code error = try_socket(kind, family);
  return !error || concerns_all(error);
}

/// A socket to try options with, of IPv4 where this host has it.
struct UdpSocket {
  Family family = Family::ipv4;
  FileDescriptor socket = open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP);

  UdpSocket() noexcept {
    if (socket) return;
    family = Family::ipv6;
    socket = open_socket(Family::ipv6, SOCK_DGRAM, IPPROTO_UDP);
  }
  /// Whether the error queue gives ICMP extensions. A raw ICMP socket gives them anyway.
  [[nodiscard]] bool has_extensions() const noexcept {
    return family == Family::ipv4 ? set_option(socket.value(), IPPROTO_IP, IP_RECVERR_RFC4884, 1)
                                  : set_option(socket.value(), IPPROTO_IPV6, IPV6_RECVERR_RFC4884, 1);
  }
  [[nodiscard]] bool takes_mark() const noexcept { return set_option(socket.value(), SOL_SOCKET, SO_MARK, 0); }
};

}  // namespace

std::string refusal(std::string_view action, std::span<const TransportKind> kinds, std::string_view failure,
                    std::string_view broker) {
  std::string text = "this process may not " + std::string{action} + ": any one of these lets it:\n";
  const auto add = [&text](std::string_view remedy) {
    if (!remedy.empty()) text.append("  ").append(remedy).append("\n");
  };
  for (const TransportKind kind : kinds) {
    if (kind == TransportKind::raw) std::ranges::for_each(raw_remedies(), add);
    if (kind == TransportKind::ping_socket) add(ping_socket_remedy());
  }
  add(broker);
  return text.append(failure);
}

std::string_view action_of(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::tcp:
      return "send half-open TCP probes";
    case Protocol::sctp:
      return "send SCTP probes";
    case Protocol::udp:
      return "send UDP probes";
    case Protocol::icmp:
      break;
  }
  return "ping";
}

std::string broker_remedy(const std::string& path, std::error_code failure) {
  std::string broker = "for chosen users: a broker, multipingd, listening at " + path;
  const bool absent = failure == std::errc::no_such_file_or_directory || failure == std::errc::connection_refused;
  if (!failure || absent) return broker;
  const std::string reason = " (" + failure.message() + ")";
  if (!is_permission(failure)) return broker + ", which did not serve" + reason;
  return broker + ", which " + must_allow_us() + reason;
}

std::string must_allow_us() { return "must allow user " + std::to_string(::geteuid()) + " or one of its groups"; }

bool may_have_net_raw() noexcept {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3]{};
  const bool known = ::syscall(SYS_capget, &header, words) == 0;
  return !known || (words[0].effective & (1U << CAP_NET_RAW)) != 0;
}

Capabilities socket_capabilities(TransportKind kind, const OpenFamilies& open) noexcept {
  const bool ipv4 = open.ipv4 || has_sockets(kind, Family::ipv4), ipv6 = open.ipv6 || has_sockets(kind, Family::ipv6);
  const UdpSocket udp;
  return {.kind = kind,
          .ipv4 = ipv4,
          .ipv6 = ipv6,
          .icmp_errors = true,
          .mpls = kind == TransportKind::raw || udp.has_extensions(),
          .udp = true,
          .tcp = true,
          .sctp = kind == TransportKind::raw,
          .kernel_timestamps = true,
          .mark = udp.takes_mark(),
          .icmp = kind != TransportKind::sockets && (ipv4 || ipv6)};
}

}  // namespace multiping::os
