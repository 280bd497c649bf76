// The outcomes of targets: the rules that turn sent probes, failures and events into outcomes, and count them.
// Pure. The sessions decide which target gets a probe, and when its time is up.
#pragma once

#include <cstddef>
#include <span>
#include <system_error>

#include "engine/probe_table.hpp"
#include "net/probe_transport.hpp"

namespace multiping::engine {

class OutcomeTracker {
 public:
  /// With `fail_fast`, an unreachable error ends the wait for any target; TargetRecord::fail_fast is for one. With
  /// `any_source`, a reply from another address than the target's counts as an answer.
  explicit OutcomeTracker(bool fail_fast, bool any_source = false) : fail_fast_{fail_fast}, any_source_{any_source} {}

  [[nodiscard]] ProbeTable& table() noexcept { return table_; }
  [[nodiscard]] const ProbeTable& table() const noexcept { return table_; }

  TargetIndex add(const TargetKey& destination);
  /// Reserves memory for one more target: add(), and later outcomes of any target, then need no memory.
  void make_room_for_target() { table_.make_room_for_target(); }
  /// Reuses the number of `target`, which is over, for another destination.
  void replace(TargetIndex target, const TargetKey& destination);
  /// An unreachable error ends the wait for this target, until its number is used again.
  void fail_fast(TargetIndex target) noexcept { table_.record(target).fail_fast = true; }
  /// Removes `target` from the counts of unanswered and awaited targets. Later events do not change its record.
  void retire(TargetIndex target);

  /// A repetition belongs to the attempt that it repeats. So does a probe that replaces a displaced probe or one that
  /// was too big.
  enum class Sending : bool { attempt, repetition };
  void sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at, Sending sending);
  /// This host refused to send a probe to `target`.
  void fail(TargetIndex target, std::error_code error, Instant now);

  /// This host ended the probe's connection, to make room for others. Returns false when that changes nothing, because
  /// a newer probe to the target is under way, or the target is not awaited.
  bool displaced(net::Serial serial);

  /// The event is an answer of the target.
  [[nodiscard]] bool is_answer(const net::Event& event) const noexcept;
  /// Takes in an event. Returns true when the probe is to be repeated at once, because it was too big for its path: the
  /// next one will be fragmented.
  bool received(const net::Event& event);
  /// Counts an event about a probe that is no longer awaited.
  void received_late(const net::Event& event) noexcept;

  /// What a further answer to a probe says, as if it were the first. The address is that of the target.
  [[nodiscard]] TargetRecord further_answer(const net::Event& event);

  /// The timeout of an awaited target has passed: pending becomes no_reply. An answer that comes later still counts.
  static void time_out(TargetRecord& record, Instant now) noexcept;
  /// As time_out(), but also for a target that is not awaited because its last connection was displaced.
  static void fall_silent(TargetRecord& record, Instant now) noexcept;
  /// This target is no longer awaited.
  void give_up(TargetRecord& record) noexcept { set_awaited(record, false); }
  /// Forgets every fate; the targets stay, and so do the counters.
  void reset();
  /// As an object that was just made, with one target. To be called when there is one target. Needs no memory.
  void renew(const TargetKey& destination);

  /// True for an ICMP error that ends the wait: time exceeded where the caller set a TTL, and with fail_fast every
  /// unreachable error. A lost fragment does not end the wait.
  [[nodiscard]] bool is_enough(const TargetRecord& record, const net::Event& event) const noexcept;
  [[nodiscard]] std::size_t unanswered() const noexcept { return unanswered_; }
  [[nodiscard]] std::size_t awaited() const noexcept { return awaited_; }
  [[nodiscard]] std::size_t unreported() const noexcept { return unreported_; }  ///< Answers not handed out yet.
  void all_reported() noexcept { unreported_ = 0; }
  /// Twice the greatest round-trip time seen, but 20 ms to 1 s: by then an answer to a probe should have come.
  [[nodiscard]] Duration time_to_answer() const noexcept;
  /// The least time that one connection must have lasted for its target to count as silent. `time` is the whole time
  /// that the target had.
  [[nodiscard]] Duration enough_listening(Duration time) const noexcept;
  /// Counts sent, received, duplicates, late, icmp_errors, send_errors, and wrong_source of events; the rest stays 0.
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

/// Adds to `sum` the counters of the engine (`fates`) and of the transport (`below`).
void add(Counters& sum, const Counters& fates, const Counters& below) noexcept;

/// When the answer arrived, by the round-trip time of the event or by the kernel's timestamp. None where only the time
/// is known at which this process read the answer.
[[nodiscard]] std::optional<Instant> answered_at(Instant sent_at, const net::Event& event) noexcept;

}  // namespace multiping::engine
