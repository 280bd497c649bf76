// See progress_report.hpp.
#include "apps/multiping/progress_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/multiping/terminal_settings.hpp"

namespace multiping::command {
namespace {

using std::chrono::steady_clock;

constexpr Duration silent_at_first = std::chrono::seconds{2}, between = std::chrono::milliseconds{200};

std::string clock_of(Duration time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::max(time, Duration{0})).count();
  if (seconds < 3600) return fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

double seconds_of(Duration time) noexcept { return std::chrono::duration<double>{time}.count(); }

/// What is left of the plan; after it, what the rate so far tells.
Duration time_left(const ProgressFacts& facts) noexcept {
  if (facts.elapsed < facts.planned) return facts.planned - facts.elapsed;
  if (facts.done == 0) return Duration{0};
  const double each = seconds_of(facts.elapsed) / static_cast<double>(facts.done);
  return Timeout{std::chrono::duration<double>{each * static_cast<double>(facts.total - facts.done)}};
}

}  // namespace

std::string progress_text(const ProgressFacts& facts) {
  const double seconds = std::max(seconds_of(facts.elapsed), 1e-3);
  const auto rate = static_cast<std::uint64_t>(std::llround(static_cast<double>(facts.done) / seconds));
  const std::string_view unit = facts.rounds ? "probes" : "hosts", good = facts.rounds ? "answered" : "alive";
  if (facts.total == 0)
    return fmt::format("{} {}, {} {}, {}/s, {}", unit, facts.done, facts.answered, good, rate, clock_of(facts.elapsed));
  return fmt::format("{} {}/{} {} %, {} {}, {}/s, {} left", unit, facts.done, facts.total,
                     facts.done * 100 / facts.total, facts.answered, good, rate, clock_of(time_left(facts)));
}

Duration planned_time(const CommandOptions& options, std::size_t targets) noexcept {
  const double wait = seconds_of(probe_timeout(options));
  const double interval = seconds_of(options.interval), list = interval * static_cast<double>(targets);
  if (options.mode == Mode::once) {
    double waits = 0;
    for (int attempt = 0; attempt <= std::min(options.retry, 100); ++attempt)
      waits += wait * std::pow(options.backoff, attempt);
    return Timeout{std::chrono::duration<double>{list + waits}};
  }
  const double period = std::max(seconds_of(options.period), list);
  return Timeout{std::chrono::duration<double>{period * (options.count - 1) + list + wait}};
}

ProgressReport::ProgressReport(Outputs outputs) : outputs_{outputs}, line_{outputs.err.descriptor()} {
  for (Output* each : {&outputs_.out, &outputs_.err})
    if (each->is_terminal()) each->before_write([this] { line_.erase(); });
}

ProgressReport::~ProgressReport() {
  for (Output* each : {&outputs_.out, &outputs_.err}) each->before_write(nullptr);
}

void ProgressReport::begin(const RunFigures& view) {
  Report::begin(view);
  const CommandOptions& options = *view.options;
  facts_.planned += planned_time(options, view.targets.size());
  if (facts_.total > 0) return;  // a further part
  start_ = steady_clock::now();
  next_ = start_ + silent_at_first;
  facts_.rounds = sends_rounds(options.mode);
  facts_.total = options.mode == Mode::loop ? 0 : view.totals.targets;
  if (options.mode == Mode::count) facts_.total *= static_cast<std::uint64_t>(options.count);
}

void ProgressReport::answered(const ProbeEvent&) {
  ++facts_.done;
  ++facts_.answered;
}

void ProgressReport::timed_out(const ProbeEvent&) { ++facts_.done; }

/// Texts that are still in the buffers come first, so that they do not wait for the line to go.
void ProgressReport::idle(steady_clock::time_point now) {
  if (now < next_) return;
  next_ = now + between;
  facts_.elapsed = now - start_;
  outputs_.out.flush();
  outputs_.err.flush();
  const std::size_t columns = terminal_columns(outputs_.err);
  std::string text = progress_text(facts_);
  if (columns > 1 && text.size() >= columns) text.resize(columns - 1);
  line_.show(text);
}

void ProgressReport::finish() { line_.erase(); }

}  // namespace multiping::command
