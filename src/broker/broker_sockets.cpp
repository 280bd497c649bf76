// Keeps the fetched sockets and the last failure under one mutex, and asks the broker without it.
// See broker_sockets.hpp.
#include "broker/broker_sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "os/clock.hpp"
#include "os/socket_basics.hpp"

namespace multiping::broker {
namespace {

using namespace std::chrono_literals;

constexpr Duration memory_of_failures = 100ms;
constexpr Duration memory_of_waiting = 1s;

bool took_long(std::error_code error) noexcept {
  return error == std::errc::timed_out || error == std::errc::resource_unavailable_try_again;
}

}  // namespace

os::PingSocket BrokerSockets::fetch() {
  const Instant until = BrokerClient::deadline();
  BrokerAnswer v4 = client_.ask(Family::ipv4, {}, receive_buffer_, until);
  // A broker that fails for IPv4 would fail for IPv6 too, unless the system refused the socket to the broker.
  if (v4.got.may_pass) return std::move(v4.got);
  BrokerAnswer v6 = client_.ask(Family::ipv6, {}, receive_buffer_, until);
  has_ = {!v4.got.error, !v6.got.error || v6.got.may_pass};
  if (v4.got.error && v6.got.error) return std::move(v4.got);
  look_at(v4.got.socket ? v4.got.socket : v6.got.socket);
  const std::lock_guard lock{mutex_};
  if (v4.got.socket) fetched_[index(Family::ipv4)] = std::move(v4.got);
  if (v6.got.socket) fetched_[index(Family::ipv6)] = std::move(v6.got);
  fetched_by_ = ::getpid();
  return {};
}

/// The two network namespaces differ, for instance, when the broker is on the host and the client in a container.
void BrokerSockets::look_at(const os::FileDescriptor& socket) noexcept {
  takes_mark_ = os::set_option(socket.value(), SOL_SOCKET, SO_MARK, 0);
  const os::FileDescriptor own = os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP);
  elsewhere_ = own && os::network_of(own.value()) != os::network_of(socket.value());
}

/// A forked process has the same sockets, and either process could receive the answers. So the child drops them.
os::PingSocket BrokerSockets::take_fetched(Family family) noexcept {
  if (fetched_by_ != ::getpid()) fetched_ = {};
  return std::exchange(fetched_[index(family)], {});
}

os::PingSocket BrokerSockets::last_failure() const {
  os::PingSocket none;
  if (!failure_.error || os::monotonic_now() >= failure_.until) return none;
  none.error = failure_.error;
  none.doing = failure_.doing;
  none.may_pass = true;
  return none;
}

/// Does not remember that descriptors or memory have run out: this process may free some at once.
void BrokerSockets::remember(const os::PingSocket& failure) {
  if (!failure.may_pass || os::concerns_all(failure.error)) return;
  const Duration memory = took_long(failure.error) ? memory_of_waiting : memory_of_failures;
  const std::lock_guard lock{mutex_};
  failure_ = {failure.error, failure.doing, os::monotonic_now() + memory};
}

os::PingSocket BrokerSockets::ping_socket(Family family, const Address& source, std::size_t receive_buffer) {
  {
    const std::lock_guard lock{mutex_};
    os::PingSocket ready = source ? os::PingSocket{} : take_fetched(family);
    if (!ready.socket) ready = last_failure();
    if (ready.socket || ready.error) return ready;
  }
  BrokerAnswer answer = client_.ask(family, source, receive_buffer);
  if (answer.got.error) remember(answer.got);
  return std::move(answer.got);
}

}  // namespace multiping::broker
