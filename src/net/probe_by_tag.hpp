// Finds probes by the tags that they carry: a hash table with open addressing and linear probing.
// Entries are not erased one by one: stale ones are dropped when the table grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "net/probe_transport.hpp"

namespace multiping::net {

/// A slot takes eight bytes. The table compares only the first four bytes of a tag, or two of a shorter tag; the caller
/// compares the rest.
class ProbeByTag {
 public:
  using Tag = std::span<const std::uint8_t>;

  /// Adds a probe with its tag of two bytes or more; each probe once. When the table grows, only the entries stay for
  /// which `keep` returns true; `keep` gets the low half of the serial.
  template <class Keep>
  void add(Tag tag, Serial serial, Keep keep) {
    make_room(keep);
    add(tag, serial);
  }

  /// The same in two steps. The first makes room for one probe and may throw std::bad_alloc; the second cannot fail.
  template <class Keep>
  void make_room(Keep keep) {
    if (4 * (used_ + 1) > 3 * slots_.size()) grow(keep);
  }
  void add(Tag tag, Serial serial) noexcept {
    has_short_ = has_short_ || tag.size() < long_tag;
    insert({.hash = hash_of(tag), .serial = static_cast<std::uint32_t>(serial)});
  }

  /// Visits the low halves of the serials whose tags may begin as these bytes do, until `visit` returns true.
  template <class Visit>
  bool any(Tag bytes, Visit visit) const {
    if (slots_.empty() || bytes.size() < short_tag) return false;
    if (bytes.size() >= long_tag && any_with(hash_of(bytes), visit)) return true;
    return (has_short_ || bytes.size() < long_tag) && any_with(hash_of(bytes.first(short_tag)), visit);
  }

 private:
  static constexpr std::size_t short_tag = 2, long_tag = 4;

  struct Slot {
    std::uint32_t hash = 0;  ///< 0: free.
    std::uint32_t serial = 0;
    friend bool operator==(const Slot&, const Slot&) = default;
  };

  [[nodiscard]] static std::uint32_t hash_of(Tag tag) noexcept {
    std::uint32_t hash = 0;
    std::memcpy(&hash, tag.data(), tag.size() >= long_tag ? long_tag : short_tag);
    return hash != 0 ? hash : 1;
  }
  [[nodiscard]] std::size_t start(std::uint32_t hash) const noexcept {
    return static_cast<std::size_t>((hash * 0x9E3779B97F4A7C15U) >> 32) & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t place) const noexcept { return (place + 1) & (slots_.size() - 1); }

  template <class Visit>
  bool any_with(std::uint32_t hash, Visit& visit) const {
    for (std::size_t place = start(hash); slots_[place].hash != 0; place = next(place))
      if (slots_[place].hash == hash && visit(slots_[place].serial)) return true;
    return false;
  }

  void insert(const Slot& slot) noexcept {
    std::size_t place = start(slot.hash);
    for (; slots_[place].hash != 0; place = next(place))
      if (slots_[place] == slot) return;  // the probe was taken back before, and is now sent again
    slots_[place] = slot;
    ++used_;
  }

  template <class Keep>
  void grow(Keep keep) {
    std::vector<Slot> kept;
    for (const Slot& slot : slots_)
      if (slot.hash != 0 && keep(slot.serial)) kept.push_back(slot);
    std::size_t size = 16;
    while (size < 2 * (kept.size() + 1)) size *= 2;  // at most half full
    slots_.assign(size, {});
    used_ = 0;
    for (const Slot& slot : kept) insert(slot);
  }

  std::vector<Slot> slots_;  ///< Its size is a power of two, or 0.
  std::size_t used_ = 0;
  bool has_short_ = false;
};

}  // namespace multiping::net
