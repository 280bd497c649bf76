// What to ask next of many routes at once: which probe of which hop, and what its answer says about the rest.
// A state machine without I/O; time is an argument. Memory follows the hops that were asked, not max_ttl.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/hop_sign.hpp"
#include "engine/hop_windows.hpp"
#include "engine/pacer.hpp"
#include "engine/probe_table.hpp"
#include "multiping/address.hpp"
#include "net/instant.hpp"

namespace multiping::engine {

struct TraceRules {
  int first_ttl = 1, max_ttl = 30;
  int probes_per_hop = 3;
  int max_silent_hops = 8;  ///< 0: no limit.
  Duration timeout{};       ///< Of each probe; more than zero.
  double max_rate = 0;
};

/// One way to be found out: a target and a flow.
struct TraceRequest {
  Address target{};
  bool one_by_one = false;  ///< It can have but one probe under way.
  bool alike = false;  ///< Routers that quote little don't tell its probes apart: silence is asked again one by one.
  Duration budget{};   ///< All that is not known by then is given up.
  std::uint32_t most_attempts = 0;  ///< Of each probe; 0: as many as there is time for.
};

/// A probe of a hop.
struct HopProbe {
  enum class State : std::uint8_t {
    waiting,
    under_way,
    over,
    held,       ///< Behind a router that said unreachable: asked if others show that probes pass it.
    abandoned,  ///< Behind the end of the route, while it was under way.
  };
  State state = State::waiting;
  bool refused = false;  ///< A router says unreachable, so far at least.
  bool placed = false;   ///< It has a place in the window of its line.
  bool in_line = false;
  std::uint16_t attempts = 0;
  HopWindows::Line line = 0;
  std::uint32_t answer = 0;  ///< Place among the answers, from 1; 0: none.
  net::Instant place_until{};
};

class TraceSession {
 public:
  /// Routes are numbered in order.
  TraceSession(const TraceRules& rules, std::span<const TraceRequest> requests, net::Instant now);

  /// What is to be asked now: a probe with this ttl, and how long its answer is waited for. A call does some of the
  /// work only, however many routes there are, so that who calls can look at the clock and at a stop; next() is in the
  /// past where more is to be done.
  struct Ask {
    std::uint64_t id = 0;
    std::uint32_t route = 0;
    int ttl = 0;
    Duration timeout{};
  };
  void due(net::Instant now, std::vector<Ask>& asks);
  /// What became of it.
  using Answer = HopAnswer;
  /// What is known while something better is awaited: a router says unreachable.
  void heard(std::uint64_t id, const Answer& answer);
  void done(std::uint64_t id, const Answer& answer, net::Instant now);
  /// When due() has something to do next, if nothing is done before.
  [[nodiscard]] net::Instant next() const noexcept;
  [[nodiscard]] bool over() const noexcept { return open_ == 0; }
  /// When no route has time left.
  [[nodiscard]] net::Instant end() const noexcept { return end_; }
  /// There is no time to ask it any more, and no answer under way.
  [[nodiscard]] bool given_up(std::size_t route, const HopProbe& probe) const noexcept {
    return routes_[route].closed && probe.state != HopProbe::State::under_way;
  }

  /// From first_ttl to the end, or to the last that was asked.
  [[nodiscard]] int last_ttl(std::size_t route) const noexcept;
  [[nodiscard]] bool reached(std::size_t route) const noexcept { return routes_[route].reached; }
  [[nodiscard]] const HopProbe& probe(std::size_t route, int ttl, int number) const noexcept {
    return routes_[route].probes[place(ttl, number)];
  }
  /// Null: silent, or not asked.
  [[nodiscard]] const Answer* answer(const HopProbe& probe) const noexcept {
    return probe.answer == 0 ? nullptr : &answers_[probe.answer - 1];
  }
  /// For tests: how many may be on their way to that router at once.
  [[nodiscard]] std::size_t window(const Address& router) { return windows_.size(windows_.of(router)); }

