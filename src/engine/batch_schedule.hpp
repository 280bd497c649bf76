// Decides what a batch sends next: rounds of probes to every target that has not answered.
// A state machine without I/O; time is an argument. ProbeLoop sends; outcome_tracker.hpp has the rules for outcomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "base/queue_allocated_on_use.hpp"
#include "engine/outcome_tracker.hpp"
#include "engine/probe_supplier.hpp"
#include "engine/sendable_now.hpp"

namespace multiping::engine {

/// A round sends a probe to every target that has not answered. Answers come in at any time, also after the round.
class BatchSchedule final : public ProbeSupplier {
 public:
  explicit BatchSchedule(const Rules& rules)
      : outcomes_{rules.fail_fast, rules.any_source}, flow_{rules.max_rate}, tell_answers_{rules.tell_answers} {}

  void reserve(std::size_t targets) { outcomes_.table().reserve_targets(targets); }
  void add(const TargetKey& destination) { outcomes_.add(destination); }
  [[nodiscard]] OutcomeTracker& outcomes() noexcept { return outcomes_; }
  [[nodiscard]] const OutcomeTracker& outcomes() const noexcept { return outcomes_; }
  [[nodiscard]] ProbeTable& table() noexcept { return outcomes_.table(); }

  /// When a target that joins later gets its first probe.
  enum class Joins : bool { now, next_round };
  /// Adds a target. A target that joins the next round may get the number of a retired target, once none of that
  /// target's probes is remembered.
  TargetIndex join(const TargetKey& destination, Joins joins);
  /// True when the number of a retired target is free.
  [[nodiscard]] bool has_vacancy() const noexcept;
  /// Stops probing these targets. Returns their probes that were under way; answers to these no longer count.
  [[nodiscard]] std::vector<net::Serial> retire(std::span<const TargetIndex> targets);

  void begin_round(Instant now);
  /// True while probes of this round, or of a recovery, are still to be sent. Targets whose connections were displaced
  /// do not count here: they are probed again when there is room, also after sending has ended.
  [[nodiscard]] bool sending() const noexcept;
  /// Gives up the probes of this round that are not yet sent. Their targets keep their outcomes, but a target that was
  /// refused by this host, and never sent a probe before, has failed.
  void end_round(Instant now);

  /// With Rules::tell_answers: the targets that were answered. While there are any, each goal is reached. The reader
  /// clears the list.
  [[nodiscard]] std::vector<TargetIndex>& answered() noexcept { return answered_; }

  [[nodiscard]] const net::ProbeBook& book() const noexcept override { return outcomes_.table(); }
  [[nodiscard]] bool reached(Goal goal) const noexcept override;
  void propose(Instant now, std::size_t most, std::vector<net::Probe>& batch) override;
  void sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at) override;
  void refused(const net::Probe& probe, std::error_code error, Instant now) override;
  void put_back(std::span<const net::Probe> probes, Instant room_at) override;
  void hold(const net::Probe& probe, net::Serial behind, Instant now) override;
  void take(std::span<const net::Event>& events) override;
  /// When the count has grown, answers may be among the dropped packets: silent targets are probed again, once the
  /// other answers have had time to come.
  void receive_drops(std::uint64_t count, Instant now) override;
  void expire(Instant /*now*/, std::vector<net::Serial>& /*forgotten*/) override {}
  [[nodiscard]] Instant next() const noexcept override;
  [[nodiscard]] bool insists(Instant now) const noexcept override { return next_recovery() <= now; }

  /// To be called when the timeout of the probes under way has passed: pending targets become no_reply. A later answer
  /// still counts.
  /// Targets stay pending while a repetition for dropped answers is due or under way. Where there was no room for all
  /// connections at once, a target stays pending, too, if no connection to it lasted
  /// OutcomeTracker::enough_listening(). A target that only waited for the ports of another probe has failed. After a
  /// stop request, this function ends early, and the remaining targets stay pending.
  void time_out(Instant now, const std::stop_token& stop = {});
  /// When a repetition, for dropped answers or for displaced connections, is due or goes on; Instant::max() when there
  /// is none.
  [[nodiscard]] Instant next_recovery() const noexcept;

