// ping_series() reports each result when it is known; PingSeries collects results into rounds.
// See multiping/ping_series.hpp. engine/series_session.hpp decides when to send.
#include "multiping/ping_series.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/series_figures.hpp"
#include "series_run.hpp"

namespace multiping {
namespace {

using engine::RoundFate;

RoundFate figures_of(const SeriesRun::Fate& fate) noexcept {
  return {.round = fate.round, .outcome = fate.result.outcome, .rtt = fate.result.rtt, .sent_at = fate.sent_at};
}

/// The number of a round in the public API: an int, which stays at its maximum.
int round_number(std::uint64_t round) noexcept {
  return static_cast<int>(std::min<std::uint64_t>(round, std::numeric_limits<int>::max()));
}

/// A copy of `result` with the host of another position.
Result as_position(const Result& result, const Result& position) {
  Result copy = result;
  copy.host = position.host;
  return copy;
}

}  // namespace

/// The figures of all positions. Those of a target are kept at its first position; publish() copies them to the others.
/// Not in the unnamed namespace, since it is a member of PingSeries::Impl.
class FigureTable {
 public:
  explicit FigureTable(SeriesRun& run) : run_{run}, figures_(run.targets()), series_(run.positions().size()) {
    for (std::size_t i = 0; i < series_.size(); ++i) {
      series_[i].host = run.positions()[i].host;
      series_[i].address = run.positions()[i].address;
    }
  }

  void add(std::uint32_t target, const RoundFate& fate) { figures_[target].add(fate, statistics(target)); }
  /// Also adds the fates that still wait for earlier rounds, which do not come any more.
  void finish() {
    for (std::uint32_t target = 0; target < figures_.size(); ++target) figures_[target].finish(statistics(target));
  }
  void publish();
  [[nodiscard]] const std::vector<Series>& series() const noexcept { return series_; }
  [[nodiscard]] std::vector<Series> take() && { return std::move(series_); }

 private:
  Statistics& statistics(std::uint32_t target) { return series_[run_.first_position(target)].statistics; }

  SeriesRun& run_;
  std::vector<engine::SeriesFigures> figures_;
  std::vector<Series> series_;
};

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

std::vector<Series> ping_series(TargetList targets, const SeriesOptions& options, const OnResult& on_result) {
  SeriesRun run{std::move(targets), options, SeriesRun::Pace::free};
  FigureTable table{run};
  while (const auto fate = run.next()) {
    table.add(fate->target, figures_of(*fate));
    if (!on_result) continue;
    run.each_position(fate->target, [&](std::size_t position) {
      on_result(as_position(fate->result, run.positions()[position]), round_number(fate->round));
    });
  }
  table.finish();
  table.publish();
  return std::move(table).take();
}

class [[gnu::visibility("hidden")]] PingSeries::Impl {
 public:
  Impl(TargetList targets, SeriesOptions options)
      : run_{std::move(targets), std::move(options), SeriesRun::Pace::in_step}, table_{run_} {}

  void begin();
  void advance();
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] const Round& round() const noexcept { return round_; }
  [[nodiscard]] const std::vector<Series>& series() const noexcept { return table_.series(); }
  [[nodiscard]] Counters counters() const noexcept { return run_.counters(); }

 private:
  /// A round of which some fates are known.
  struct Gathering {
    std::vector<Result> results;   ///< By position.
    std::vector<RoundFate> fates;  ///< By target.
    std::size_t missing = 0;       ///< Targets whose fate is not known yet.
  };
  void place(const SeriesRun::Fate& fate);
  void hand_out();

  SeriesRun run_;
  FigureTable table_;
  std::deque<Gathering> gathering_;
  std::uint64_t first_ = 0;                ///< The round of gathering_[0].
  std::optional<SeriesRun::Fate> fate_{};  ///< A known fate that is not in its round yet.
  std::uint32_t added_ = 0;                ///< How many targets of gathering_[0] are in the figures already.
  Round round_;
  bool begun_ = false, ended_ = false;
  ::pid_t owner_ = ::getpid();
};

void PingSeries::Impl::begin() {
  if (begun_) throw std::logic_error("begin() of a PingSeries was called before; its rounds come once");
  advance();
  begun_ = true;
}

void PingSeries::Impl::advance() {
  if (::getpid() != owner_)
    throw std::logic_error("a PingSeries cannot be used in a forked child; make a new one there");
  while (!run_.stopped() && (gathering_.empty() || gathering_.front().missing > 0)) {
    if (!fate_) fate_ = run_.next();
    if (!fate_) break;
    place(*fate_);
    fate_.reset();
  }
  ended_ = run_.stopped() || gathering_.empty() || gathering_.front().missing > 0;
  ended_ ? table_.publish() : hand_out();
}

void PingSeries::Impl::place(const SeriesRun::Fate& fate) {
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

void PingSeries::Impl::hand_out() {
  Gathering& whole = gathering_.front();
  for (; added_ < whole.fates.size(); ++added_) table_.add(added_, whole.fates[added_]);
  table_.publish();
  added_ = 0;
  round_ = {.number = round_number(first_), .results = std::move(whole.results)};
  gathering_.pop_front();
  ++first_;
}

PingSeries::PingSeries(TargetList targets, SeriesOptions options)
    : impl_{std::make_unique<Impl>(std::move(targets), std::move(options))} {}
PingSeries::PingSeries(PingSeries&&) noexcept = default;
PingSeries& PingSeries::operator=(PingSeries&&) noexcept = default;
PingSeries::~PingSeries() = default;

PingSeries::iterator PingSeries::begin() {
  impl_->begin();
  return iterator{*this};
}

std::span<const Series> PingSeries::series() const& noexcept { return impl_->series(); }
Counters PingSeries::counters() const noexcept { return impl_->counters(); }

const Round& PingSeries::iterator::operator*() const noexcept { return series_->impl_->round(); }

PingSeries::iterator& PingSeries::iterator::operator++() {
  series_->impl_->advance();
  return *this;
}

bool PingSeries::iterator::done() const noexcept { return series_->impl_->ended(); }

}  // namespace multiping
