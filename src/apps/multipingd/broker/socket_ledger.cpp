// Keeps the identifiers of each user in a queue: a socket that is still open goes to its end.
// See socket_ledger.hpp.
#include "apps/multipingd/broker/socket_ledger.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "os/socket_basics.hpp"

namespace multiping::daemon {

bool IdentifierProbe::operator()(std::uint16_t id) {
  if (!socket_) {
    socket_ = os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_ICMP);
    os::set_option(socket_.value(), SOL_SOCKET, SO_REUSEADDR, 0);
  }
  if (!socket_ || !os::bind_to(socket_.value(), Family::ipv4, {}, id)) return true;
  socket_ = {};  // the bind has succeeded: this socket must give the identifier back
  return false;
}

void SocketLedger::add(uid_t user, std::uint16_t id) {
  forget(id);
  users_[user].push_back(id);
  owners_[id] = user;
}

std::size_t SocketLedger::of(uid_t user) const noexcept {
  const auto found = users_.find(user);
  return found == users_.end() ? 0 : found->second.size();
}

void SocketLedger::forget(std::uint16_t id) {
  const auto owner = owners_.find(id);
  if (owner == owners_.end()) return;
  const auto user = users_.find(owner->second);
  std::erase(user->second, id);
  if (user->second.empty()) users_.erase(user);
  owners_.erase(owner);
}

// Checks the first of `ids`: moves it to the end when it is open, else forgets it.
bool SocketLedger::still_open(Ids& ids) {
  const std::uint16_t id = ids.front();
  const bool open = is_open_(id);
  ids.pop_front();
  if (open) {
    ids.push_back(id);
  } else {
    owners_.erase(id);
  }
  return open;
}

void SocketLedger::forget_closed(uid_t user, std::size_t wanted, std::size_t most) {
  const auto found = users_.find(user);
  if (found == users_.end()) return;
  Ids& ids = found->second;
  std::size_t forgotten = 0;
  for (std::size_t looks = std::min(most, ids.size()); looks > 0 && forgotten < wanted; --looks)
    forgotten += still_open(ids) ? 0U : 1U;
  if (ids.empty()) users_.erase(found);
}

// Checks the sockets of one user after the other, so that a cycle through all users checks each socket once.
void SocketLedger::forget_closed(std::size_t wanted, std::size_t most) {
  const std::size_t aim = size() - std::min(size(), wanted);
  for (std::size_t looks = std::min(most, size()); looks > 0 && size() > aim; --looks) {
    if (left_of_user_ == 0 || !users_.contains(cycle_at_)) next_user();
    --left_of_user_;
    forget_closed(cycle_at_, 1, 1);
  }
}

void SocketLedger::next_user() {
  auto next = users_.upper_bound(cycle_at_);
  if (next == users_.end()) next = users_.begin();
  cycle_at_ = next->first;
  left_of_user_ = next->second.size();
}

}  // namespace multiping::daemon
