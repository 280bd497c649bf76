// Decides which hops of many routes to probe next, and what each answer says about the rest of its route.
// A state machine without I/O; time is an argument. Memory grows with the probed hops, not with max_ttl.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/monotonic_time.hpp"
#include "engine/hop_answer_meaning.hpp"
#include "engine/probe_table.hpp"
#include "engine/router_send_windows.hpp"
#include "multiping/address.hpp"

namespace multiping::engine {

struct TraceRules {
  int first_ttl = 1, max_ttl = 30;
  int probes_per_hop = 3;
  int max_silent_hops = 8;  ///< 0: no limit.
  Duration timeout{};       ///< The timeout of each probe; more than zero.
};

/// One route to trace: a target and a flow.
struct TraceRequest {
  Address target{};
  bool one_by_one = false;          ///< The route can have only one probe under way.
  bool alike = false;               ///< Errors that quote little do not tell its probes apart: repeats go one by one.
  Duration budget{};                ///< The time for the route; probes without an answer by then are given up.
  std::uint32_t most_attempts = 0;  ///< The most attempts of each probe; 0: as many as there is time for.
};

/// A probe of a hop.
struct HopProbe {
  enum class State : std::uint8_t {
    waiting,
    under_way,
    over,
    held,       ///< Beyond a router that said unreachable: sent only if others show that probes pass that router.
    abandoned,  ///< Under way when the route was found to end at a nearer hop.
  };
  State state = State::waiting;
  bool refused = false;  ///< A router said unreachable about this probe.
  bool placed = false;   ///< The probe has a place in the window of its line.
  bool in_line = false;
  std::uint16_t attempts = 0;
  RouterWindows::Line line = 0;
  std::uint32_t answer = 0;  ///< Place in the list of answers, from 1; 0: none.
  Instant place_until{};
  std::optional<Instant> silent_at{};  ///< When its last attempt was found to be silent.
};

class TraceSchedule {
 public:
  /// Routes have the numbers of their requests, from 0.
  TraceSchedule(const TraceRules& rules, std::span<const TraceRequest> requests, Instant now);

  /// One probe to send now, with this TTL, and the time to wait for its answer.
  struct Ask {
    std::uint64_t id = 0;
    std::uint32_t route = 0;
    int ttl = 0;
    Duration timeout{};
  };
  /// Puts the probes to send now into `asks`, at most `most`. One call does only a part of the work, so that the caller
  /// can check the clock and a stop request. next() is in the past while there is more to do.
  void due(Instant now, std::size_t most, std::vector<Ask>& asks);
  using Answer = HopAnswer;
  /// A router said unreachable about the probe, which is still under way.
  void heard(std::uint64_t id, const Answer& answer);
  /// The probe is over, with this outcome.
  void done(std::uint64_t id, const Answer& answer, Instant now);
  /// When due() next has something to do, unless heard() or done() is called before; probes can be asked from `may_ask`
  /// on.
  [[nodiscard]] Instant next(Instant may_ask = Instant::min()) const noexcept;
  [[nodiscard]] bool over() const noexcept { return open_ == 0; }
  /// The time at which the last route's budget ends.
  [[nodiscard]] Instant end() const noexcept { return end_; }
  /// There is no time left to send this probe, and the probe is not under way.
  [[nodiscard]] bool given_up(std::size_t route, const HopProbe& probe) const noexcept {
    return routes_[route].closed && probe.state != HopProbe::State::under_way;
  }

  /// The TTL of the last hop: where the route ends, else the last one that was probed; first_ttl - 1: none was probed.
  [[nodiscard]] int last_ttl(std::size_t route) const noexcept;
  [[nodiscard]] bool reached(std::size_t route) const noexcept { return routes_[route].reached; }
  [[nodiscard]] const HopProbe& probe(std::size_t route, int ttl, int number) const noexcept {
    return routes_[route].probes[place(ttl, number)];
  }
  /// The answer to the probe; null if the probe was silent or not sent.
  [[nodiscard]] const Answer* answer(const HopProbe& probe) const noexcept {
    return probe.answer == 0 ? nullptr : &answers_[probe.answer - 1];
  }
  /// For tests: how many probes may be under way to that router at once.
  [[nodiscard]] std::size_t window(const Address& router) { return windows_.size(windows_.of(router)); }

