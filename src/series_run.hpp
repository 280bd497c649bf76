// The loop of a series: sends what is due, waits, and gives out what became of each probe.
// Wires the schedule (engine/series_session.hpp) to single probes; figures are the business of whoever asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "batch_names.hpp"
#include "batch_plan.hpp"
#include "engine/series_session.hpp"
#include "multiping/ping_series.hpp"
#include "name_choice.hpp"
#include "single_probes.hpp"

namespace multiping {

/// For one thread at a time. A target is a distinct endpoint of the list, or a position that cannot be probed. Where
/// names are looked up again, each distinct name with its options is a target of its own, since it may come to another
/// address; targets of one endpoint share a probe in every round.
class SeriesRun {
 public:
  enum class Pace : std::uint8_t {
    free,     ///< Without an interval, each target goes on as soon as it may.
    in_step,  ///< Nothing is sent while fates wait to be given out; without an interval, all wait for each round's
              ///< last.
  };
  /// Resolves and opens; throws as ping_series() does.
  SeriesRun(TargetList targets, SeriesOptions options, Pace pace);

  struct Fate {
    std::uint32_t target = 0;
    std::uint64_t round = 0;
    Result result{};  ///< Of its first position.
    net::Instant sent_at{};
  };
  /// The next fate that is known. Sends and waits for it. None when all are given out, and after a stop.
  [[nodiscard]] std::optional<Fate> next();
  /// Targets whose probes were answered once more since the last call, as often as that was.
  [[nodiscard]] std::vector<std::uint32_t> take_duplicates() noexcept { return std::exchange(duplicates_, {}); }

  [[nodiscard]] std::size_t targets() const noexcept { return targets_.size(); }
  [[nodiscard]] std::size_t first_position(std::uint32_t target) const noexcept { return targets_[target].position; }
  /// Calls `visit` with each position of a target, in order.
  template <class Visit>
  void each_position(std::uint32_t target, Visit visit) const {
    for (std::uint32_t at = targets_[target].position; at != none; at = same_target_[at]) visit(std::size_t{at});
  }
  /// Host and address of every position.
  [[nodiscard]] const std::vector<Result>& positions() const noexcept { return plan_.results; }
  [[nodiscard]] bool stopped() const noexcept { return options_.ping.stop.stop_requested(); }
  [[nodiscard]] Duration slip(std::uint32_t target) const noexcept { return session_.slip(target); }
  [[nodiscard]] Counters counters() const noexcept { return probes_ ? probes_->counters() : Counters{}; }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct Target {
    std::uint32_t endpoint = none;  ///< Of a name that is looked up again: its own.
    std::uint32_t position = 0;
    bool probed = false;
    std::uint64_t last_due = 0;  ///< As dues_ counted it.
  };
  struct Flight {
    engine::SeriesSession::Due due{};
    engine::Endpoint endpoint{};
    std::vector<engine::SeriesSession::Due> others{};  ///< Of targets that share the probe.
    std::size_t told = 0;                              ///< Of these, so many know its fate.
  };
  /// The last probe to an endpoint, which several targets may stand for.
  struct Shared {
    SingleProbes::Token token = 0;
    std::uint64_t due = 0;                ///< As dues_ counted it.
    std::vector<std::uint32_t> others{};  ///< Targets that shared it.
    std::optional<Fate> fate{};
  };
  struct EndpointHash {
    std::size_t operator()(const engine::Endpoint& endpoint) const noexcept {
      return std::hash<Address>{}(endpoint.address) + endpoint.shape;
    }
  };

  [[nodiscard]] bool follows_names() const noexcept { return names_.size() > 0; }
  void list_targets();
  void list_name(const NamedPosition& at);
  void follow_names();
  void adopt(const FoundName& found);
  [[nodiscard]] net::Instant next_lookup() const;
  /// The first so many endpoints are those of the plan.
  void open(Pace pace, std::size_t endpoints);
  void send_due();
  void start(const engine::SeriesSession::Due& due, net::Instant now);
  [[nodiscard]] bool shares_probe(const engine::SeriesSession::Due& due);
  void share(Shared& shared, const engine::SeriesSession::Due& due);
  void tell(const engine::SeriesSession::Due& due, Fate fate);
  void tell_others(SingleProbes::Token token, Flight& flight, const Fate& fate);
  void keep_to_rate(net::Instant now);
  void take_done();
  void know(Fate fate, bool was_sent);
  [[nodiscard]] Fate fate_of(const SingleProbes::Done& done, const engine::SeriesSession::Due& flight) const;
  void note_duplicates();
  void wait();

  SeriesOptions options_;
  BatchPlan plan_;
  std::vector<Target> targets_;
  std::vector<std::uint32_t> same_target_;  ///< By position: the next one of the same target.
  std::optional<SingleProbes> probes_;
  engine::SeriesSession session_{{}};
  std::unordered_map<SingleProbes::Token, Flight> in_flight_;
  BatchNames names_;  ///< None where they are not looked up again.
  net::Instant lookup_at_{};
  std::unordered_map<engine::Endpoint, Shared, EndpointHash> shared_;  ///< Where names are looked up again.
  std::uint64_t dues_ = 0;                                             ///< So many so far; there alone.
  std::size_t most_known_ = 0;                                         ///< Behind which nothing is sent.
  std::deque<Fate> known_;                                             ///< Not given out yet.
  std::deque<std::uint32_t> recent_;  ///< Targets of the last tokens, which count up one by one.
  static constexpr SingleProbes::Token no_token = 0;
  SingleProbes::Token last_token_ = no_token;
  std::optional<engine::SeriesSession::Due> due_{};  ///< Taken from the schedule, and not submitted yet.
  std::vector<std::uint32_t> duplicates_;
  std::size_t noted_ = 0;  ///< Of SingleProbes::duplicates(), since the last wait began.
  net::Instant rate_used_until_ = net::Instant::min();
};

}  // namespace multiping
