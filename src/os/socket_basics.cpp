// Thin wrappers of system calls: nearly all of them leave their error in errno.
// See socket_basics.hpp.
#include "os/socket_basics.hpp"

#include <linux/net_tstamp.h>
#include <net/if.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/process_id.hpp"
#include "os/kernel_constants.hpp"

namespace multiping::os {
namespace {

constexpr std::size_t largest_buffer = 1U << 30U;

void get_random(void* bytes, std::size_t size) {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t got = ::getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("cannot get random bytes");
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

/// Random bytes of one thread, got in one call for many uses. Each byte is used once and then forgotten. A forked child
/// does not use those of its parent.
class RandomStore {
 public:
  static constexpr std::size_t capacity = 256;
  void take(void* bytes, std::size_t size) {
    if (size > left_ || owner_ != process_id()) refill();
    left_ -= size;
    std::memcpy(bytes, &bytes_[left_], size);
    std::memset(&bytes_[left_], 0, size);
  }

 private:
  void refill() {
    left_ = 0;
    get_random(bytes_.data(), bytes_.size());
    left_ = bytes_.size();
    owner_ = process_id();
  }

  std::array<std::uint8_t, capacity> bytes_{};
  std::size_t left_ = 0;
  ::pid_t owner_ = 0;
};

}  // namespace

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

void fail(const std::string& failure) { throw std::system_error{last_error(), failure}; }

bool concerns_all(std::error_code error) noexcept {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system ||
         error == std::errc::not_enough_memory || error == std::errc::no_buffer_space;
}

bool is_permission(std::error_code error) noexcept {
  return error == std::errc::operation_not_permitted || error == std::errc::permission_denied;
}

socklen_t to_socket_address(const Address& address, SocketAddress& out) noexcept {
  const auto bytes = address.bytes();
  if (address.family() == Family::ipv4) {
    out.v4 = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&out.v4.sin_addr, bytes.data(), bytes.size());
    return sizeof(sockaddr_in);
  }
  out.v6 = {.sin6_family = AF_INET6,
            .sin6_port = 0,
            .sin6_flowinfo = 0,
            .sin6_addr = {},
            .sin6_scope_id = address.scope_id()};
  std::memcpy(&out.v6.sin6_addr, bytes.data(), bytes.size());
  return sizeof(sockaddr_in6);
}

Address from_socket_address(const SocketAddress& address) noexcept {
  if (address.any.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &address.v4.sin_addr, octets.size());
    return Address::v4(octets);
  }
  if (address.any.sa_family != AF_INET6) return {};
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &address.v6.sin6_addr, octets.size());
  return Address::v6(octets, address.v6.sin6_scope_id);
}

void set_port(SocketAddress& address, std::uint16_t port) noexcept { address.v4.sin_port = htons(port); }

std::uint16_t port_of(const SocketAddress& address) noexcept { return ntohs(address.v4.sin_port); }

FileDescriptor open_socket(Family family, int type, int protocol) noexcept {
  const int domain = family == Family::ipv4 ? AF_INET : AF_INET6;
  return FileDescriptor{::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)};
}

bool bind_to(int socket, Family family, const Address& source, std::uint16_t port) noexcept {
  SocketAddress address{};
  socklen_t length = family == Family::ipv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  address.any.sa_family = family == Family::ipv4 ? AF_INET : AF_INET6;
  if (source) length = to_socket_address(source, address);
  set_port(address, port);
  return ::bind(socket, &address.any, length) == 0;
}

std::uint16_t bound_port(int socket) noexcept {
  SocketAddress address{};
  socklen_t length = sizeof address;
  return ::getsockname(socket, &address.any, &length) == 0 ? port_of(address) : std::uint16_t{0};
}

bool bind_to_device(int socket, const std::string& device) noexcept {
  // The kernel would truncate a longer name, and take another interface.
  if (device.size() >= IFNAMSIZ) {
    errno = ENODEV;
    return false;
  }
  return ::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size())) == 0;
}

std::error_code try_socket(TransportKind kind, Family family) noexcept {
  const int icmp = family == Family::ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  const int type = kind == TransportKind::raw ? SOCK_RAW : SOCK_DGRAM;
  const FileDescriptor socket = open_socket(family, type, kind == TransportKind::sockets ? IPPROTO_UDP : icmp);
  return socket ? std::error_code{} : last_error();
}

bool set_option(int socket, int level, int name, int value) noexcept {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

std::uint64_t network_of(int socket) noexcept {
  std::uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  return ::getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

int option(int socket, int level, int name) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(socket, level, name, &value, &length) == 0 ? value : 0;
}

bool force_buffer(int socket, int forced_name, std::size_t bytes) noexcept {
  return set_option(socket, SOL_SOCKET, forced_name, static_cast<int>(std::min(bytes, largest_buffer)));
}

void raise_buffer(int socket, int name, int forced_name, std::size_t bytes) noexcept {
  if (!force_buffer(socket, forced_name, bytes))
    set_option(socket, SOL_SOCKET, name, static_cast<int>(std::min(bytes, largest_buffer)));
}

void report_errors(int socket, Family family) noexcept {
  if (family == Family::ipv4) {
    set_option(socket, IPPROTO_IP, IP_RECVERR, 1);
    set_option(socket, IPPROTO_IP, IP_RECVERR_RFC4884, 1);
  } else {
    set_option(socket, IPPROTO_IPV6, IPV6_RECVERR, 1);
    set_option(socket, IPPROTO_IPV6, IPV6_RECVERR_RFC4884, 1);
  }
}

void report_ttl_and_tos(int socket, Family family) noexcept {
  if (family == Family::ipv4) {
    set_option(socket, IPPROTO_IP, IP_RECVTTL, 1);
    set_option(socket, IPPROTO_IP, IP_RECVTOS, 1);
  } else {
    set_option(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    set_option(socket, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
}

void report_interface(int socket, Family family) noexcept {
  if (family == Family::ipv4)
    set_option(socket, IPPROTO_IP, IP_PKTINFO, 1);
  else
    set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

void report_arrival(int socket) noexcept {
  set_option(socket, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
}

bool forbid_fragments(int socket, Family family, RememberedMtu remembered) noexcept {
  const bool ignored = remembered == RememberedMtu::ignored;
  if (family == Family::ipv4)
    return set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, ignored ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DO);
  return set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, ignored ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DO) &&
         set_option(socket, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

void allow_fragments(int socket) noexcept { set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT); }

void never_cut(int socket) noexcept {
  if (option(socket, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_WANT)
    set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
}

bool cut_again(int socket) noexcept {
  return option(socket, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_DO &&
         set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
}

void fill_random(void* bytes, std::size_t size) {
  thread_local RandomStore store;
  if (size > RandomStore::capacity) return get_random(bytes, size);
  store.take(bytes, size);
}

std::uint16_t random_id() {
  std::uint16_t id = 0;
  while (id == 0) fill_random(&id, sizeof id);
  return id;
}

}  // namespace multiping::os
