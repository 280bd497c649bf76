// A batch at work: its names, its targets, the transports that carry its probes, and the time that it takes.
// What MultiPing and multi_ping() are made of. What happens is decided in engine/; here the parts are wired.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "batch_names.hpp"
#include "batch_plan.hpp"
#include "batch_targets.hpp"
#include "engine/slices.hpp"
#include "linux/alarm.hpp"
#include "linux/joined_descriptor.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/target.hpp"
#include "net/instant.hpp"
#include "readiness.hpp"

namespace multiping {

/// For one thread at a time, of the process that made it.
class BatchRun {
 public:
  /// Whether it outlives the call that makes it.
  enum class Life : bool { one_call, lasting };
  /// Opens; throws as MultiPing does. Names are looked up before that, or beside all that follows: then each joins the
  /// round under way when its address is known.
  BatchRun(TargetList targets, Options options, Life life, NamesAre names = NamesAre::looked_up);

  void send(net::Instant deadline);
  /// Whether names that are unresolved, and may be found by another lookup, are a reason to go on.
  enum class Unresolved : bool { left, waited_for };
  /// True when nothing is awaited any more, names included; false at the deadline or when stopped.
  bool await(net::Instant deadline, Unresolved names = Unresolved::left);
  /// Where names are looked up beside the probing, those that are unresolved are looked up again, beside what follows.
  void look_up_again();
  /// No more is done after this: names that are not known by now are unresolved. Brings results() up to date.
  void finish();
  /// As await(), but not before the first send().
  void receive(net::Instant deadline);
  /// Brings results() up to date. What a stop leaves is copied when it is asked for.
  void publish(const std::stop_token& stop = {});
  void publish_until_stop() { publish(options_.stop); }
  [[nodiscard]] Batch new_batch();
  /// All results, sorted into answered and not; no more is done after this. The transport is free for another object.
  [[nodiscard]] Batch take();
  void reset();
  void resolve();

  [[nodiscard]] net::Instant now() const;
  [[nodiscard]] bool stopped() const noexcept { return options_.stop.stop_requested(); }
  [[nodiscard]] const std::vector<Result>& results();
  [[nodiscard]] std::size_t unanswered();
  [[nodiscard]] std::size_t awaited() noexcept { return targets_.awaited(); }
  [[nodiscard]] Counters counters() const noexcept { return targets_.slices().counters(); }
  [[nodiscard]] int native_handle() noexcept;

 private:
  /// What transports are opened for.
  struct Opening {
    std::span<const ProbeOptions> shapes;
    std::span<const engine::Endpoint> endpoints;  ///< The targets that there are.
    std::span<const engine::Endpoint> kinds;      ///< What further ones will be like.
  };
  void open(const Opening& opening);
  /// False when this process may not have as many descriptors as that; fewer slices may do.
  [[nodiscard]] bool open_slices(const Opening& opening, std::size_t count);
  void check_owner() const;
  [[nodiscard]] bool is_over() const noexcept;
  void set_alarm() noexcept;
  void follow_zones();
  [[nodiscard]] std::vector<FoundName> news(BatchNames::Which which);
  void make_ready(std::span<const FoundName> found);
  void look_up_beside(const BatchPlan& plan);
  void join_found();
  void make_ready_beside(std::span<const FoundName> found);
  bool run(engine::Goal goal, net::Instant deadline);

  Options options_;
  Life life_;
  BatchTargets targets_;
  BatchNames names_;
  std::optional<Readiness> readiness_{};  ///< With lookups beside the probing: of all that has been found.
  os::JoinedDescriptor joined_;           ///< Made by native_handle().
  os::Alarm alarm_;
  ::pid_t owner_;  ///< Of what is lasting.
  bool sent_ = false;
  bool behind_ = false;  ///< A stop came before all results were up to date.
};

}  // namespace multiping
