// Keeps the message that belongs to each request to a proxy. Every request has its own number, made of its identifier
// and sequence number. Pure: time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"

namespace multiping::icmp4em {

/// A request that was sent to the proxy.
struct ProxyEntry {
  Address to{};
  std::uint16_t sequence = 0;       ///< Of our message.
  std::uint16_t checksum = 0;       ///< Of our message.
  std::uint16_t wire_checksum = 0;  ///< Of the request.
  std::size_t payload_size = 0;     ///< Of our message.
  bool padded = false;              ///< The payload of the request has one more byte.
  bool awaited = true;
  Instant sent_at{};
};

/// Keeps requests in the order in which they were sent, so that a number gives a place in the table. Counts the awaited
/// ones.
class ProxyRequests {
 public:
  /// A reply may take this long.
  static constexpr Duration longest_wait = std::chrono::seconds{30};
  /// When there are more entries, the oldest is forgotten.
  static constexpr std::size_t most_entries = std::size_t{1} << 17U;
  /// A request is fresh for this long: it may still wait in the proxy's receive buffer.
  static constexpr Duration freshness = std::chrono::milliseconds{50};

  explicit ProxyRequests(std::uint32_t first_number) noexcept : first_{first_number} {}

  /// Forgets requests that are older than longest_wait, and finds those that are no longer fresh.
  void set_time(Instant now) noexcept;
  /// The number of awaited requests that were fresh at the last set_time().
  [[nodiscard]] std::size_t fresh() const noexcept { return fresh_awaited_; }
  /// The time at which the first of them is no longer fresh; Instant::max() when there is none.
  [[nodiscard]] Instant fresh_until() const noexcept;

  /// The number of the request that is added next.
  [[nodiscard]] std::uint32_t next_number() const noexcept;
  void add(const ProxyEntry& entry);
  /// Removes the newest request, which was not sent. Its number is the next one again.
  void take_back() noexcept;

  /// Null for a number that is not in the table, or is forgotten.
  [[nodiscard]] const ProxyEntry* find(std::uint32_t number) const noexcept;
  /// The request is answered or given up, and no longer awaited. Does nothing for an unknown or ended number.
  void end(std::uint32_t number) noexcept;
  [[nodiscard]] std::size_t awaited() const noexcept { return awaited_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// The number of the oldest request; those of the others follow it.
  [[nodiscard]] std::uint32_t first_number() const noexcept { return first_; }

 private:
  void forget_oldest() noexcept;
  void end_at(std::size_t place) noexcept;

  std::deque<ProxyEntry> entries_;
  std::uint32_t first_;    ///< Number of the first entry; numbers wrap around at 2^32.
  std::size_t stale_ = 0;  ///< Entries at the front that are not fresh.
  std::size_t awaited_ = 0, fresh_awaited_ = 0;
};

}  // namespace multiping::icmp4em
