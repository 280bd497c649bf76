// Which message of ours stands behind each request to a proxy: every request has a number of its own, as its identifier
// and sequence number say it. Pure: time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "multiping/address.hpp"
#include "net/instant.hpp"

namespace multiping::proxy {

/// A request that went to the proxy.
struct ProxyEntry {
  Address to{};
  std::uint16_t sequence = 0;       ///< Of our message.
  std::uint16_t checksum = 0;       ///< Likewise.
  std::uint16_t wire_checksum = 0;  ///< Of the request.
  std::size_t payload_size = 0;     ///< Of our message.
  bool padded = false;              ///< The request has one byte more.
  bool awaited = true;
  net::Instant sent_at{};
};

/// Keeps requests in the order in which they were sent, so that a number is a place; and counts those that are awaited.
class ProxyTable {
 public:
  /// So long a reply may take.
  static constexpr Duration longest_wait = std::chrono::seconds{30};
  /// Beyond this many the oldest are forgotten.
  static constexpr std::size_t most_entries = std::size_t{1} << 17U;
  /// A request is fresh for so long: it may wait in the proxy still.
  static constexpr Duration freshness = std::chrono::milliseconds{50};

  explicit ProxyTable(std::uint32_t first_number) noexcept : first_{first_number} {}

  /// What is older than longest_wait is forgotten, and what is no longer fresh is known.
  void set_time(net::Instant now) noexcept;
  /// Fresh requests that are awaited.
  [[nodiscard]] std::size_t fresh() const noexcept { return fresh_awaited_; }
  /// When the first of them ceases to be fresh; the end of time where there is none.
  [[nodiscard]] net::Instant fresh_until() const noexcept;

  /// Of the request that is added next.
  [[nodiscard]] std::uint32_t next_number() const noexcept;
  void add(const ProxyEntry& entry);
  /// The newest was not sent after all; its number is the next again.
  void take_back() noexcept;

  /// Null for a number that is not of this table, or forgotten.
  [[nodiscard]] const ProxyEntry* find(std::uint32_t number) const noexcept;
  /// It is answered, or given up. A number that is unknown, or ended already, is left alone.
  void end(std::uint32_t number) noexcept;
  [[nodiscard]] std::size_t awaited() const noexcept { return awaited_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// The number of the oldest; those of the others follow.
  [[nodiscard]] std::uint32_t first_number() const noexcept { return first_; }

 private:
  void forget_oldest() noexcept;
  void end_at(std::size_t place) noexcept;

  std::deque<ProxyEntry> entries_;
  std::uint32_t first_;    ///< Number of the first entry; numbers wrap around.
  std::size_t stale_ = 0;  ///< Entries at the front that are not fresh.
  std::size_t awaited_ = 0, fresh_awaited_ = 0;
};

}  // namespace multiping::proxy
