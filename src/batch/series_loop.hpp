// The loop of a series: sends the probes that are due, waits, and returns the fate of each probe.
// Connects the schedule (engine/series_schedule.hpp) with single probes. The caller keeps the figures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <utility>
#include <vector>

#include "batch/batch_name_lookups.hpp"
#include "batch/batch_plan.hpp"
#include "batch/single_probes.hpp"
#include "batch/target_address_choice.hpp"
#include "engine/series_schedule.hpp"
#include "multiping/ping_series.hpp"

namespace multiping {

/// For one thread at a time. A target is a distinct destination of the list, or a position that cannot be probed. When
/// names are looked up again, each position with a name or a zone is a target of its own, since its address may change.
/// Targets with the same destination then share one probe in each round.
class SeriesLoop {
 public:
  enum class Pace : std::uint8_t {
    free,     ///< Without an interval, each target begins its next round as soon as its last fate is known.
    in_step,  ///< Sends nothing while fates wait to be given out. Without an interval, no target begins a round before
              ///< all fates of the last round are known.
  };
  /// Resolves the names and opens a transport. Throws as ping_series() does.
  SeriesLoop(TargetList targets, SeriesOptions options, Pace pace);

  struct Fate {
    std::uint32_t target = 0;
    std::uint64_t round = 0;
    Result result{};  ///< With the host of the target's first position.
    Instant sent_at{};
  };
  /// The next fate, or with Options::report_duplicates a further answer, whose result says so. Sends probes and waits
  /// until a fate is known. None when all were given out, and after a stop; also when `until` has come and what had
  /// arrived was taken in once since begin_look().
  [[nodiscard]] std::optional<Fate> next(Instant until = Instant::max());
  void begin_look() noexcept { looked_ = false; }
  /// No fate comes any more: all were given out.
  [[nodiscard]] bool over() const noexcept { return !probes_ || (schedule_.over() && known_.empty()); }

  /// For a caller with its own event loop: the time at which next(now) has something to do, apart from what
  /// descriptor() reports; in the past when it has something to do now.
  [[nodiscard]] Instant next_work() const;
  [[nodiscard]] int descriptor() noexcept { return probes_ ? probes_->descriptor() : -1; }
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return options_.ping.stop; }
  [[nodiscard]] Instant now() const { return probes_ ? probes_->now() : Instant{}; }
  /// Targets whose probes were answered again since the last call; a target comes once for each further answer.
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
  [[nodiscard]] Duration slip(std::uint32_t target) const noexcept { return schedule_.slip(target); }
  [[nodiscard]] Counters counters() const noexcept { return probes_ ? probes_->counters() : Counters{}; }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct Target {
    std::uint32_t destination =
        none;  ///< Index in BatchPlan::destinations; a name that is looked up again has its own.
    std::uint32_t position = 0;
    bool probed = false;
    std::uint64_t last_due = 0;  ///< The value of dues_ when the target was due last.
  };
  struct Flight {
    engine::SeriesSchedule::Due due{};
    engine::TargetKey destination{};
    std::vector<engine::SeriesSchedule::Due> others{};  ///< Further targets that share the probe.
    std::size_t told = 0;                               ///< How many of `others` have its fate already.
  };
  /// The last probe to a destination, which several targets may share.
  struct Shared {
    SingleProbes::Token token = 0;
    std::uint64_t due = 0;                              ///< The value of dues_ when the probe was submitted.
    std::vector<engine::SeriesSchedule::Due> others{};  ///< Targets that shared it.
    std::optional<Fate> fate{};                         ///< None while the probe is in flight.
  };
  struct DestinationHash {
    std::size_t operator()(const engine::TargetKey& destination) const noexcept {
      return std::hash<Address>{}(destination.address) + destination.profile;
    }
  };

  [[nodiscard]] bool follows_names() const noexcept { return names_.size() > 0; }
  void list_targets();
  void list_name(const NamedPosition& at);
  void follow_names();
  void adopt(const FoundName& found);
  [[nodiscard]] Instant next_lookup() const;
  /// `destinations`: how many of plan_.destinations the plan made; those of names follow them.
  void open(Pace pace, std::size_t destinations);
  void send_due();
  void start(const engine::SeriesSchedule::Due& due, Instant now);
  [[nodiscard]] bool shares_probe(const engine::SeriesSchedule::Due& due);
  void share(Shared& shared, const engine::SeriesSchedule::Due& due);
  [[nodiscard]] Fate for_target(const engine::SeriesSchedule::Due& due, Fate fate) const;
  void tell(const engine::SeriesSchedule::Due& due, Fate fate);
  void tell_others(SingleProbes::Token token, Flight& flight, const Fate& fate);
  void take_done();
  void know(Fate fate, bool was_sent);
  [[nodiscard]] Fate fate_of(const SingleProbes::Done& done, const engine::SeriesSchedule::Due& flight);
  void note_duplicates();
  void tell_repeated();
  void tell_again(const SingleProbes::Done& again);
  [[nodiscard]] std::optional<engine::SeriesSchedule::Due> recent(SingleProbes::Token token) const noexcept;
  [[nodiscard]] const Shared* shared_of(std::uint32_t target, SingleProbes::Token token) const;
  void wait(Instant until);

  SeriesOptions options_;
  BatchPlan plan_;
  std::vector<Target> targets_;
  std::vector<std::uint32_t> same_target_;  ///< By position: the next one of the same target.
  std::optional<SingleProbes> probes_;
  engine::SeriesSchedule schedule_{{}};
  std::unordered_map<SingleProbes::Token, Flight> in_flight_;
  BatchNames names_;  ///< Empty when names are not looked up again.
  Instant lookup_at_{};
  std::unordered_map<engine::TargetKey, Shared, DestinationHash>
      shared_;                                      ///< Used only when names are looked up again.
  std::uint64_t dues_ = 0;                          ///< Due targets so far; counted only then.
  std::size_t most_known_ = 0;                      ///< When known_ has this many fates, no probe is sent.
  std::deque<Fate> known_;                          ///< Not given out yet.
  std::deque<engine::SeriesSchedule::Due> recent_;  ///< Of the last tokens, which are consecutive numbers.
  static constexpr SingleProbes::Token no_token = 0;
  SingleProbes::Token last_token_ = no_token;
  std::optional<engine::SeriesSchedule::Due> due_{};  ///< Taken from the schedule, but not submitted yet.
  std::vector<std::uint32_t> duplicates_;
  std::size_t noted_ = 0;  ///< How many of SingleProbes::duplicates() were read since the last wait began.
  bool looked_ = false;    ///< What had arrived was taken in since begin_look().
};

}  // namespace multiping
