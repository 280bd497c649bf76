// What becomes of targets: the rules that turn sendings, failures and events into outcomes, and count them.
// Pure: which target is sent to, and when time is up for one, others decide.
#pragma once

#include <cstddef>
#include <span>
#include <system_error>

#include "engine/probe_table.hpp"
#include "net/transport.hpp"

namespace multiping::engine {

class Fates {
 public:
  /// With `fail_fast` an unreachable error ends the wait for a target; with `any_source` an answer from elsewhere is an
  /// answer.
  explicit Fates(bool fail_fast, bool any_source = false) : fail_fast_{fail_fast}, any_source_{any_source} {}

  [[nodiscard]] ProbeTable& table() noexcept { return table_; }
  [[nodiscard]] const ProbeTable& table() const noexcept { return table_; }

  TargetIndex add(const Endpoint& endpoint);
  /// For one more target: nothing that becomes of it, or of the others, needs memory then.
  void make_room_for_target() { table_.make_room_for_target(); }
  /// The number of `target`, which is over, stands for another target from now on.
  void replace(TargetIndex target, const Endpoint& endpoint);
  /// Nobody asks for `target` any more: it is neither unanswered nor awaited, and nothing changes its record.
  void retire(TargetIndex target);

  /// A repetition belongs to the attempt that it repeats, and so does what is sent in the place of a displaced probe,
  /// or of one that was too big.
  enum class Sending : bool { attempt, repetition };
  void sent(std::span<const net::Probe> probes, std::span<const net::Instant> sent_at, Sending sending);
  /// This host would not send a probe to `target`.
  void fail(TargetIndex target, std::error_code error);

  /// This host ended the probe's connection, to make room for others. False when that changes nothing, since another
  /// probe to the target is under way, or it has answered.
  bool displaced(net::Serial serial);

  /// The target answers by it.
  [[nodiscard]] bool is_answer(const net::Event& event) const noexcept;
  /// Whether the probe is to be repeated at once: it was too big for its path, and the next one will be fragmented.
  bool received(const net::Event& event);
  /// An event about a probe that nobody waits for any more.
  void received_late(const net::Event& event) noexcept;

  /// Time is up for the probes of a target: pending becomes no_reply, and an answer still counts later.
  static void time_out(TargetRecord& record) noexcept;
  /// The same for a target that was listened for long enough, whether one of its probes is under way or was displaced.
  static void fall_silent(TargetRecord& record) noexcept;
  /// Nobody waits for this target any more.
  void give_up(TargetRecord& record) noexcept { set_awaited(record, false); }
  /// Forgets every fate; the targets stay, and so do the counters.
  void reset();

  /// An ICMP error that is all that the caller wants to know: of an expired ttl that was asked for, and with fail_fast
  /// any that says unreachable.
  [[nodiscard]] bool is_enough(const TargetRecord& record, const net::Event& event) const noexcept;
  [[nodiscard]] std::size_t unanswered() const noexcept { return unanswered_; }
  [[nodiscard]] std::size_t awaited() const noexcept { return awaited_; }
  [[nodiscard]] std::size_t unreported() const noexcept { return unreported_; }  ///< Answers not handed out yet.
  void all_reported() noexcept { unreported_ = 0; }
  /// Twice the greatest round-trip time seen, within limits: what is under way should have been answered by then.
  [[nodiscard]] Duration time_to_answer() const noexcept;
  /// How long one connection to a target must have lasted, of all the time there was, until its silence is the
  /// target's.
  [[nodiscard]] Duration enough_listening(Duration time) const noexcept;
  /// sent, received, duplicates, late, icmp_errors, send_errors, and wrong_source of events.
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  void set_awaited(TargetRecord& record, bool awaited) noexcept;
  void answer(ProbeEntry& entry, const net::Event& event);
  void answered_elsewhere(const ProbeEntry& entry, const net::Event& event);
  bool icmp_error(ProbeEntry& entry, const net::Event& event);
  [[nodiscard]] static bool repeats(const TargetRecord& record, const ProbeEntry& entry,
                                    const net::Event& event) noexcept;
  void give_up_probe(ProbeEntry& entry, const net::Event& event);
  [[nodiscard]] bool ends_wait(const TargetRecord& record, const ProbeEntry& entry,
                               const net::Event& event) const noexcept;

  ProbeTable table_;
  bool fail_fast_, any_source_;
  std::size_t unanswered_ = 0, awaited_ = 0, unreported_ = 0;
  Duration slowest_{};
  Counters counters_;
};

/// Adds to `sum` what was counted here and what the transport counted below.
void add(Counters& sum, const Counters& fates, const Counters& below) noexcept;

/// When the answer came, as far as a clock of this host has told: by the kernel's measure or stamp; none where only
/// this process's reading of it is known.
[[nodiscard]] std::optional<net::Instant> answered_at(net::Instant sent_at, const net::Event& event) noexcept;

}  // namespace multiping::engine
