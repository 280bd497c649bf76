// The pace at which the messages of one lane go out, learned from the calls that sent them: it tells the calls that
// something interrupted from the others. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "multiping/duration.hpp"

namespace multiping::net {

class SendPace {
 public:
  /// The time to count from one message to the next in a call that took `took` for `count` of them; learns from it.
  /// For a call that was interrupted it is the pace of other calls, or zero as long as none is known: messages count
  /// as sent too early rather than too late.
  [[nodiscard]] Duration step(Duration took, std::size_t count) noexcept {
    if (count == 0) return {};
    const auto messages = static_cast<Duration::rep>(count);
    const bool interrupted = took > (usual_ + usual_ / 2) * messages + start_of_call;
    const Duration own = std::max(took, Duration{}) / messages;
    const Duration counted = interrupted ? known_ : own;
    if (count >= fewest_to_learn_from) learn(own, interrupted);
    return counted;
  }

 private:
  /// The first call is believed at once. Then down in a few calls, up only slowly: one call of eight that is
  /// interrupted changes little, and a host that has become slower for good is believed after some dozen calls.
  void learn(Duration own, bool interrupted) noexcept {
    const bool first = !interrupted && known_ == Duration{};
    if (first)
      usual_ = own;
    else if (own < usual_)
      usual_ -= (usual_ - own + Duration{3}) / 4;
    else
      usual_ = std::min(own, usual_ + usual_ / 16 + Duration{1});
    if (!interrupted || known_ > Duration{}) known_ = usual_;
  }

  /// Beside its messages a call costs this at most: the way into the kernel, and caches that are cold.
  static constexpr Duration start_of_call = std::chrono::microseconds{20};
  static constexpr std::size_t fewest_to_learn_from = 4;

  Duration usual_ = std::chrono::microseconds{8};  ///< At first: as slow as an ordinary host may be.
  Duration known_{};                               ///< `usual_`, once a call has shown it.
};

}  // namespace multiping::net
