// Which clients go on asking although they are refused: they are not listened to for a while, so that their datagrams
// take no room and no time from others. Pure, time is an argument.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "net/instant.hpp"
#include "proxy/icmp4em_relay.hpp"

namespace multiping::proxy {

/// A client that is refused `most_refusals` times within `window` is mute for `first_pause`, twice as long each time
/// that it comes again, up to `longest_pause`; after such a time in good order it begins anew.
struct MuteRules {
  int most_refusals = 256;
  Duration window = std::chrono::milliseconds{100};
  Duration first_pause = std::chrono::milliseconds{250};
  Duration longest_pause = std::chrono::seconds{8};
  std::size_t most_muted = 32;
  std::size_t most_watched = 1024;
};

class Icmp4emMutes {
 public:
  explicit Icmp4emMutes(const MuteRules& rules = {}) : rules_{rules} {}

  /// This client was refused once more. True when it is mute from now on.
  bool refused(const Icmp4emClient& client, net::Instant now);
  /// Those whose time is over; they are mute no more.
  [[nodiscard]] std::vector<Icmp4emClient> release(net::Instant now);
  [[nodiscard]] bool is_muted(const Icmp4emClient& client) const noexcept {
    return !muted_.empty() && std::find(muted_.begin(), muted_.end(), client) != muted_.end();
  }
  [[nodiscard]] const std::vector<Icmp4emClient>& muted() const noexcept { return muted_; }
  /// When the next one is to be released; nothing while nobody is mute.
  [[nodiscard]] std::optional<net::Instant> next_release() const;

 private:
  struct Record {
    net::Instant window{};  ///< Its begin.
    int refusals = 0;       ///< Since then.
    int pauses = 0;
    net::Instant until{};  ///< End of the last pause.
  };
  [[nodiscard]] bool make_room(net::Instant now);
  [[nodiscard]] Duration pause(int number) const noexcept;

  MuteRules rules_;
  std::unordered_map<Icmp4emClient, Record> records_;
  std::vector<Icmp4emClient> muted_;
};

}  // namespace multiping::proxy
