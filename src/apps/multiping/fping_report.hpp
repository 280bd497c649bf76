// fping's lines on fping's streams: answers on the standard output, errors and summaries on the error stream.
// The texts are in fping_text.hpp; this file decides which of them are printed.
#pragma once

#include <vector>

#include "apps/multiping/line_colours.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/probe_times.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class FpingReport : public Report {
 public:
  explicit FpingReport(Outputs outputs) : outputs_{outputs} {}

  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void duplicate(const ProbeEvent& event) override;
  void icmp_error(const ProbeEvent& event) override;
  void send_failed(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void interval_over(std::chrono::system_clock::time_point now) override;
  void snapshot(std::chrono::system_clock::time_point now) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void came_up(const ProbeEvent& event) override;
  void progress(std::size_t up, std::size_t wanted, Duration left) override;
  void routes(std::span<const Route> routes) override;
  void path_mtu(const PathMtu& path) override;
  void why(std::size_t target, const Result& result, const Route* route) override;
  void health(const HealthFacts& facts, std::span<const Transition> changes) override;
  void part_over() override;
  void finish() override;

 private:
  [[nodiscard]] const Printing& printing() const noexcept { return view().options->printing; }
  [[nodiscard]] std::string_view name(std::size_t target) const noexcept { return view().targets[target].shown(); }
  [[nodiscard]] std::string in_out(Ink ink, std::string_view text) const {
    return painted(colors_.out ? ink : Ink::plain, text);
  }
  [[nodiscard]] std::string in_err(Ink ink, std::string_view text) const {
    return painted(colors_.err ? ink : Ink::plain, text);
  }
  void out(std::string_view line);
  void err(std::string_view line);
  void print_alive(const ProbeEvent& event);
  void print_summary(bool interval);
  void print_netdata();
  void print_unreachable();
  void print_hosts();
  void print_reachable();
  void print_health();
  void print_judgement();
  void clear_progress();

  struct Colors {
    bool out = false, err = false;
  };

  Outputs outputs_;
  Colors colors_{};
  bool each_probe_ = false;  ///< A line for each probe.
  bool verbose_ = false;     ///< "is alive", "is unreachable".
  bool charts_told_ = false;
  std::size_t width_ = 0;
  ProbeTimes times_{};                   ///< For -C.
  std::string reasons_{};                ///< Of --why, for the end.
  std::vector<std::string> changes_{};   ///< Of --health, in Mode::once: for the end.
  const HealthFacts* health_ = nullptr;  ///< Of --health.
  bool progress_shown_ = false;
  std::vector<Address> elsewhere_{};  ///< Mode::once: who else answered for a target; empty until one did.
};

}  // namespace multiping::command
