// A double-ended queue that allocates nothing until an element is added, for queues that most objects never use.
// An empty std::deque of libstdc++ makes two allocations.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

namespace multiping {

/// Has a part of the interface of std::deque, with the same meaning.
template <class Value>
class QueueAllocatedOnUse {
 public:
  [[nodiscard]] bool empty() const noexcept { return !values_ || values_->empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_ ? values_->size() : 0; }
  [[nodiscard]] Value& operator[](std::size_t place) noexcept { return (*values_)[place]; }
  [[nodiscard]] const Value& operator[](std::size_t place) const noexcept { return (*values_)[place]; }
  [[nodiscard]] Value& front() noexcept { return values_->front(); }
  [[nodiscard]] const Value& front() const noexcept { return values_->front(); }

  void push_back(const Value& value) { all().push_back(value); }
  void push_front(const Value& value) { all().push_front(value); }
  void resize(std::size_t size) { all().resize(size); }
  void pop_back() noexcept { values_->pop_back(); }
  void pop_front() noexcept { values_->pop_front(); }
  void clear() noexcept {
    if (values_) values_->clear();
  }

  /// Calls `visit` with each element, from the front to the back.
  template <class Visit>
  void each(Visit visit) const {
    if (!values_) return;
    for (const Value& value : *values_) visit(value);
  }

 private:
  [[nodiscard]] std::deque<Value>& all() { return values_ ? *values_ : values_.emplace(); }

  std::optional<std::deque<Value>> values_{};
};

}  // namespace multiping
