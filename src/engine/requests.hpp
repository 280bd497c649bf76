// What to send next of single requests: each with its own deadline and its own repetitions, coming at any time.
// A state machine without I/O; time is an argument. Memory follows the number of requests under way, not of all ever.
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

#include "engine/agenda.hpp"
#include "engine/fates.hpp"
#include "engine/flow.hpp"
#include "engine/timers.hpp"
#include "engine/waiting_line.hpp"
#include "net/make_room.hpp"

namespace multiping::engine {

/// A request holds a target of the table for as long as one of its probes is remembered; then another gets the number.
class Requests final : public Agenda {
 public:
  using Token = std::uint64_t;
  struct Submission {
    Endpoint endpoint{};
    bool connects = false;  ///< Each probe takes up room in the transport for as long as it is under way.
    Duration timeout{};     ///< Of each probe; not negative.
    int retry = 0;          ///< Probes behind the first; not negative.
  };
  /// What became of a request.
  struct Done {
    Token token = 0;
    TargetRecord record{};
    Detail detail{};
    net::Instant sent_at{};  ///< Of the probe that was answered, else of the last; meaningless when none was sent.
  };

  explicit Requests(const Rules& rules)
      : fates_{rules.fail_fast, rules.any_source}, flow_{rules.max_rate}, tell_errors_{rules.tell_errors} {}

  /// Its deadline is counted from `now`. Throws std::bad_alloc, with nothing changed; what becomes of the request needs
  /// no memory then, but for being sent.
  Token submit(const Submission& submission, net::Instant now);
  /// What cannot be sent is done at once.
  Token refuse(const Address& address, Outcome outcome, std::error_code error);

  /// What is under way is done now, in the order of its submission, as what is known of it: pending, most often.
  void end_all();

