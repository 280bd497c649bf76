// Learns the pace at which the messages of one socket go out from the calls that sent them. It tells calls that were
// interrupted from others. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "multiping/duration.hpp"

namespace multiping::net {

class SendTimeSpacing {
 public:
  /// Returns the time from one message to the next in a call that took `took` for `count` messages, and learns from it.
  /// For an interrupted call this is the pace of other calls, or zero while none is known: messages count as sent too
  /// early rather than too late.
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
  /// The first uninterrupted call sets the pace. Later the pace falls within a few calls and rises only slowly: one
  /// interrupted call of eight changes little, and a host that has become slower for good is followed after some dozen
  /// calls.
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

  /// The most that a call takes beside its messages: the entry into the kernel, and cold caches.
  static constexpr Duration start_of_call = std::chrono::microseconds{20};
  static constexpr std::size_t fewest_to_learn_from = 4;

  Duration usual_ = std::chrono::microseconds{8};  ///< Begins with the pace of a slow but ordinary host.
  Duration known_{};                               ///< `usual_`, once a call has shown it; 0 before.
};

}  // namespace multiping::net
