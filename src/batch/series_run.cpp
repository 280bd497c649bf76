// A fate of a target is copied to each position of it; a round is handed out when the fates of all targets are known.
// See series_run.hpp.
#include "batch/series_run.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace multiping {
namespace {

using engine::RoundFate;

RoundFate figures_of(const SeriesLoop::Fate& fate) noexcept {
  return {.round = fate.round, .outcome = fate.result.outcome, .rtt = fate.result.rtt, .sent_at = fate.sent_at};
}

/// The number of a round in the public API: an int, which stays at its maximum.
int round_number(std::uint64_t round) noexcept {
  return static_cast<int>(std::min<std::uint64_t>(round, std::numeric_limits<int>::max()));
}

/// A copy of `result` for another position of the same target.
Result as_position(const Result& result, const Result& position) {
  Result copy = result;
  copy.host = position.host;
  copy.position = position.position;
  return copy;
}

}  // namespace

void FigureTable::publish() {
  for (const std::uint32_t target : run_.take_duplicates()) statistics(target).add_duplicate();
  for (std::uint32_t target = 0; target < figures_.size(); ++target) {
    const std::size_t first = run_.first_position(target);
    run_.each_position(target, [&](std::size_t position) {
      series_[position].slip = run_.slip(target);
      series_[position].address = run_.positions()[position].address;
      if (position != first) series_[position].statistics = series_[first].statistics;
    });
  }
}

std::vector<Series> run_series(TargetList targets, const SeriesOptions& options, const OnResult& on_result) {
  SeriesLoop run{std::move(targets), options, SeriesLoop::Pace::free};
  FigureTable table{run};
  while (const auto fate = run.next()) {
    if (!fate->result.duplicate) table.add(fate->target, figures_of(*fate));
    if (!on_result) continue;
    run.each_position(fate->target, [&](std::size_t position) {
      on_result(as_position(fate->result, run.positions()[position]), round_number(fate->round));
    });
  }
  table.finish();
  table.publish();
  return std::move(table).take();
}

void SeriesRun::begin() {
  if (begun_) throw std::logic_error("begin() of a PingSeries was called before; its rounds come once");
  if (polled_)
    throw std::logic_error("begin() of a PingSeries was called after poll(); its rounds come by one of them");
  advance();
  begun_ = true;
}

void SeriesRun::advance() {
  owner_.check();
  collect(Instant::max());
  ended_ = !has_round();
  ended_ ? table_.publish() : hand_out();
}

std::optional<Round> SeriesRun::poll(Duration wait) {
  owner_.check();
  if (begun_) throw std::logic_error("poll() of a PingSeries was called after begin(); its rounds come by one of them");
  polled_ = true;
  collect(after(run_.now(), wait));
  std::optional<Round> round;
  if (has_round()) {
    hand_out();
    round = std::move(round_);
  }
  if (!done()) {
    set_alarm();
  } else {
    if (!ended_) table_.publish();
    ended_ = true;
    descriptor_.end();
  }
  return round;
}

int SeriesRun::native_handle() noexcept {
  if (descriptor_.value() >= 0) return descriptor_.value();
  const int made = descriptor_.open(run_.descriptor(), run_.stop_token());
  set_alarm();
  return made;
}

/// Returns when the next round is whole, when no fate comes any more, or when `until` has come.
void SeriesRun::collect(Instant until) {
  run_.begin_look();
  while (!run_.stopped() && !has_round()) {
    if (!fate_) fate_ = run_.next(until);
    if (!fate_) break;
    place(*fate_);
    fate_.reset();
  }
}

void SeriesRun::place(const SeriesLoop::Fate& fate) {
  const auto at = static_cast<std::size_t>(fate.round - first_);
  while (gathering_.size() <= at)
    gathering_.push_back({.results = std::vector<Result>(run_.positions().size()),
                          .fates = std::vector<RoundFate>(run_.targets()),
                          .missing = run_.targets()});
  Gathering& round = gathering_[at];
  round.fates[fate.target] = figures_of(fate);
  run_.each_position(fate.target, [&](std::size_t position) {
    round.results[position] = as_position(fate.result, run_.positions()[position]);
  });
  --round.missing;
}

void SeriesRun::hand_out() {
  Gathering& whole = gathering_.front();
  for (; added_ < whole.fates.size(); ++added_) table_.add(added_, whole.fates[added_]);
  table_.publish();
  added_ = 0;
  round_ = {.number = round_number(first_), .results = std::move(whole.results)};
  gathering_.pop_front();
  ++first_;
}

}  // namespace multiping
