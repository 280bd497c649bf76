// Decides what to send next for single requests, which come at any time, each with its own waits and retries.
// A state machine without I/O; time is an argument. Memory grows with the requests under way, not with all so far.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "base/back_off_waits.hpp"
#include "base/reserve_more.hpp"
#include "engine/fifo_with_removal.hpp"
#include "engine/outcome_tracker.hpp"
#include "engine/probe_supplier.hpp"
#include "engine/sendable_now.hpp"
#include "engine/single_probe_by_token.hpp"
#include "engine/timer_heap.hpp"

namespace multiping::engine {

/// The time of each probe runs from its sending: what waits for its turn, because of the rate, a full transport, room
/// for a connection or ports, loses none. A connection that was displaced counts as not sent, until one has lasted long
/// enough. A probe that this host refuses with an error that passes is tried for as long as all its waits together, and
/// once more after a long wait in line.
///
/// A request holds a target of the table while one of its probes is remembered. Then another request gets the number.
class SingleProbeSchedule final : public ProbeSupplier {
 public:
  using Token = std::uint64_t;
  struct Submission {
    TargetKey destination{};
    bool connects = false;   ///< Each probe takes up room in the transport while it is under way.
    bool fail_fast = false;  ///< An unreachable error ends this request.
    BackOffWaits waits{};
    std::uint32_t retry = 0;            ///< The number of probes after the first.
    Instant leave_by = Instant::max();  ///< The request ends if its first probe has not left by then.
    Instant expires = Instant::max();   ///< The request ends; no probe leaves from then on.
    Asked asked{};                      ///< Done tells it again.
  };
  /// The outcome of a request.
  struct Done {
    Token token = 0;
    TargetRecord record{};
    Detail detail{};
    Instant sent_at{};  ///< When the answered probe was sent, else the last one; no meaning if none was sent.
    Asked asked{};
  };

  explicit SingleProbeSchedule(const Rules& rules)
      : outcomes_{rules.fail_fast, rules.any_source},
        flow_{rules.max_rate},
        tell_errors_{rules.tell_errors},
        report_duplicates_{rules.report_duplicates} {
    table().keep_packet_options();
  }

  /// Starts a request. Throws std::bad_alloc, and then nothing has changed. After this call only sending a probe of the
  /// request needs memory; the request's end needs none.
  Token submit(const Submission& submission);
  /// A request that cannot be sent: it is done at once with this outcome.
  struct Refusal {
    Address address{};
    Asked asked{};
    Outcome outcome = Outcome::send_failed;
    std::error_code error{};
  };
  Token refuse(const Refusal& refusal, Instant now);

  /// How many further requests the caller's rate lets send their first probe now; no limit is the largest number. This
  /// is for a caller that decides as late as possible what it asks next.
  [[nodiscard]] std::size_t may_submit(Instant now) noexcept;
  /// The earliest time at which may_submit() may be more than zero.
  [[nodiscard]] Instant may_submit_at() const noexcept;

  /// Ends a request without an outcome, or drops the outcome of one that is done. Returns false when there is none with
  /// this token that is not yet handed out. give_back() then has something to do.
  bool cancel(Token token) noexcept;
  /// For tests, between two calls: throws std::logic_error, which says what does not hold, where the parts disagree.
  void check_invariants() const;
  /// Calls `forget` with each probe whose answer is no longer awaited and that is under way.
  template <class Forget>
  void give_back(Forget forget) {
    if (forgotten_.empty()) return;
    for (Queue& queue : queues_) queue.room.heard();  // the transport gives back what these probes hold
    for (const TargetIndex holder : std::exchange(held_by_the_over_, {})) wake(holder);
    for (const net::Serial serial : forgotten_) forget(serial);
    forgotten_.clear();  // the memory stays, for the requests under way
  }

  /// Ends all requests under way now, in the order of submission. Each keeps the outcome that is known: mostly pending.
  void end_all();

  /// The last wait of a request, in which nothing has come so far.
  struct Wait {
    const TargetRecord& record;
    Instant sent_at{}, end{};  ///< Of the last probe, and when its wait ends.
  };
  /// The wait that ends first; none when that is not the last wait of its request, or when none is under way.
  [[nodiscard]] std::optional<Wait> first_last_wait() const noexcept;
  /// Calls `visit(wait)` for each last wait that ends by `until`.
  template <class Visit>
  void each_last_wait(Instant until, Visit visit) const {
    timers_.each([&](TargetIndex target, Instant at) {
      if (at > until) return;
      if (const auto wait = last_wait(target)) visit(*wait);
    });
  }

