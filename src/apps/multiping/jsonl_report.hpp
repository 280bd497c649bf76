// --format jsonl: one JSON object on each line of the standard output, errors included, and nothing else anywhere.
// The texts are in jsonl_text.hpp.
#pragma once

#include <map>

#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class JsonlReport : public Report {
 public:
  JsonlReport(const CommandOptions& options, Outputs outputs)
      : outputs_{outputs}, statistics_{sends_rounds(options.mode)} {}

  [[nodiscard]] bool wants_statistics() const override { return statistics_; }
  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void duplicate(const ProbeEvent& event) override;
  void icmp_error(const ProbeEvent& event) override;
  void send_failed(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void round_over(std::uint64_t round) override;
  void interval_over(std::chrono::system_clock::time_point now) override;
  void snapshot(std::chrono::system_clock::time_point now) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void came_up(const ProbeEvent& event) override;
  void progress(std::size_t up, std::size_t wanted, Duration left) override;
  void routes(std::span<const Route> routes) override;
  void path_mtu(const PathMtu& path) override;
  void why(std::size_t target, const Result& result, const Route* route) override;
  void health(const HealthFacts& facts, std::span<const Transition> changes) override;
  void part_over() override { fates_.clear(); }
  void finish_without_targets() override { finish(); }
  void finish() override;

 private:
  struct Round {
    std::uint64_t sent = 0, received = 0;
  };
  /// Mode::once with -a or -u: only those targets.
  [[nodiscard]] bool hides(bool alive) const noexcept;
  void line(const std::string& text);
  void hosts(std::string_view scope, std::chrono::system_clock::time_point now);
  void states(std::chrono::system_clock::time_point now);

  Outputs outputs_;
  bool statistics_ = false;
  bool each_probe_ = false;
  bool began_ = false;
  std::size_t paths_ = 0;  ///< Of --mtu, told so far.
  LastFailures fates_{};
  const HealthFacts* health_ = nullptr;      ///< Of --health.
  std::map<std::uint64_t, Round> rounds_{};  ///< Those that are not over.
};

}  // namespace multiping::command
