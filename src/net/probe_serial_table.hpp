// A map from the serial of a probe to a value, in a queue that moves on with the window of serials.
// Serials come nearly in order, so the distance of a serial from the first one is an index into the queue.
#pragma once

#include <cstddef>

#include "base/queue_allocated_on_use.hpp"
#include "net/probe_transport.hpp"

namespace multiping::net {

/// A serial between two others for which nothing was put has a default Value.
template <class Value>
class ProbeSerialTable {
 public:
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  /// The values are those of the serials in [first, end).
  [[nodiscard]] Serial first() const noexcept { return first_; }
  [[nodiscard]] Serial end() const noexcept { return first_ + values_.size(); }
  [[nodiscard]] Value& front() noexcept { return values_.front(); }

  /// Returns null for a serial outside [first, end).
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
  /// The index of a serial that is not below `first_`.
  [[nodiscard]] std::size_t place(Serial serial) const noexcept { return static_cast<std::size_t>(serial - first_); }

  QueueAllocatedOnUse<Value> values_;
  Serial first_ = 0;  ///< The serial of values_[0].
};

}  // namespace multiping::net