  void reset();
  /// As an object without a rate that was just made, with one target. To be called when there is one target and no
  /// rate. Needs no memory.
  void renew(const TargetKey& destination);

 private:
  struct Deferred {
    TargetIndex target = 0;
    std::error_code refusal{};
    bool repetition = false;  ///< The probe repeats one that was sent, and was too big.
  };
  struct Next {
    TargetIndex target = 0;
    bool repetition = false;
  };
  struct Retired {
    TargetIndex target = 0;
    net::Serial last = 0;  ///< The serials of all of its probes are lower.
  };
  /// A target whose connection was ended to make room for others.
  struct Displaced {
    Duration listened{};     ///< How long the longest of these connections waited for an answer.
    std::uint8_t times = 0;  ///< How often its connection was ended; at most 255.
  };

  [[nodiscard]] TargetIndex end_of_cursor() const noexcept { return recovering_ ? recovery_end_ : round_end_; }
  [[nodiscard]] std::optional<Next> next_target() noexcept;
  [[nodiscard]] std::optional<TargetIndex> next_displaced() noexcept;
  [[nodiscard]] net::Probe proposal(net::Serial serial, TargetIndex target) noexcept;
  bool propose_one(std::vector<net::Probe>& batch);
  [[nodiscard]] bool wanted(const TargetRecord& record) const noexcept;
  void propose_again(std::size_t most, std::vector<net::Probe>& batch);
  void fail_unsent(std::error_code error, Instant now);
  void fail_deferred(Instant now);
  void begin_recovery() noexcept;
  void forget_some();
  void receive(const net::Event& event);
  void take_in(const net::Event& event, TargetIndex target);
  void displaced(const net::Event& event);
  void wake(TargetIndex holder);
  void fail_held(Instant now);
  void time_out_heard(Instant now);

  OutcomeTracker outcomes_;
  SendableNow flow_;
  bool tell_answers_;
  std::vector<TargetIndex> answered_;
  Room room_;
  std::uint32_t round_ = 0;
  TargetIndex cursor_ = 0;                ///< The next target of the round; round_end_ after the last.
  TargetIndex round_end_ = 0;             ///< Targets with lower numbers are part of the round.
  QueueAllocatedOnUse<Retired> retired_;  ///< Retired targets whose numbers are not yet reused.
  std::size_t looks_ = 0;                 ///< How many more targets the present call may look at.
  net::Serial last_round_ = 0;            ///< Probes with lower serials belong to earlier rounds, and may be forgotten.
  Instant horizon_{};                     ///< Probes of earlier rounds that were sent before this are forgotten.
  QueueAllocatedOnUse<Deferred> deferred_;  ///< To be tried after the others: this host refused it, or it is too big.
  std::vector<net::Probe> untried_{};       ///< Put back, since the transport was full; tried before the others.

  Instant began_{};                                         ///< When the first round since reset() began.
  bool short_of_room_ = false;                              ///< Since began_, a connection lacked room or ports.
  std::unordered_map<TargetIndex, Displaced> displaced_{};  ///< Targets displaced since began_.
  QueueAllocatedOnUse<TargetIndex> displaced_line_{};       ///< Displaced targets that wait to be probed again.
  std::multimap<TargetIndex, TargetIndex> held_{};  ///< From a target that holds ports to one that waits for them.

  bool recovering_ = false;       ///< Probes whose answers this host may have dropped are being repeated.
  TargetIndex recovery_end_ = 0;  ///< Targets from this number on joined since the recovery began, and come after it.
  int recoveries_ = 0;            ///< The number of recoveries in this round.
  std::uint64_t drops_ = 0;
  std::optional<Instant> recovery_at_{};
  std::optional<Instant> recovered_at_{};  ///< By this time the repeated probes have had time to be answered.
};

}  // namespace multiping::engine
