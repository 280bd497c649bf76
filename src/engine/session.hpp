// Decides what a batch sends next: rounds of probes to every target that has not answered.
// A state machine without I/O; time is an argument. The driver sends; fates.hpp has the rules for outcomes.
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

#include "engine/agenda.hpp"
#include "engine/fates.hpp"
#include "engine/flow.hpp"
#include "net/rare_queue.hpp"

namespace multiping::engine {

/// A round sends a probe to every target that has not answered. Answers come in at any time, also after the round.
class Session final : public Agenda {
 public:
  explicit Session(const Rules& rules) : fates_{rules.fail_fast, rules.any_source}, flow_{rules.max_rate} {}

  void reserve(std::size_t targets) { fates_.table().reserve_targets(targets); }
  void add(const Endpoint& endpoint) { fates_.add(endpoint); }
  [[nodiscard]] Fates& fates() noexcept { return fates_; }
  [[nodiscard]] const Fates& fates() const noexcept { return fates_; }
  [[nodiscard]] ProbeTable& table() noexcept { return fates_.table(); }

  /// When a target that joins later gets its first probe.
  enum class Joins : bool { now, next_round };
  /// Adds a target. A target that joins the next round may get the number of a retired target, once none of that
  /// target's probes is remembered.
  TargetIndex join(const Endpoint& endpoint, Joins joins);
  /// The number of some retired target is free.
  [[nodiscard]] bool has_vacancy() const noexcept;
  /// Stops probing these targets. Returns their probes that were under way; answers to these no longer count.
  [[nodiscard]] std::vector<net::Serial> retire(std::span<const TargetIndex> targets);

  void begin_round(net::Instant now);
  /// Probes of this round, or of a recovery, are still to be sent. Targets whose connections were displaced do not
  /// count here: they are probed again when there is room, also after sending has ended.
  [[nodiscard]] bool sending() const noexcept;
  /// Gives up the probes of this round that are not yet sent. Their targets keep their outcomes, but a target that was
  /// refused by this host, and never sent a probe before, has failed.
  void end_round();

  [[nodiscard]] const net::ProbeBook& book() const noexcept override { return fates_.table(); }
  [[nodiscard]] bool reached(Goal goal) const noexcept override;
  void propose(net::Instant now, std::size_t most, std::vector<net::Probe>& batch) override;
  void sent(std::span<const net::Probe> probes, std::span<const net::Instant> sent_at) override;
  void refused(const net::Probe& probe, std::error_code error, net::Instant now) override;
  void put_back(std::span<const net::Probe> probes, net::Instant room_at) override;
  void hold(const net::Probe& probe, net::Serial behind, net::Instant now) override;
  void take(std::span<const net::Event>& events) override;
  /// When the count has grown, answers may be among the dropped packets: silent targets are probed again, once the
  /// other answers have had time to come.
  void receive_drops(std::uint64_t count, net::Instant now) override;
  void expire(net::Instant /*now*/, std::vector<net::Serial>& /*forgotten*/) override {}
  [[nodiscard]] net::Instant next() const noexcept override;
  [[nodiscard]] bool insists(net::Instant now) const noexcept override { return next_recovery() <= now; }

  /// The timeout of the probes under way has passed: pending targets become no_reply, and a later answer still counts.
  /// Targets stay pending while a repetition for dropped answers is due or under way. Where there was no room for all
  /// connections at once, a target stays pending, too, if no connection to it lasted Fates::enough_listening(). A
  /// target that only waited for the ports of another probe has failed. After a stop request, this function ends early,
  /// and the remaining targets stay pending.
  void time_out(net::Instant now, const std::stop_token& stop = {});
  /// When a repetition, for dropped answers or for displaced connections, is due or goes on; Instant::max() when there
  /// is none.
  [[nodiscard]] net::Instant next_recovery() const noexcept;

  void reset();

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
  void fail_unsent(std::error_code error);
  void fail_deferred();
  void begin_recovery() noexcept;
  void forget_some();
  void receive(const net::Event& event);
  void displaced(const net::Event& event);
  void wake(TargetIndex holder);
  void fail_held();
  void time_out_heard(net::Instant now);

  Fates fates_;
  Flow flow_;
  Room room_;
  std::uint32_t round_ = 0;
  TargetIndex cursor_ = 0;             ///< Next target of the round; at round_end_ when the round is sent.
  TargetIndex round_end_ = 0;          ///< The targets before it are part of the round.
  net::RareQueue<Retired> retired_;    ///< Whose numbers were not given again.
  std::size_t looks_ = 0;              ///< Targets to look at until the call under way is over.
  net::Serial last_round_ = 0;         ///< Where the probes of earlier rounds end.
  net::Instant horizon_{};             ///< Of those, what was sent before is forgotten.
  net::RareQueue<Deferred> deferred_;  ///< To be tried again after the others: refused for want of room, or too big.
  std::vector<net::Probe> untried_{};  ///< Proposed, and put back by a full transport; to be tried before the others.

  net::Instant began_{};                                    ///< The first round since reset().
  bool short_of_room_ = false;                              ///< Since then, for connections or their ports.
  std::unordered_map<TargetIndex, Displaced> displaced_{};  ///< Since then.
  net::RareQueue<TargetIndex> displaced_line_{};            ///< Those that wait to be asked again.
  std::multimap<TargetIndex, TargetIndex> held_{};  ///< Targets that wait for the ports of another, by that one.

  bool recovering_ = false;       ///< The session repeats probes whose answers may have been dropped on this host.
  TargetIndex recovery_end_ = 0;  ///< Targets from this number on joined since the recovery began, and come after it.
  int recoveries_ = 0;            ///< The number of recoveries in this round.
  std::uint64_t drops_ = 0;
  std::optional<net::Instant> recovery_at_{};
  std::optional<net::Instant> recovered_at_{};  ///< By this time the repeated probes have had time to be answered.
};

}  // namespace multiping::engine
