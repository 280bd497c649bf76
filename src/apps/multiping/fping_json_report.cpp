// See fping_json_report.hpp.
#include "apps/multiping/fping_json_report.hpp"

#include "apps/multiping/fping_json_text.hpp"
#include "apps/multiping/fping_text.hpp"

namespace multiping::command {

void FpingJsonReport::begin(const RunFigures& view) {
  Report::begin(view);
  if (printing().times) times_.keep(view.targets.size());
  if (printing().quiet) return;
  for (const RunTarget& target : view.unresolved) outputs_.err.write(unresolved_line(target) + "\n");
}

void FpingJsonReport::line(std::string_view text) {
  outputs_.out.write(text);
  outputs_.out.write("\n");
}

void FpingJsonReport::answered(const ProbeEvent& event) {
  times_.add(event.target, event.sequence, event.result.rtt);
  if (!printing().quiet)
    line(response_json(name(event.target), event.sequence, event.result,
                       {printing(), std::chrono::system_clock::now()}));
}

void FpingJsonReport::timed_out(const ProbeEvent& event) {
  times_.add(event.target, event.sequence, ProbeTimes::lost);
  if (!printing().quiet)
    line(timeout_json(name(event.target), event.sequence, {printing(), std::chrono::system_clock::now()}));
}

void FpingJsonReport::interval_over(std::chrono::system_clock::time_point now) {
  for (std::size_t at = 0; at < view().targets.size(); ++at)
    line(interval_json(name(at), view().figures[at].interval, *view().options, now));
}

void FpingJsonReport::idle(std::chrono::steady_clock::time_point) {
  outputs_.out.flush();
  outputs_.err.flush();
}

void FpingJsonReport::finish() {
  for (std::size_t at = 0; at < view().targets.size(); ++at)
    line(printing().times ? values_json(name(at), times_.of(at))
                          : summary_json(name(at), view().figures[at].all, *view().options));
  if (printing().statistics) line(totals_json(view().totals));
}

}  // namespace multiping::command
