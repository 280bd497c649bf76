// Limits each user: how often it may ask, and how many sockets it may have open at once. Pure: time is an argument,
// and so is the function that tells whether a socket is open.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "apps/multipingd/broker/socket_ledger.hpp"
#include "base/monotonic_time.hpp"
#include "base/token_buckets.hpp"

namespace multiping::daemon {

struct QuotaLimits {
  Rate requests{};
  std::size_t sockets_of_user = 0;
  std::size_t sockets = 0;
};

/// Why a request is refused, and the time after which another may succeed; zero: waiting does not help.
struct Refusal {
  std::string_view why{};
  Duration retry_after{};
};

class UserQuota {
 public:
  UserQuota(QuotaLimits limits, SocketLedger::IsOpen is_open);

  /// None when `count` sockets may be made for this user. Each call counts as a request.
  [[nodiscard]] std::optional<Refusal> refusal(uid_t user, std::size_t count, Instant now);
  /// Counts a socket that was handed over.
  void add(uid_t user, std::uint16_t id) { living_.add(user, id); }
  [[nodiscard]] std::size_t living() const noexcept { return living_.size(); }

 private:
  [[nodiscard]] bool make_room_of_user(uid_t user, std::size_t count);
  [[nodiscard]] bool make_room(std::size_t count);

  QuotaLimits limits_;
  TokenBuckets<uid_t> rates_;
  SocketLedger living_;
};

}  // namespace multiping::daemon