  /// The number of requests that were submitted and not yet handed out by take_done() or drop_done().
  [[nodiscard]] std::size_t in_flight() const noexcept { return under_way_ + done_.size(); }
  [[nodiscard]] bool any_done() const noexcept { return !done_.empty(); }
  [[nodiscard]] bool any_repeated() const noexcept { return !repeated_.empty(); }
  [[nodiscard]] std::vector<Done> take_done();
  /// The requests that are done, without taking them. drop_done() then hands out the first `count` of them.
  [[nodiscard]] std::span<const Done> done() const noexcept { return done_; }
  void drop_done(std::size_t count) noexcept {
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  /// The requests that got further answers, one entry for each such answer. The reader clears the list.
  [[nodiscard]] std::vector<Token>& duplicates() noexcept { return duplicates_; }
  /// With Rules::report_duplicates: the further answers, each with the token of its request. The reader clears the
  /// list. Such an entry ends a wait, as a request that is done does.
  [[nodiscard]] std::vector<Done>& repeated() noexcept { return repeated_; }
  /// With Rules::tell_errors: requests that are unreachable so far and go on, one entry for each ICMP error. The reader
  /// clears the list. Such an entry reaches Goal::done, too.
  [[nodiscard]] std::vector<Done>& heard() noexcept { return heard_; }
  /// The profiles of requests that are over, one entry for each request. The reader clears the list.
  [[nodiscard]] std::vector<net::ProfileNumber>& released_profiles() noexcept { return released_profiles_; }
  [[nodiscard]] const Counters& counters() const noexcept { return outcomes_.counters(); }

  [[nodiscard]] const net::ProbeBook& book() const noexcept override { return outcomes_.table(); }
  [[nodiscard]] bool reached(Goal goal) const noexcept override;
  void propose(Instant now, std::size_t most, std::vector<net::Probe>& batch) override;
  void sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at) override;
  void refused(const net::Probe& probe, std::error_code error, Instant now) override;
  void put_back(std::span<const net::Probe> probes, Instant room_at) override;
  void hold(const net::Probe& probe, net::Serial behind, Instant now) override;
  void take(std::span<const net::Event>& events) override;
  /// When the count has grown, awaited requests send their probe again, as part of the same attempt.
  void receive_drops(std::uint64_t count, Instant now) override;
  void expire(Instant now, std::vector<net::Serial>& forgotten) override;
  [[nodiscard]] Instant next() const noexcept override;
  [[nodiscard]] bool insists(Instant /*now*/) const noexcept override { return !all_sent(); }

 private:
  enum class Life : std::uint8_t {
    over,
    to_send,    ///< The next attempt waits for its turn.
    to_resend,  ///< The connection of the last attempt was displaced, and waits for its turn as if it had not been
                ///< sent.
    under_way,  ///< The wait for the last attempt runs. In line: its probe is to be repeated meanwhile.
  };
  struct Request {
    Token token = 0;
    Instant due{};  ///< Under way: when the wait for the last attempt ends.
    Instant leave_by = Instant::max(), expires = Instant::max();
    Instant give_up = Instant::max();     ///< When this host has refused the probe for too long.
    Instant refused_at = Instant::min();  ///< The last passing refusal.
    BackOffWaits waits{};
    Duration given{};     ///< All waits for the attempts so far, together.
    Duration listened{};  ///< The longest time that a connection waited for an answer until it was displaced.
    std::uint32_t retry = 0;
    std::uint32_t tries = 0;       ///< The attempts so far, which were sent or refused for good.
    std::uint32_t remembered = 0;  ///< The number of its probes in the window.
    std::uint8_t repetitions = 0;  ///< How often a probe was repeated because answers may have been dropped.
    std::uint8_t displaced = 0;    ///< How often its connection was ended to make room for others.
    Life life = Life::over;
    bool connects = false;
    bool last_try = false;  ///< The patience is over, but the probe was not tried lately: the next refusal ends it.
    bool waited = false;    ///< The wait for an attempt has passed without an answer.
    std::optional<TargetIndex> held_behind{};
    std::error_code refusal{};             ///< The last passing refusal since a probe was sent; none: no such refusal.
    std::optional<net::Serial> untried{};  ///< The probe that was proposed, and put back or held.
    std::vector<net::Serial> sent{};
    Asked asked{};
  };
  /// Requests with a probe to send. Requests that connect have their own line, so that no other request
  /// waits for room.
  struct Queue {
    FifoWithRemoval line{};
    Room room{};
  };

