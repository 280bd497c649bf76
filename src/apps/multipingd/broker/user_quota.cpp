// When a limit of sockets is reached, forgets those that have been closed, and checks again.
// See user_quota.hpp.
#include "apps/multipingd/broker/user_quota.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace multiping::daemon {
namespace {

constexpr std::size_t most_users = 1024;
// One request checks at most this many sockets. When there are more, the next request goes on with the others.
constexpr std::size_t most_looks = 256;
constexpr Duration between_looks = std::chrono::milliseconds{50};

/// How many sockets must be forgotten so that `count` more are within `limit`.
std::size_t excess(std::size_t present, std::size_t count, std::size_t limit) noexcept {
  return present + count - std::min(present + count, limit);
}

Duration until_next_look(std::size_t sockets) noexcept {
  return sockets > most_looks ? between_looks : Duration::zero();
}

}  // namespace

UserQuota::UserQuota(QuotaLimits limits, SocketLedger::IsOpen is_open)
    : limits_{limits}, rates_{limits.requests, most_users}, living_{std::move(is_open)} {}

std::optional<Refusal> UserQuota::refusal(uid_t user, std::size_t count, Instant now) {
  if (const Duration wait = rates_.take(user, now); wait > Duration::zero())
    return Refusal{"requests come too fast", wait};
  if (!make_room_of_user(user, count))
    return Refusal{"this user has too many sockets", until_next_look(living_.of(user))};
  if (!make_room(count)) return Refusal{"all users have too many sockets", until_next_look(living_.size())};
  return std::nullopt;
}

bool UserQuota::make_room_of_user(uid_t user, std::size_t count) {
  const std::size_t wanted = excess(living_.of(user), count, limits_.sockets_of_user);
  if (wanted > 0) living_.forget_closed(user, wanted, most_looks);
  return living_.of(user) + count <= limits_.sockets_of_user;
}

bool UserQuota::make_room(std::size_t count) {
  const std::size_t wanted = excess(living_.size(), count, limits_.sockets);
  if (wanted > 0) living_.forget_closed(wanted, most_looks);
  return living_.size() + count <= limits_.sockets;
}

}  // namespace multiping::daemon