  /// Submitted, and not yet handed out by take_done().
  [[nodiscard]] std::size_t in_flight() const noexcept { return under_way_ + done_.size(); }
  [[nodiscard]] bool any_done() const noexcept { return !done_.empty(); }
  [[nodiscard]] std::vector<Done> take_done();
  /// The same, to be looked at; they are handed out by drop_done(), which takes the first `count`.
  [[nodiscard]] std::span<const Done> done() const noexcept { return done_; }
  void drop_done(std::size_t count) noexcept {
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  /// The requests that were answered once more, as often as that was; to be cleared by who reads them.
  [[nodiscard]] std::vector<Token>& duplicates() noexcept { return duplicates_; }
  /// With Rules::tell_errors: what is known of requests that are unreachable so far and go on, once for each error; to
  /// be cleared by who reads them. Such news reach Goal::done too.
  [[nodiscard]] std::vector<Done>& heard() noexcept { return heard_; }
  /// The shapes of requests that are over, each as often as it was submitted; to be cleared by who reads them.
  [[nodiscard]] std::vector<net::ShapeNumber>& released_shapes() noexcept { return released_shapes_; }
  [[nodiscard]] const Counters& counters() const noexcept { return fates_.counters(); }

  [[nodiscard]] const net::ProbeBook& book() const noexcept override { return fates_.table(); }
  [[nodiscard]] bool reached(Goal goal) const noexcept override;
  void propose(net::Instant now, std::size_t most, std::vector<net::Probe>& batch) override;
  void sent(std::span<const net::Probe> probes, std::span<const net::Instant> sent_at) override;
  void refused(const net::Probe& probe, std::error_code error, net::Instant now) override;
  void put_back(std::span<const net::Probe> probes, net::Instant room_at) override;
  void hold(const net::Probe& probe, net::Serial behind, net::Instant now) override;
  void take(std::span<const net::Event>& events) override;
  /// When the count grew, what is awaited is probed again, as part of the same attempt.
  void receive_drops(std::uint64_t count, net::Instant now) override;
  void expire(net::Instant now, std::vector<net::Serial>& forgotten) override;
  [[nodiscard]] net::Instant next() const noexcept override;
  [[nodiscard]] bool insists(net::Instant /*now*/) const noexcept override { return !all_sent(); }

 private:
  struct Request {
    Token token = 0;
    net::Instant deadline{};
    net::Instant due{};  ///< Of the next probe; the deadline behind the last.
    net::Instant submitted{};
    Duration timeout{};
    Duration listened{};           ///< For an answer, by connections that made way for others.
    std::uint32_t remembered = 0;  ///< Its probes in the window.
    std::uint8_t repetitions = 0;  ///< For dropped answers.
    bool connects = false;
    bool repeating = false;      ///< It waits in line to repeat its last probe.
    bool short_of_room = false;  ///< It waited for room, or for the ports of another, or made way.
    bool over = true;
    std::uint8_t displaced = 0;  ///< How often its connection made way for others.
    std::optional<TargetIndex> held_behind{};
    std::error_code refusal{};             ///< The last that passes, while nothing was sent.
    std::optional<net::Serial> untried{};  ///< Proposed, and put back by a full transport.
    std::vector<net::Serial> sent{};
  };
  /// Requests with a probe to send. Those that connect have a line of their own, so that nobody else waits for room.
  struct Queue {
    WaitingLine line{};
    Room room{};
  };

  [[nodiscard]] ProbeTable& table() noexcept { return fates_.table(); }
  [[nodiscard]] Queue& queue_of(TargetIndex target) noexcept { return queues_[requests_[target].connects ? 1 : 0]; }
  [[nodiscard]] bool all_sent() const noexcept { return queues_[0].line.empty() && queues_[1].line.empty(); }
  void make_room_for_done() { net::make_room(done_, under_way_ + 1); }
  void make_room_for_target();
  [[nodiscard]] TargetIndex admit(const Endpoint& endpoint);
  [[nodiscard]] Queue* next_queue(net::Instant now) noexcept;
  [[nodiscard]] net::Probe proposal(TargetIndex target, net::Instant now);
  void line_up(TargetIndex target, bool repeating);
  void remember(std::vector<net::Serial>& sent, net::Serial serial);
  void receive(const net::Event& event);
  void displaced(const net::Event& event);
  void wake(TargetIndex holder);
  void stop_waiting_behind(TargetIndex target);
  [[nodiscard]] bool was_heard(TargetIndex target, net::Instant now);
  [[nodiscard]] bool goes_on(TargetIndex target, const net::Event& event) const noexcept;
  void tell(TargetIndex target);
  void try_again(TargetIndex target, net::Instant now);
  void time_out(TargetIndex target, net::Instant now);
  void repeat_awaited();
  void finish(TargetIndex target);
  [[nodiscard]] bool expendable(const ProbeEntry& entry, net::Instant now) const noexcept;
  void forget_oldest();
  void sweep();
  void let_go(net::Serial serial);
  void release(TargetIndex target);

  Fates fates_;
  Flow flow_;
  bool tell_errors_;
  std::array<Queue, 2> queues_{};
  std::vector<Request> requests_;  ///< By target.
  std::vector<TargetIndex> free_;
  std::optional<TargetIndex> nobody_{};  ///< Has the probes that were let go.
  net::Serial swept_ = 0;                ///< Probes below are let go as soon as their request is over.
  Timers timers_;
  std::size_t under_way_ = 0;
  Token next_token_ = 1;
  std::multimap<TargetIndex, TargetIndex> held_;  ///< Requests that wait for the ports of another, by that one.
  std::vector<TargetIndex> held_by_the_over_;     ///< Whose connection is not given back yet.
  std::vector<Done> done_, heard_;
  std::vector<net::Serial> forgotten_;  ///< Not told to the transport yet.
  std::vector<Token> duplicates_;
  std::vector<net::ShapeNumber> released_shapes_;
  std::uint64_t drops_ = 0;
  std::optional<net::Instant> repeat_at_{};
};

}  // namespace multiping::engine
