// The routers between the prober and a host: which routers a request meets, and what each router does with it.
// They balance load by flow, limit their errors, lose requests, refuse them, or forward them in a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "sim/scenario.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// A packet on its way to the prober.
struct Delivery {
  Duration delay{};
  Bytes bytes{};
};

/// The hash by which routers balance load by flow. It covers the addresses, the protocol, the ports (for ICMP the
/// checksum and the identifier), and the flow label of IPv6.
[[nodiscard]] std::uint64_t flow_hash(const Datagram& request);

/// The routers that a request meets, nearest first; at most `most`.
[[nodiscard]] std::vector<const Hop*> way_of(const HostRule& rule, const Datagram& request, std::size_t most);

class TokenBucket {
 public:
  explicit TokenBucket(const RateLimit& limit) : limit_{limit}, tokens_{static_cast<double>(limit.burst)} {}
  /// Takes a token, and returns whether there was one. `now` must not go backwards.
  [[nodiscard]] bool take(Instant now);

 private:
  RateLimit limit_;
  double tokens_ = 0;
  std::optional<Instant> last_{};
};

/// The traffic of one router.
struct HopTraffic {
  std::uint64_t asked = 0;         ///< Requests whose way ended there, without lost ones.
  std::uint64_t answered = 0;      ///< Errors that it sent.
  std::uint64_t refused = 0;       ///< Requests for which it had no route.
  std::uint64_t limited = 0;       ///< Errors that a rate limit suppressed.
  std::uint64_t passed = 0;        ///< Requests that it forwarded.
  std::uint64_t lost = 0;          ///< Lost requests that would have ended there.
  std::uint64_t lost_passing = 0;  ///< Lost requests that it would have forwarded.
};
using RouterTraffic = std::unordered_map<Address, HopTraffic>;

class Routers {
 public:
  /// A request on its way.
  struct Passing {
    Instant now{};
    const Datagram& datagram;
    std::uint64_t random = 0;  ///< The random number of this request.
  };
  /// True when the request reaches the end of the path. Otherwise a router stopped it, and `out` has its error, if any.
  [[nodiscard]] bool pass(const HostRule& rule, const Passing& request, std::vector<Delivery>& out);

  [[nodiscard]] std::shared_ptr<const RouterTraffic> traffic() const noexcept { return traffic_; }

 private:
  /// The rate limits of a router.
  struct Memory {
    std::optional<TokenBucket> bucket{};
    std::unordered_map<Address, TokenBucket> target_buckets{};
  };
  [[nodiscard]] bool may_answer(const Hop& hop, const Passing& request);
  [[nodiscard]] bool forwards(const Hop& hop, bool last, const Passing& request, std::vector<Delivery>& out);
  enum class Reason : std::uint8_t { ttl, size, no_route };
  void answer(const Hop& hop, Reason reason, const Passing& request, std::vector<Delivery>& out);

  std::unordered_map<Address, Memory> memories_;
  std::shared_ptr<RouterTraffic> traffic_ = std::make_shared<RouterTraffic>();
};

}  // namespace multiping::test
