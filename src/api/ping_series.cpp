// Series as one call, and as a range of rounds.
// See multiping/ping_series.hpp.
#include "multiping/ping_series.hpp"

#include <utility>

#include "batch/series_run.hpp"
#include "values/option_checks.hpp"

namespace multiping {

std::vector<Series> ping_series(TargetList targets, const SeriesOptions& options, const OnResult& on_result) {
  return run_series(std::move(targets), options, on_result);
}

class [[gnu::visibility("hidden")]] PingSeries::Impl : public SeriesRun {
 public:
  using SeriesRun::SeriesRun;
};

PingSeries::PingSeries(TargetList targets, SeriesOptions options)
    : impl_{std::make_unique<Impl>(std::move(targets), std::move(options))} {}
PingSeries::PingSeries(PingSeries&&) noexcept = default;
PingSeries& PingSeries::operator=(PingSeries&&) noexcept = default;
PingSeries::~PingSeries() = default;

PingSeries::iterator PingSeries::begin() {
  impl_->begin();
  return iterator{*this};
}

std::optional<Round> PingSeries::poll(Timeout wait) { return impl_->poll(time_left(wait)); }
bool PingSeries::done() const noexcept { return impl_->done(); }
int PingSeries::native_handle() const noexcept { return impl_->native_handle(); }

std::span<const Series> PingSeries::series() const& noexcept { return impl_->series(); }
Counters PingSeries::counters() const noexcept { return impl_->counters(); }

const Round& PingSeries::iterator::operator*() const noexcept { return series_->impl_->round(); }

PingSeries::iterator& PingSeries::iterator::operator++() {
  series_->impl_->advance();
  return *this;
}

bool PingSeries::iterator::done() const noexcept { return series_->impl_->ended(); }

}  // namespace multiping
