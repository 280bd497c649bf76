// What to send next of a batch: rounds that reach every target without an answer, as a state machine without I/O.
// Time is an argument; the driver carries out what the session decides, and fates.hpp says what it means.
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

/// A round of sending reaches every target that has not answered; between rounds and after them, answers come in.
class Session final : public Agenda {
 public:
  explicit Session(const Rules& rules) : fates_{rules.fail_fast, rules.any_source}, flow_{rules.max_rate} {}

  void reserve(std::size_t targets) { fates_.table().reserve_targets(targets); }
  void add(const Endpoint& endpoint) { fates_.add(endpoint); }
  [[nodiscard]] Fates& fates() noexcept { return fates_; }
  [[nodiscard]] const Fates& fates() const noexcept { return fates_; }
  [[nodiscard]] ProbeTable& table() noexcept { return fates_.table(); }

  /// When a target that comes later is sent to for the first time.
  enum class Joins : bool { now, next_round };
  /// A further target. A retired target's number is given again, for the next round, once none of its probes is
  /// remembered.
  TargetIndex join(const Endpoint& endpoint, Joins joins);
  /// A retired target's number is free.
  [[nodiscard]] bool has_vacancy() const noexcept;
  /// Nobody asks for these targets any more. Returns their probes that are under way, which end here.
  [[nodiscard]] std::vector<net::Serial> retire(std::span<const TargetIndex> targets);

  void begin_round(net::Instant now);
  /// There are probes of this round (or of a recovery) still to be sent, beside those whose connections made way for
  /// others: these are sent again as room comes, also after the end of sending.
  [[nodiscard]] bool sending() const noexcept;
  /// Gives up what is not sent of this round: it stays as it was, but for what this host has refused and what was never
  /// sent before, which has failed.
  void end_round();

  [[nodiscard]] const net::ProbeBook& book() const noexcept override { return fates_.table(); }
  [[nodiscard]] bool reached(Goal goal) const noexcept override;
  void propose(net::Instant now, std::size_t most, std::vector<net::Probe>& batch) override;
  void sent(std::span<const net::Probe> probes, std::span<const net::Instant> sent_at) override;
  void refused(const net::Probe& probe, std::error_code error, net::Instant now) override;
  void put_back(std::span<const net::Probe> probes, net::Instant room_at) override;
  void hold(const net::Probe& probe, net::Serial behind, net::Instant now) override;
  void take(std::span<const net::Event>& events) override;
  /// When the count grew, some answer may have been among what was dropped: the silent targets are probed again once
  /// the answers have had time to come.
  void receive_drops(std::uint64_t count, net::Instant now) override;
  void expire(net::Instant /*now*/, std::vector<net::Serial>& /*forgotten*/) override {}
  [[nodiscard]] net::Instant next() const noexcept override;
  [[nodiscard]] bool insists(net::Instant now) const noexcept override { return next_recovery() <= now; }

  /// Time is up for the probes under way: what is pending becomes no_reply, and its answer still counts later. While
  /// answers may have been dropped here and the repetition is under way, what is pending stays so: nobody knows. Where
  /// there was no room for all connections at once, what had less than Fates::enough_listening() stays pending, too;
  /// and what waited for the ports of another probe all the time has failed.
  /// A stop ends it early: what it has not come to stays pending.
  void time_out(net::Instant now, const std::stop_token& stop = {});
  /// When a repetition, for dropped answers or for want of room, is due or goes on; the end of time when there is none.
  [[nodiscard]] net::Instant next_recovery() const noexcept;

  void reset();

 private:
  struct Deferred {
    TargetIndex target = 0;
    std::error_code refusal{};
    bool repetition = false;  ///< Of a probe that was sent, and too big.
  };
  struct Next {
    TargetIndex target = 0;
    bool repetition = false;
  };
  struct Retired {
    TargetIndex target = 0;
    net::Serial last = 0;  ///< All of its probes come before this one.
  };
  /// A target whose connection made way for others.
  struct Displaced {
    Duration listened{};     ///< For an answer, by the longest of those connections.
    std::uint8_t times = 0;  ///< So often.
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

  bool recovering_ = false;       ///< The round under way repeats probes whose answers may have been dropped here.
  TargetIndex recovery_end_ = 0;  ///< Targets that joined the round since the repetition began are sent to after it.
  int recoveries_ = 0;            ///< Of this round.
  std::uint64_t drops_ = 0;
  std::optional<net::Instant> recovery_at_{};
  std::optional<net::Instant> recovered_at_{};  ///< By then the repeated probes have had time to be answered.
};

}  // namespace multiping::engine
