// Keeps a spare descriptor to turn clients away with. When even that fails, it pauses for 50 ms.
// See client_acceptor.hpp.
#include "apps/multipingd/broker/client_acceptor.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr int clients_at_once = 16;
constexpr int longest_queue = 4096;  // the kernel's own limit of a backlog, unless it is raised
constexpr Duration longest_rest = std::chrono::milliseconds{50};

}  // namespace

ClientAcceptor::ClientAcceptor(os::EventLoop& loop, os::FileDescriptor listener, Admit admit)
    : loop_{loop}, listener_{std::move(listener)}, admit_{std::move(admit)} {
  take_spare();
  listen();
}

void ClientAcceptor::take_waiting() {
  for (int i = 0; i < longest_queue && listener_ && !resting_; ++i) {
    if (!accept_one()) return;
  }
}

void ClientAcceptor::stop() noexcept {
  if (resting_) loop_.cancel(*resting_);
  if (listener_) loop_.unwatch(listener_.value());
  listener_ = {};
  spare_ = {};
}

void ClientAcceptor::listen() {
  resting_.reset();
  loop_.watch(listener_.value(), [this] { accept_some(); });
}

void ClientAcceptor::accept_some() {
  for (int i = 0; i < clients_at_once && listener_; ++i) {
    if (!accept_one()) return;
  }
}

os::FileDescriptor ClientAcceptor::next() const noexcept {
  return os::FileDescriptor{::accept4(listener_.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
}

/// True when more clients may wait.
bool ClientAcceptor::accept_one() {
  if (os::FileDescriptor client = next()) {
    admit_(std::move(client), Room::yes);
    return true;
  }
  if (errno == EINTR || errno == ECONNABORTED) return true;
  if (errno == EAGAIN) return false;
  if (os::concerns_all(os::last_error()) && turn_one_away()) return true;
  // The listener stays readable, so the loop would call back without end.
  rest();
  return false;
}

bool ClientAcceptor::turn_one_away() {
  spare_ = {};
  os::FileDescriptor client = next();
  const bool came = static_cast<bool>(client);
  if (came) admit_(std::move(client), Room::no);
  client = {};
  take_spare();
  return came;
}

void ClientAcceptor::take_spare() noexcept {
  if (listener_) spare_ = os::FileDescriptor{::fcntl(listener_.value(), F_DUPFD_CLOEXEC, 0)};
}

void ClientAcceptor::rest() {
  loop_.unwatch(listener_.value());
  resting_ = loop_.once(longest_rest, [this] { listen(); });
}

}  // namespace multiping::daemon
