// Only a last answer is progress: a name that is asked again and again does not prolong the wait for itself.
// See lookup_retry_schedule.hpp.
#include "resolve/lookup_retry_schedule.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "multiping/error.hpp"

namespace multiping::resolver {
namespace {

constexpr Duration first_pause = std::chrono::milliseconds{100};  // before a question is asked again; doubled each time
constexpr Duration longest_pause = std::chrono::seconds{1};
// A name server that answers at all does so sooner than getaddrinfo_lookup.cpp lets a lookup wait for a silent one.
constexpr Duration silence = std::chrono::milliseconds{900};

/// `wait` is not negative.
Time after(Time start, Duration wait) noexcept { return wait < Time::max() - start ? start + wait : Time::max(); }

}  // namespace

LookupRetrySchedule::LookupRetrySchedule(std::vector<Question> questions, const ResolveOptions& options, Time now)
    : parallel_{static_cast<std::size_t>(options.parallel)},
      open_{questions.size()},
      timeout_{options.timeout},
      budget_end_{Duration{options.budget} == Duration::zero() ? Time::max() : after(now, options.budget)},
      progress_{now} {
  known_.reserve(questions.size());
  entries_.reserve(questions.size());
  for (auto& question : questions)
    entries_.push_back({std::move(question), first_pause, Answer{{}, Errc::lookup_timeout}});
}

bool LookupRetrySchedule::has_due(Time now) const noexcept {
  if (under_way_ >= parallel_ || open_ == 0) return false;
  return fresh_ < entries_.size() || (!again_.empty() && again_.begin()->first <= now);
}

std::optional<std::size_t> LookupRetrySchedule::take(Time now) {
  if (!has_due(now)) return std::nullopt;
  ++under_way_;
  if (fresh_ < entries_.size()) return fresh_++;
  return again_.extract(again_.begin()).mapped();
}

void LookupRetrySchedule::put(std::size_t index, Answer answer, Duration took, Time now) noexcept {
  --under_way_;
  if (entries_[index].known) return;
  if (answer.try_again && ask_again(index, took, now)) return;
  entries_[index].answer = std::move(answer);
  progress_ = now;
  settle(index);
}

bool LookupRetrySchedule::ask_again(std::size_t index, Duration took, Time now) noexcept {
  auto& entry = entries_[index];
  try {
    again_.emplace(after(now, entry.pause), index);
  } catch (const std::bad_alloc&) {
    return false;
  }
  entry.pause = std::min(2 * entry.pause, longest_pause);
  entry.answer.error = took < silence ? Errc::lookup_failed : Errc::lookup_timeout;
  return true;
}

void LookupRetrySchedule::settle(std::size_t index) noexcept {
  entries_[index].known = true;
  known_.push_back(index);  // there is room: each entry comes once
  --open_;
}

std::size_t LookupRetrySchedule::pausing() const noexcept { return std::min(again_.size(), parallel_ - under_way_); }

Time LookupRetrySchedule::next_pause_end() const noexcept {
  return pausing() == 0 ? Time::max() : again_.begin()->first;
}

Time LookupRetrySchedule::deadline() const noexcept { return std::min(after(progress_, timeout_), budget_end_); }

void LookupRetrySchedule::end() noexcept {
  again_.clear();
  fresh_ = entries_.size();
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].known) settle(i);
}

void LookupRetrySchedule::end(std::error_code error) noexcept {
  for (auto& entry : entries_)
    if (!entry.known) entry.answer.error = error;
  end();
}

std::vector<Known> LookupRetrySchedule::take_known() {
  std::vector<Known> known;
  known.reserve(known_.size());
  for (const auto index : known_) known.push_back({index, std::move(entries_[index].answer)});
  known_.clear();
  return known;
}

std::size_t LookupRetrySchedule::parallel() const noexcept { return std::min(parallel_, entries_.size()); }

}  // namespace multiping::resolver
