// A running batch, for MultiPing and multi_ping(): its names, its targets, its transports and its deadlines.
// The decisions are made in engine/; this file connects the parts.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/fork_guard.hpp"
#include "base/monotonic_time.hpp"
#include "batch/batch_name_lookups.hpp"
#include "batch/batch_plan.hpp"
#include "batch/batch_targets.hpp"
#include "batch/on_result_calls.hpp"
#include "batch/sendability_check.hpp"
#include "batch/silence_causes.hpp"
#include "engine/batch_shards.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/target.hpp"
#include "net/sockets_needed.hpp"
#include "os/epoll_descriptor.hpp"
#include "os/timer_descriptor.hpp"

namespace multiping {

/// One thread at a time may use it, and only in the process that made it.
class BatchRun {
 public:
  /// Whether the object serves one call, or lives on with its caller.
  enum class Life : bool { one_call, lasting };
  /// Opens the transports. Throws as MultiPing does. Names are looked up first (NamesAre::looked_up), or while the
  /// batch runs: then each name joins the current round when its address is known.
  BatchRun(TargetList targets, Options options, Life life, NamesAre names = NamesAre::looked_up);
  /// The same for one call that tells each result as soon as it is known. It takes one thread.
  BatchRun(TargetList targets, Options options, NamesAre names, OnFate on_result);

  void send(Instant deadline);
  /// Whether await() goes on for names that are unresolved and that another lookup may find.
  enum class Unresolved : bool { left, waited_for };
  /// Whether targets that are silent at the deadline of await() are explained then, or asked again.
  enum class Silent : bool { asked_again, explained };
  /// True when nothing is awaited any more, neither answers nor names; false at the deadline or after a stop.
  bool await(Instant deadline, Unresolved names = Unresolved::left, Silent silent = Silent::explained);
  /// With NamesAre::pending: starts new lookups of unresolved names, which run beside the calls that follow.
  void look_up_again();
  /// Ends the batch: names that are still pending are unresolved. Brings results() up to date, and tells those that
  /// were not told yet, unless it was stopped.
  void finish();
  /// As await(). Throws std::logic_error before the first send().
  void receive(Instant deadline);
  /// Brings results() up to date. After a stop, results() and unanswered() copy the rest when they are called.
  void publish(const std::stop_token& stop = {});
  /// To be called before the last round of several, and by await() some time before its deadline: asks this host about
  /// the targets that are silent so far, as far as explain() will need it. Silent gateways are called.
  void look_ahead(Instant deadline) noexcept;
  /// Finds the causes of the targets that are silent now, and writes them to results(), which are up to date.
  void explain() noexcept;
  void publish_until_stop() { publish(options_.stop); }
  [[nodiscard]] Batch new_batch();
  /// Returns all results, sorted into answered and not. The object must not be used after this: another object may then
  /// use its transport.
  [[nodiscard]] Batch take();
  /// The same for a batch of one position. After this, only renew() may be called.
  [[nodiscard]] Result take_only();
  /// True after a call for one address that has answered, without a stop token and without a rate: renew() may work.
  [[nodiscard]] bool serves_again() const noexcept;
  /// Makes this object what BatchRun(target, options, Life::one_call) makes, in the memory of its last call, whose
  /// result was taken. Returns false when it does not serve again, when the options are others, or when the target
  /// cannot be probed: then it must not be used any more. Throws as that constructor does.
  [[nodiscard]] bool renew(const Target& target, const Options& options);
  void reset();
  void resolve();

  [[nodiscard]] Instant now() const;
  [[nodiscard]] bool stopped() const noexcept {
    return options_.stop.stop_requested() || (progress_ && progress_->ended());
  }
  [[nodiscard]] const std::vector<Result>& results();
  [[nodiscard]] std::size_t unanswered();
  [[nodiscard]] std::size_t awaited() noexcept { return targets_.awaited(); }
  [[nodiscard]] Counters counters() const noexcept { return targets_.shards().counters(); }
  [[nodiscard]] int native_handle() noexcept;

 private:
  /// The profiles and targets for which the transports are opened.
  struct Opening {
    std::span<const ProbeOptions> profiles;
    std::span<const engine::TargetKey> destinations;  ///< The targets that are known.
    std::span<const engine::TargetKey> kinds;         ///< One example for each kind of target that will join later.
  };
  /// The transport of an earlier call that opened its own.
  struct Closed {
    std::unique_ptr<net::ProbeTransport> transport{};  ///< Its sockets are closed; null: there is none.
    TransportKind kind = TransportKind::automatic;
  };
  void open(const Opening& opening);
  void open_own(Family first);
  /// False when this process cannot open enough descriptors or sockets for `count` shards; fewer shards may work.
  [[nodiscard]] bool open_shards(const Opening& opening, std::size_t count);
  [[nodiscard]] bool is_over() const noexcept;
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> reopen_own() noexcept;
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open_again(Family family);
  void set_alarm() noexcept;
  void follow_zones();
  [[nodiscard]] std::vector<FoundName> news(BatchNames::Which which);
  void make_ready(std::span<const FoundName> found);
  void look_up_beside(const BatchPlan& plan);
  void join_found();
  void make_ready_beside(std::span<const FoundName> found);
  void begin(TargetList targets, NamesAre names);
  bool run(engine::Goal goal, Instant deadline);
  bool run_until_news(engine::Goal goal, Instant deadline);
  [[nodiscard]] bool await_answers(Instant deadline);

  Options options_;
  Life life_;
  std::optional<Progress> progress_{};
  BatchTargets targets_;
  BatchNames names_;
  std::vector<ProbeOptions> profiles_{};  ///< By number.
  net::SocketsNeeded needed_{};           ///< By the transport, for renew(); as new where that cannot be called.
  Closed closed_{};                       ///< For renew().
  TransportKind own_kind_ = TransportKind::automatic;  ///< Of the transport of this call; automatic: the caller's.
  SilenceCauses causes_{};
  Instant asked_since_{};                          ///< One call: the first send(); else the last one.
  std::optional<SendabilityCheck> sendability_{};  ///< With NamesAre::pending: for all targets that were found so far.
  os::EpollDescriptor joined_;                     ///< Made by native_handle().
  os::TimerDescriptor alarm_;
  std::optional<ForkGuard> owner_;  ///< Set for an object with Life::lasting.
  bool sent_ = false;
  bool behind_ = false;  ///< A stop came before all results were copied.
};

}  // namespace multiping
