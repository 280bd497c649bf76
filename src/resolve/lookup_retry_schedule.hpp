// The questions of one call: which is due, which is asked again, which answers are known, and when the wait ends.
// Uses no threads and no clock: time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "multiping/options.hpp"
#include "resolve/single_lookup.hpp"

namespace multiping::resolver {

using Time = std::chrono::steady_clock::time_point;

/// The answer to one of the questions.
struct Known {
  std::size_t question = 0;  ///< Its index in the list.
  Answer answer{};
};

class LookupRetrySchedule {
 public:
  /// `options` are in range; `now` is when the call began.
  LookupRetrySchedule(std::vector<Question> questions, const ResolveOptions& options, Time now);

  /// A question that may be asked now, which is under way from then on; none when no question is due, or when
  /// options.parallel are under way. Questions that were never asked go first, so that a failing one does not delay the
  /// others.
  [[nodiscard]] std::optional<std::size_t> take(Time now);
  [[nodiscard]] bool has_due(Time now) const noexcept;
  [[nodiscard]] const Question& question(std::size_t index) const { return entries_[index].question; }
  /// Enters the answer to a question that was taken `took` ago, or has the question asked again after a pause when
  /// `answer.try_again`.
  void put(std::size_t index, Answer answer, Duration took, Time now) noexcept;

  /// How many questions wait for the end of a pause and may be asked then.
  [[nodiscard]] std::size_t pausing() const noexcept;
  /// When the first such pause ends; Time::max() when there is none.
  [[nodiscard]] Time next_pause_end() const noexcept;

  /// When the wait ends: options.timeout after the last progress, and no later than at the end of options.budget.
  [[nodiscard]] Time deadline() const noexcept;
  /// Gives each pending question its last answer: it has timed out, or its lookups were turned down. Later answers are
  /// dropped.
  void end() noexcept;
  /// The same with `error` for all pending questions.
  void end(std::error_code error) noexcept;

  [[nodiscard]] bool has_known() const noexcept { return !known_.empty(); }
  /// The answers that have become known since the last call. Each question comes once.
  [[nodiscard]] std::vector<Known> take_known();
  [[nodiscard]] bool complete() const noexcept { return open_ == 0; }
  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }
  /// The most lookups that can be under way at once.
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
  std::vector<std::size_t> known_{};          ///< Questions whose answers were not taken yet.
  std::multimap<Time, std::size_t> again_{};  ///< Questions to be asked again, by the end of their pause.
  std::size_t parallel_;
  std::size_t fresh_ = 0;  ///< Entries from here on were never taken.
  std::size_t open_;       ///< Entries without a last answer.
  std::size_t under_way_ = 0;
  Duration timeout_;
  Time budget_end_;
  Time progress_;  ///< When a question was last answered; at first when the call began.
};

}  // namespace multiping::resolver
