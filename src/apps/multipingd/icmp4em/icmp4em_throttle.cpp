// Counts refusals in a record for each client, and forgets old records when there are too many.
// See icmp4em_throttle.hpp.
#include "apps/multipingd/icmp4em/icmp4em_throttle.hpp"

#include <algorithm>

namespace multiping::daemon {

Duration Icmp4emThrottle::pause(int number) const noexcept {
  Duration pause = rules_.first_pause;
  for (int doubled = 1; doubled < number && pause < rules_.longest_pause; ++doubled) pause *= 2;
  return std::min(pause, rules_.longest_pause);
}

/// Forgets clients whose last mute and window are at least `longest_pause` ago, when the records are full. False when
/// there is no room even then.
bool Icmp4emThrottle::make_room(Instant now) {
  if (records_.size() < rules_.most_watched) return true;
  std::erase_if(records_, [&](const auto& entry) {
    return now >= after(std::max(entry.second.until, entry.second.window), rules_.longest_pause);
  });
  return records_.size() < rules_.most_watched;
}

bool Icmp4emThrottle::refused(const Icmp4emClient& client, Instant now) {
  const auto found = records_.find(client);
  if (found == records_.end() && !make_room(now)) return false;
  Record& record = found != records_.end() ? found->second : records_[client];
  if (record.pauses > 0 && now < record.until) return false;  // a datagram that had arrived before the mute
  if (record.refusals == 0 || now >= after(record.window, rules_.window)) {
    if (now >= after(record.until, rules_.longest_pause)) record.pauses = 0;
    record.window = now;
    record.refusals = 0;
  }
  if (++record.refusals < rules_.most_refusals || muted_.size() >= rules_.most_muted) return false;
  record.refusals = 0;
  record.until = after(now, pause(++record.pauses));
  muted_.push_back(client);
  return true;
}

std::vector<Icmp4emClient> Icmp4emThrottle::release(Instant now) {
  const auto over = std::partition(muted_.begin(), muted_.end(), [&](const Icmp4emClient& client) {
    const auto found = records_.find(client);
    return found != records_.end() && now < found->second.until;
  });
  std::vector<Icmp4emClient> released{over, muted_.end()};
  muted_.erase(over, muted_.end());
  return released;
}

std::optional<Instant> Icmp4emThrottle::next_release() const {
  std::optional<Instant> next;
  for (const Icmp4emClient& client : muted_) {
    const auto found = records_.find(client);
    if (found != records_.end() && (!next || found->second.until < *next)) next = found->second.until;
  }
  return next;
}

}  // namespace multiping::daemon