  [[nodiscard]] ProbeTable& table() noexcept { return outcomes_.table(); }
  [[nodiscard]] Queue& queue_of(TargetIndex target) noexcept { return queues_[requests_[target].connects ? 1 : 0]; }
  [[nodiscard]] bool in_line(TargetIndex target) const noexcept {
    return queues_[requests_[target].connects ? 1 : 0].line.holds(target);
  }
  void check_over(TargetIndex target) const;
  void check_living(TargetIndex target) const;
  [[nodiscard]] std::optional<Wait> last_wait(TargetIndex target) const noexcept;
  [[nodiscard]] bool all_sent() const noexcept { return queues_[0].line.empty() && queues_[1].line.empty(); }
  void make_room_for_done() { reserve_more(done_, under_way_ + 1); }
  void make_room_for_target();
  [[nodiscard]] TargetIndex admit(const TargetKey& destination);
  [[nodiscard]] Queue* next_queue(Instant now) noexcept;
  [[nodiscard]] net::Probe proposal(TargetIndex target, Instant now);
  void line_up(TargetIndex target);
  void left(TargetIndex target, const ProbeEntry& entry);
  void begin_wait(TargetIndex target, Instant from);
  [[nodiscard]] static Instant alarm_of(const Request& request) noexcept;
  void set_timer(TargetIndex target);
  void remember(std::vector<net::Serial>& sent, net::Serial serial);
  void receive(const net::Event& event);
  void displaced(const net::Event& event);
  [[nodiscard]] bool lasted_long_enough(const Request& request) const noexcept;
  void wake(TargetIndex holder);
  void stop_waiting_behind(TargetIndex target);
  [[nodiscard]] bool was_heard(TargetIndex target, Instant now);
  [[nodiscard]] bool goes_on(TargetIndex target, const net::Event& event) const noexcept;
  void tell(TargetIndex target);
  [[nodiscard]] static bool is_last(const Request& request) noexcept { return request.tries > request.retry; }
  [[nodiscard]] static Instant end_of(const Request& request) noexcept;
  void ring(TargetIndex target, Instant now);
  void put_up_with(TargetIndex target, std::error_code error, Instant now);
  [[nodiscard]] static bool deserves_last_try(const Request& request) noexcept;
  static void be_patient(Request& request) noexcept;
  void try_again(TargetIndex target);
  void answered_again(TargetIndex target, const net::Event& event);
  void time_out(TargetIndex target, Instant now);
  void repeat_awaited();
  void finish(TargetIndex target);
  [[nodiscard]] Instant sent_at(const Request& request) const noexcept;
  void end(TargetIndex target) noexcept;
  [[nodiscard]] bool expendable(const ProbeEntry& entry, Instant now) const noexcept;
  void forget_oldest();
  void sweep();
  void let_go(net::Serial serial);
  void release(TargetIndex target);

  OutcomeTracker outcomes_;
  SendableNow flow_;
  bool tell_errors_, report_duplicates_;
  std::array<Queue, 2> queues_{};
  std::vector<Request> requests_;  ///< By target.
  std::vector<TargetIndex> free_;
  std::optional<TargetIndex> nobody_{};  ///< The target that gets the probes that were let go.
  net::Serial swept_ = 0;                ///< Probes with lower serials are let go as soon as their request is over.
  TimerHeap timers_;
  SingleProbeByToken by_token_;
  std::size_t under_way_ = 0;
  Token next_token_ = 1;
  std::multimap<TargetIndex, TargetIndex> held_;  ///< From a request that holds ports to one that waits for them.
  std::vector<TargetIndex> held_by_the_over_;     ///< Holders that are over, whose connection is not yet given back.
  std::vector<Done> done_, heard_, repeated_;
  std::vector<net::Serial> forgotten_;  ///< Probes that the transport is not yet told to forget.
  std::vector<Token> duplicates_;
  std::vector<net::ProfileNumber> released_profiles_;
  std::uint64_t drops_ = 0;
  std::optional<Instant> repeat_at_{};
};

}  // namespace multiping::engine
