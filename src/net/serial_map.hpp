// Something kept for each of many probes, found by the serial: flat memory that moves on with the window.
// Serials come nearly in order, so they count places in a queue.
#pragma once

#include <cstddef>

#include "net/rare_queue.hpp"
#include "net/transport.hpp"

namespace multiping::net {

/// A serial between two others for which nothing was put has a default Value.
template <class Value>
class SerialMap {
 public:
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  /// What there is, is for serials of [first, end).
  [[nodiscard]] Serial first() const noexcept { return first_; }
  [[nodiscard]] Serial end() const noexcept { return first_ + values_.size(); }
  [[nodiscard]] Value& front() noexcept { return values_.front(); }

  /// Null for a serial outside.
  [[nodiscard]] Value* find(Serial serial) noexcept {
    return serial >= first_ && serial - first_ < values_.size() ? &values_[place(serial)] : nullptr;
  }

  void put(Serial serial, const Value& value) {
    if (values_.empty()) first_ = serial;
    for (; serial < first_; --first_) values_.push_front({});
    if (serial - first_ >= values_.size()) values_.resize(place(serial) + 1);
    values_[place(serial)] = value;
  }

  void pop_front() noexcept {
    values_.pop_front();
    ++first_;
  }

 private:
  /// Of a serial that is not before the first.
  [[nodiscard]] std::size_t place(Serial serial) const noexcept { return static_cast<std::size_t>(serial - first_); }

  RareQueue<Value> values_;
  Serial first_ = 0;  ///< Of values_[0].
};

}  // namespace multiping::net