 private:
  /// A probe of a route, and its order: by attempts, then by number of the probe in its hop, then by TTL, then by
  /// route.
  struct Turn {
    std::uint32_t route = 0;
    int ttl = 0, number = 0;
    std::uint32_t attempts = 0;
  };
  struct Route {
    TraceRequest request{};
    Instant until{};
    Instant first_closing{};  ///< 15/16 of a timeout before `until`, but not before the start.
    std::vector<HopProbe> probes{};
    std::vector<Address> responders{};  ///< The latest responder of each hop.
    int asked_to = 0;                   ///< The last TTL for which probes exist.
    int highest = 0;                    ///< The last TTL that probes reached: time exceeded, or the target's answer.
    int refused = 0;  ///< The lowest TTL above `highest` for which a router said unreachable; 0: none.
    int end = 0;      ///< The TTL at which the route ends; 0: not known.
    bool reached = false, closed = false, one_by_one = false;
    bool started = false;       ///< The first probes of the route exist.
    std::size_t unsettled = 0;  ///< Probes waiting, held or under way; of a closed route, only those under way.
    std::size_t under_way = 0, in_line = 0;
    std::size_t abandoned = 0;                ///< How many of those under way are abandoned.
    std::size_t held = 0;                     ///< How many of the unsettled are held.
    std::set<RouterWindows::Turn> backlog{};  ///< With one_by_one: probes that wait until another is over.
  };

  [[nodiscard]] static RouterWindows::Turn pack(const Turn& turn) noexcept;
  [[nodiscard]] static Turn unpack(RouterWindows::Turn packed) noexcept;
  [[nodiscard]] std::size_t place(int ttl, int number) const noexcept;
  [[nodiscard]] HopProbe& probe_of(const Turn& turn) noexcept;
  [[nodiscard]] RouterWindows::Turn turn_of(std::uint32_t route, int ttl, int number) const noexcept;

  void start_some();
  [[nodiscard]] bool wants_more_routes() const noexcept;
  [[nodiscard]] int horizon(const Route& route) const noexcept;
  void extend(std::uint32_t route);
  void want(std::uint32_t route, RouterWindows::Turn turn);
  void line_up(RouterWindows::Turn turn);
  void unline(RouterWindows::Turn turn);
  void continue_one_by_one(std::uint32_t route);
  [[nodiscard]] RouterWindows::Line predicted_line(std::uint32_t route, int ttl);
  [[nodiscard]] RouterWindows::Line line_of(std::uint32_t route, int ttl);
  void line_up_anew(std::uint32_t route, int ttl);

  [[nodiscard]] Ask ask(const RouterWindows::Taken& taken, Instant now);
  void drop(const RouterWindows::Taken& taken);
  [[nodiscard]] Duration patience() const noexcept;
  void expire_places(Instant now);
  void take(const Turn& turn, const Answer& answer, Instant now);
  void keep(const Turn& turn, Answer answer);
  enum class Fate : std::uint8_t { answered, silent, not_sent };
  void free_place(const Turn& turn, Fate fate);
  void repeat_or_settle(const Turn& turn, bool again);
  void hear(const Turn& turn, const Answer& answer, HopAnswerMeaning sign);
  void meet(const Turn& turn, const Address& responder);
  [[nodiscard]] bool is_idle(const Turn& turn) const noexcept;
  [[nodiscard]] int nearest_refusal(std::uint32_t route) const noexcept;
  void set_refused(std::uint32_t route, int ttl);
  void conclude(std::uint32_t route);
  void cut(std::uint32_t route, int ttl);
  void settle(const Turn& turn);
  [[nodiscard]] Instant last_ask(std::uint32_t route) const noexcept;
  void close_late(Instant now);
  void close(std::uint32_t route);

  TraceRules rules_;
  RouterWindows windows_;
  std::vector<Route> routes_;
  std::vector<std::pair<Instant, std::uint32_t>> closings_;   ///< When each route's time ends; the latest first.
  std::set<std::pair<Instant, RouterWindows::Turn>> places_;  ///< The time until which each place is held.
  std::vector<Answer> answers_;
  std::size_t open_ = 0;
  std::array<std::vector<std::uint32_t>, 2> unstarted_{};  ///< Routes by family; the next one is last.
  Instant end_ = Instant::min();
  Duration slowest_{};
};

}  // namespace multiping::engine
