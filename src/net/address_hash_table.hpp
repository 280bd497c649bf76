// A hash table from address and ports to a value, in flat memory: open addressing with linear probing.
// Entries are not erased one by one: stale ones are dropped when the table grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "multiping/address.hpp"
#include "values/address_kinds.hpp"

namespace multiping::net {

template <class Value>
class AddressMap {
 public:
  /// One or two port numbers.
  using Ports = std::uint32_t;

  [[nodiscard]] bool empty() const noexcept { return used_ == 0; }

  /// Visits the entries with these octets and ports, whatever their zone, until `visit` returns true.
  template <class Visit>
  bool any(const Address& address, Ports ports, Visit visit) {
    if (slots_.empty()) return false;
    for (std::size_t place = start(address, ports); slots_[place].address; place = next(place)) {
      Slot& slot = slots_[place];
      if (slot.ports == ports && same_octets(slot.address, address) && visit(std::as_const(slot.address), slot.value))
        return true;
    }
    return false;
  }

  /// Returns null where there is no entry. The pointer is valid until at() is called.
  [[nodiscard]] Value* find(const Address& address, Ports ports) {
    Value* found = nullptr;
    any(address, ports, [&](const Address& kept, Value& value) {
      if (kept == address) found = &value;
      return found != nullptr;
    });
    return found;
  }

  /// Returns the value of an entry; adds a default Value where there is none. When the table grows, only the entries
  /// for which `keep` returns true stay.
  template <class Keep>
  Value& at(const Address& address, Ports ports, Keep keep) {
    if (Value* found = find(address, ports)) return *found;
    if (4 * (used_ + 1) > 3 * slots_.size()) grow(keep);
    return insert({.address = address, .ports = ports, .value = {}});
  }

 private:
  struct Slot {
    Address address{};  ///< Empty: the slot is free.
    Ports ports = 0;
    Value value{};
  };

  /// The zone is not hashed, so that an address can be found without it.
  [[nodiscard]] std::size_t start(const Address& address, Ports ports) const noexcept {
    std::uint64_t mixed = ports;
    for (const std::uint8_t octet : address.bytes()) mixed = (mixed ^ octet) * 0x100000001B3U;
    return static_cast<std::size_t>((mixed * 0x9E3779B97F4A7C15U) >> 32) & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t place) const noexcept { return (place + 1) & (slots_.size() - 1); }

  Value& insert(Slot slot) {
    std::size_t place = start(slot.address, slot.ports);
    while (slots_[place].address) place = next(place);
    ++used_;
    return (slots_[place] = std::move(slot)).value;
  }

  template <class Keep>
  void grow(Keep keep) {
    std::vector<Slot> kept;
    for (Slot& slot : slots_)
      if (slot.address && keep(std::as_const(slot.value))) kept.push_back(std::move(slot));
    std::size_t size = 16;
    while (size < 2 * (kept.size() + 1)) size *= 2;  // at most half full
    slots_.assign(size, {});
    used_ = 0;
    for (Slot& slot : kept) insert(std::move(slot));
  }

  std::vector<Slot> slots_;  ///< Its size is a power of two, or 0.
  std::size_t used_ = 0;
};

}  // namespace multiping::net