 private:
  /// A probe of a route, and how soon it is its turn: first attempts first, then the first probe of each hop, then what
  /// is near.
  struct Turn {
    std::uint32_t route = 0;
    int ttl = 0, number = 0;
    std::uint32_t attempts = 0;
  };
  struct Route {
    TraceRequest request{};
    net::Instant until{};
    net::Instant first_closing{};  ///< A timeout before the end, but never before the beginning.
    std::vector<HopProbe> probes{};
    std::vector<Address> responders{};  ///< Of each hop, the latest.
    int asked_to = 0;                   ///< The last ttl that was wanted.
    int highest = 0;                    ///< The last that probes came to: it expired there, or the target answered.
    int refused = 0;                    ///< The nearest behind that, about which unreachable was said; 0: none.
    int end = 0;                        ///< 0: not known.
    bool reached = false, closed = false, one_by_one = false;
    bool started = false;       ///< Its first probes are in line.
    std::size_t unsettled = 0;  ///< Probes that are wanted: waiting, held or under way; of a closed route, under way.
    std::size_t under_way = 0, in_line = 0;
    std::size_t abandoned = 0;             ///< Of those under way.
    std::size_t held = 0;                  ///< Of the unsettled.
    std::set<HopWindows::Turn> backlog{};  ///< What waits until the probe before it is over.
  };

  [[nodiscard]] static HopWindows::Turn pack(const Turn& turn) noexcept;
  [[nodiscard]] static Turn unpack(HopWindows::Turn packed) noexcept;
  [[nodiscard]] std::size_t place(int ttl, int number) const noexcept;
  [[nodiscard]] HopProbe& probe_of(const Turn& turn) noexcept;
  [[nodiscard]] HopWindows::Turn turn_of(std::uint32_t route, int ttl, int number) const noexcept;

  void start_some();
  [[nodiscard]] bool wants_more_routes() const noexcept;
  [[nodiscard]] int horizon(const Route& route) const noexcept;
  void extend(std::uint32_t route);
  void want(std::uint32_t route, HopWindows::Turn turn);
  void line_up(HopWindows::Turn turn);
  void unline(HopWindows::Turn turn);
  void continue_one_by_one(std::uint32_t route);
  [[nodiscard]] HopWindows::Line predicted_line(std::uint32_t route, int ttl);
  [[nodiscard]] HopWindows::Line line_of(std::uint32_t route, int ttl);
  void line_up_anew(std::uint32_t route, int ttl);

  [[nodiscard]] Ask ask(const HopWindows::Taken& taken, net::Instant now);
  void drop(const HopWindows::Taken& taken);
  [[nodiscard]] Duration patience() const noexcept;
  void expire_places(net::Instant now);
  void take(const Turn& turn, const Answer& answer, net::Instant now);
  void keep(const Turn& turn, Answer answer);
  enum class Fate : std::uint8_t { answered, silent, not_sent };
  void free_place(const Turn& turn, Fate fate);
  void repeat_or_settle(const Turn& turn, bool again);
  void hear(const Turn& turn, const Answer& answer, HopSign sign);
  void meet(const Turn& turn, const Address& responder);
  [[nodiscard]] bool is_idle(const Turn& turn) const noexcept;
  [[nodiscard]] int nearest_refusal(std::uint32_t route) const noexcept;
  void set_refused(std::uint32_t route, int ttl);
  void conclude(std::uint32_t route);
  void cut(std::uint32_t route, int ttl);
  void settle(const Turn& turn);
  [[nodiscard]] net::Instant last_ask(std::uint32_t route) const noexcept;
  void close_late(net::Instant now);
  void close(std::uint32_t route);

  TraceRules rules_;
  HopWindows windows_;
  Pacer pacer_;
  std::vector<Route> routes_;
  std::vector<std::pair<net::Instant, std::uint32_t>> closings_;  ///< When each route ends; the latest first.
  std::set<std::pair<net::Instant, HopWindows::Turn>> places_;    ///< Until when each place is held.
  std::vector<Answer> answers_;
  std::size_t open_ = 0;
  std::array<std::vector<std::uint32_t>, 2> unstarted_{};  ///< By family, the first at the end.
  net::Instant end_ = net::Instant::min();
  Duration slowest_{};
};

}  // namespace multiping::engine
