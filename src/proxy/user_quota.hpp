// How much each user may have: requests in time, and sockets that are alive at once. Pure: time is an argument, and
// so is who knows which sockets are open.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/instant.hpp"
#include "proxy/living_sockets.hpp"
#include "proxy/rate_limits.hpp"

namespace multiping::proxy {

struct QuotaLimits {
  Rate requests{};
  std::size_t sockets_of_user = 0;
  std::size_t sockets = 0;
};

/// Why a user has to wait, and how long; zero: not by waiting.
struct Refusal {
  std::string_view why{};
  Duration retry_after{};
};

class UserQuota {
 public:
  UserQuota(QuotaLimits limits, LivingSockets::IsOpen is_open);

  /// None: `count` sockets may be made for this user.
  [[nodiscard]] std::optional<Refusal> refusal(uid_t user, std::size_t count, net::Instant now);
  /// This socket was handed over.
  void add(uid_t user, std::uint16_t id) { living_.add(user, id); }
  [[nodiscard]] std::size_t living() const noexcept { return living_.size(); }

 private:
  [[nodiscard]] bool make_room_of_user(uid_t user, std::size_t count);
  [[nodiscard]] bool make_room(std::size_t count);

  QuotaLimits limits_;
  RateLimits<uid_t> rates_;
  LivingSockets living_;
};

}  // namespace multiping::proxy
