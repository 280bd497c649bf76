// Decides which clients to mute for a while: those that go on asking although they are refused. Their datagrams are
// then dropped, and take no room and no time from other clients. Pure: time is an argument.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "apps/multipingd/icmp4em/icmp4em_relay.hpp"
#include "base/monotonic_time.hpp"

namespace multiping::daemon {

/// A client that is refused `most_refusals` times within `window` is muted for `first_pause`. Each further time it is
/// muted for twice as long, up to `longest_pause`. `longest_pause` after its last mute it starts with `first_pause`
/// again.
struct ThrottleRules {
  int most_refusals = 256;
  Duration window = std::chrono::milliseconds{100};
  Duration first_pause = std::chrono::milliseconds{250};
  Duration longest_pause = std::chrono::seconds{8};
  std::size_t most_muted = 32;
  std::size_t most_watched = 1024;
};

class Icmp4emThrottle {
 public:
  explicit Icmp4emThrottle(const ThrottleRules& rules = {}) : rules_{rules} {}

  /// Counts one more refusal of this client. True when the client is muted from now on.
  bool refused(const Icmp4emClient& client, Instant now);
  /// Ends the refusals whose time is over, and returns their clients.
  [[nodiscard]] std::vector<Icmp4emClient> release(Instant now);
  [[nodiscard]] bool is_muted(const Icmp4emClient& client) const noexcept {
    return !muted_.empty() && std::find(muted_.begin(), muted_.end(), client) != muted_.end();
  }
  [[nodiscard]] const std::vector<Icmp4emClient>& muted() const noexcept { return muted_; }
  /// The time at which the next mute ends; none while no client is muted.
  [[nodiscard]] std::optional<Instant> next_release() const;

 private:
  struct Record {
    Instant window{};  ///< Begin of the current window.
    int refusals = 0;  ///< In the current window.
    int pauses = 0;
    Instant until{};  ///< End of the last mute.
  };
  [[nodiscard]] bool make_room(Instant now);
  [[nodiscard]] Duration pause(int number) const noexcept;

  ThrottleRules rules_;
  std::unordered_map<Icmp4emClient, Record> records_;
  std::vector<Icmp4emClient> muted_;
};

}  // namespace multiping::daemon
