// Limits how often each client may ask, by a bucket of tokens for each of a bounded number of clients. Pure: time is an
// argument. Header only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <unordered_map>

#include "base/monotonic_time.hpp"

namespace multiping {

struct Rate {
  double per_second = 0;  ///< 0: unlimited.
  double burst = 1;       ///< Requests that may come at once; less than 1 counts as 1.
};

/// `Client` is any hashable type: a user or an address.
template <class Client>
class TokenBuckets {
 public:
  /// Keeps at most `most_clients` buckets. When a new client needs one more, clients with a full bucket are forgotten
  /// first; if there is none, new clients share one bucket.
  TokenBuckets(Rate rate, std::size_t most_clients)
      : rate_{rate.per_second, std::max(rate.burst, 1.0)}, most_clients_{most_clients} {}

  /// Takes one token and returns zero. When there is none, returns the time until there is one.
  [[nodiscard]] Duration take(const Client& client, Instant now) {
    if (rate_.per_second <= 0) return Duration::zero();
    Bucket& bucket = bucket_of(client, now);
    bucket = {.tokens = tokens(bucket, now), .filled = std::max(bucket.filled, now)};
    if (bucket.tokens < 1) return time_for(1 - bucket.tokens);
    bucket.tokens -= 1;
    return Duration::zero();
  }
  /// Gives back a token that was taken but not used.
  void give_back(const Client& client) noexcept {
    const auto found = buckets_.find(client);
    if (found != buckets_.end()) found->second.tokens = std::min(rate_.burst, found->second.tokens + 1);
  }
  [[nodiscard]] std::size_t clients() const noexcept { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    Instant filled{};
  };
  /// The least time between two searches for full buckets: a search looks at every client, and any new client can cause
  /// one.
  static constexpr Duration between_clean_ups = std::chrono::milliseconds{100};

  [[nodiscard]] double tokens(const Bucket& bucket, Instant now) const noexcept {
    const double seconds = std::max(0.0, std::chrono::duration<double>(now - bucket.filled).count());
    return std::min(rate_.burst, bucket.tokens + seconds * rate_.per_second);
  }

  /// Rounded up, so that the token is there after exactly this time.
  [[nodiscard]] Duration time_for(double missing) const noexcept {
    constexpr double longest = 1e9;  // seconds
    const double seconds = std::min(missing / rate_.per_second, longest);
    return Duration{static_cast<Duration::rep>(std::ceil(seconds * 1e9)) + 1};
  }

  Bucket& bucket_of(const Client& client, Instant now) {
    const auto found = buckets_.find(client);
    if (found != buckets_.end()) return found->second;
    if (buckets_.size() >= most_clients_) forget_full(now);
    if (buckets_.size() >= most_clients_) return shared_bucket(now);
    return buckets_.emplace(client, Bucket{.tokens = rate_.burst, .filled = now}).first->second;
  }

  Bucket& shared_bucket(Instant now) {
    if (!shared_used_) shared_ = {.tokens = rate_.burst, .filled = now};
    shared_used_ = true;
    return shared_;
  }

  void forget_full(Instant now) {
    if (cleaned_up_ && now < after(last_clean_up_, between_clean_ups)) return;
    cleaned_up_ = true;
    last_clean_up_ = now;
    std::erase_if(buckets_, [&](const auto& entry) { return tokens(entry.second, now) >= rate_.burst; });
  }

  Rate rate_;
  std::size_t most_clients_;
  std::unordered_map<Client, Bucket> buckets_;
  Bucket shared_{};
  bool shared_used_ = false;
  Instant last_clean_up_{};
  bool cleaned_up_ = false;
};

}  // namespace multiping
