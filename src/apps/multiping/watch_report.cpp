// See watch_report.hpp.
#include "apps/multiping/watch_report.hpp"

#include <string>
#include <utility>
#include <vector>

#include "apps/multiping/terminal_settings.hpp"

namespace multiping::command {
namespace {

constexpr Duration between = std::chrono::milliseconds{200};

}  // namespace

void WatchReport::begin(const RunFigures& view) {
  Report::begin(view);
  set_ = character_set();
  std::vector<std::string> names;
  for (const auto* list : {&view.targets, &view.unresolved})
    for (const RunTarget& target : *list) names.push_back(cell_text(printable(target.shown()), set_));
  model_.emplace(std::move(names), view.statistics);
  if (view.targets.empty()) return;
  start_ = std::chrono::steady_clock::now();
  terminal_.emplace(colors_for(*view.options, outputs_.out));
  draw(start_);
}

void WatchReport::answered(const ProbeEvent& event) {
  ++sent_;
  model_->answered(event.target, event.result.rtt);
}

void WatchReport::timed_out(const ProbeEvent& event) {
  if (event.result.outcome == Outcome::send_failed) return model_->not_sent(event.target);
  ++sent_;
  model_->lost(event.target);
}

void WatchReport::draw(std::chrono::steady_clock::time_point now) {
  model_->refresh();
  terminal_->draw(
      watch_frame(*model_, {.size = terminal_->size(), .set = set_, .elapsed = now - start_, .sent = sent_}));
  next_ = now + between;
}

void WatchReport::idle(std::chrono::steady_clock::time_point now) {
  if (!terminal_) return;
  bool changed = terminal_->stop_if_asked();
  constexpr int most_keys = 256;  // then probes take their turn
  for (int count = 0; count < most_keys; ++count) {
    const auto key = terminal_->key();
    if (!key) break;
    changed = model_->press(*key) || changed;
  }
  if (changed || now >= next_) draw(now);
}

void WatchReport::finish() { terminal_.reset(); }

}  // namespace multiping::command
