// The questions of one call: which is due, which is asked again, what is known, and how long that is worth waiting for.
// Knows no thread and no clock: time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "multiping/options.hpp"
#include "resolve/lookup.hpp"

namespace multiping::resolver {

using Time = std::chrono::steady_clock::time_point;

/// The answer to one of the questions.
struct Known {
  std::size_t question = 0;  ///< Its place in the list.
  Answer answer{};
};

class LookupBoard {
 public:
  /// `options` are in range; `now` is when the call began.
  LookupBoard(std::vector<Question> questions, const ResolveOptions& options, Time now);

  /// A question that may be asked now; none when there is no such one, or when options.parallel are under way. Those
  /// that were never asked go first, so that one in trouble does not hold up the rest.
  [[nodiscard]] std::optional<std::size_t> take(Time now);
  [[nodiscard]] bool has_due(Time now) const noexcept;
  [[nodiscard]] const Question& question(std::size_t index) const { return entries_[index].question; }
  /// What came of a question that was taken `took` ago: an answer, or a reason to ask again after a pause.
  void put(std::size_t index, Answer answer, Duration took, Time now) noexcept;

  /// How many questions wait for the end of a pause and may be asked then.
  [[nodiscard]] std::size_t pausing() const noexcept;
  /// When the first such pause ends; the end of time where there is none.
  [[nodiscard]] Time next_pause_end() const noexcept;

  /// When nobody need wait any longer: options.timeout after the last progress, and no later than options.budget.
  [[nodiscard]] Time deadline() const noexcept;
  /// What is pending has its last answer: that it timed out, or that it was turned down. What comes later is dropped.
  void end() noexcept;
  /// The same with an error for all of them.
  void end(std::error_code error) noexcept;

  [[nodiscard]] bool has_known() const noexcept { return !known_.empty(); }
  /// Each question comes once.
  [[nodiscard]] std::vector<Known> take_known();
  [[nodiscard]] bool complete() const noexcept { return open_ == 0; }
  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }
  /// As many lookups as may be under way at once.
  [[nodiscard]] std::size_t parallel() const noexcept;

 private:
  struct Entry {
    Question question{};
    Duration pause;
    Answer answer;
    bool known = false;
  };

  bool ask_again(std::size_t index, Duration took, Time now) noexcept;
  void settle(std::size_t index) noexcept;

  std::vector<Entry> entries_{};
  std::vector<std::size_t> known_{};  ///< Not taken yet.
  std::multimap<Time, std::size_t> again_{};
  std::size_t parallel_;
  std::size_t fresh_ = 0;  ///< Entries from here on were never taken.
  std::size_t open_;       ///< Entries without a last answer.
  std::size_t under_way_ = 0;
  Duration timeout_;
  Time budget_end_;
  Time progress_;  ///< When a question was answered last.
};

}  // namespace multiping::resolver
