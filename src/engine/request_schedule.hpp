// Decides what to send next for single requests, which come at any time, each with its own deadline and repetitions.
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

#include "base/reserve_more.hpp"
#include "engine/index_queue.hpp"
#include "engine/outcome_tracker.hpp"
#include "engine/probe_source.hpp"
#include "engine/send_control.hpp"
#include "engine/timer_heap.hpp"

namespace multiping::engine {

/// A request holds a target of the table while one of its probes is remembered. Then another request gets the number.
class RequestSchedule final : public ProbeSource {
 public:
  using Token = std::uint64_t;
  struct Submission {
    Destination destination{};
    bool connects = false;  ///< Each probe takes up room in the transport while it is under way.
    Duration timeout{};     ///< The timeout of each probe; not negative.
    int retry = 0;          ///< The number of probes after the first; not negative.
    Asked asked{};          ///< Done tells it again.
  };
  /// The outcome of a request.
  struct Done {
    Token token = 0;
    TargetRecord record{};
    Detail detail{};
    Instant sent_at{};  ///< When the answered probe was sent, else the last one; no meaning if none was sent.
    Asked asked{};
  };

  explicit RequestSchedule(const Rules& rules)
      : outcomes_{rules.fail_fast, rules.any_source},
        flow_{rules.max_rate},
        tell_errors_{rules.tell_errors},
        report_duplicates_{rules.report_duplicates} {}

  /// Starts a request, whose deadline is counted from `now`. Throws std::bad_alloc, and then nothing has changed. After
  /// this call only sending a probe of the request needs memory; the request's end needs none.
  Token submit(const Submission& submission, Instant now);
  /// A request that cannot be sent: it is done at once with this outcome.
  struct Refusal {
    Address address{};
    Asked asked{};
    Outcome outcome = Outcome::send_failed;
    std::error_code error{};
  };
  Token refuse(const Refusal& refusal, Instant now);

  /// Ends all requests under way now, in the order of submission. Each keeps the outcome that is known: mostly pending.
  void end_all();

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
  struct Request {
    Token token = 0;
    Instant deadline{};
    Instant due{};  ///< When the next probe is due; after the last probe, the deadline.
    Instant submitted{};
    Duration timeout{};
    Duration listened{};           ///< The longest time that a connection waited for an answer until it was displaced.
    std::uint32_t remembered = 0;  ///< The number of its probes in the window.
    std::uint8_t repetitions = 0;  ///< How often a probe was repeated because answers may have been dropped.
    bool connects = false;
    bool repeating = false;      ///< It waits in line to repeat its last probe.
    bool short_of_room = false;  ///< It has waited for room or ports, or its connection was displaced.
    bool over = true;
    std::uint8_t displaced = 0;  ///< How often its connection was ended to make room for others.
    std::optional<TargetIndex> held_behind{};
    std::error_code refusal{};             ///< The last passing refusal since a probe was sent; none: no such refusal.
    std::optional<net::Serial> untried{};  ///< The probe that was proposed, and put back or held.
    std::vector<net::Serial> sent{};
    Asked asked{};
  };
  /// RequestSchedule with a probe to send. RequestSchedule that connect have their own line, so that no other request
  /// waits for room.
  struct Queue {
    IndexQueue line{};
    Room room{};
  };

  [[nodiscard]] ProbeTable& table() noexcept { return outcomes_.table(); }
  [[nodiscard]] Queue& queue_of(TargetIndex target) noexcept { return queues_[requests_[target].connects ? 1 : 0]; }
  [[nodiscard]] bool all_sent() const noexcept { return queues_[0].line.empty() && queues_[1].line.empty(); }
  void make_room_for_done() { reserve_more(done_, under_way_ + 1); }
  void make_room_for_target();
  [[nodiscard]] TargetIndex admit(const Destination& destination);
  [[nodiscard]] Queue* next_queue(Instant now) noexcept;
  [[nodiscard]] net::Probe proposal(TargetIndex target, Instant now);
  void line_up(TargetIndex target, bool repeating);
  void remember(std::vector<net::Serial>& sent, net::Serial serial);
  void receive(const net::Event& event);
  void displaced(const net::Event& event);
  void wake(TargetIndex holder);
  void stop_waiting_behind(TargetIndex target);
  [[nodiscard]] bool was_heard(TargetIndex target, Instant now);
  [[nodiscard]] bool goes_on(TargetIndex target, const net::Event& event) const noexcept;
  void tell(TargetIndex target);
  void answered_again(TargetIndex target, const net::Event& event);
  void try_again(TargetIndex target, Instant now);
  void time_out(TargetIndex target, Instant now);
  void repeat_awaited();
  void finish(TargetIndex target);
  [[nodiscard]] bool expendable(const ProbeEntry& entry, Instant now) const noexcept;
  void forget_oldest();
  void sweep();
  void let_go(net::Serial serial);
  void release(TargetIndex target);

  OutcomeTracker outcomes_;
  SendControl flow_;
  bool tell_errors_, report_duplicates_;
  std::array<Queue, 2> queues_{};
  std::vector<Request> requests_;  ///< By target.
  std::vector<TargetIndex> free_;
  std::optional<TargetIndex> nobody_{};  ///< The target that gets the probes that were let go.
  net::Serial swept_ = 0;                ///< Probes with lower serials are let go as soon as their request is over.
  TimerHeap timers_;
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
