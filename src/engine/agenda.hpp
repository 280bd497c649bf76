// What to send next and what an event means, as the driver sees it: the seam between the one loop and those who decide.
// A batch is one agenda, the requests of a Prober are another. Pure: time is an argument, and nobody waits here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

#include "net/transport.hpp"

namespace multiping::engine {

/// The rules that a caller chose.
struct Rules {
  bool fail_fast = false;
  double max_rate = 0;
  bool any_source = false;
  bool tell_errors = false;  ///< Requests: what an ICMP error says is told while something better is awaited.
};

/// What a caller waits for.
enum class Goal : std::uint8_t {
  sent,      ///< All that is to be sent now is sent or refused.
  answered,  ///< And nothing is awaited any more; for requests: the first of them is done.
  done,      ///< Requests: one of them is done. Without it, that none is under way is no reason to end the wait.
  deadline,  ///< Nothing but the time that is given.
};

/// Calls come for whole batches of probes and events, never for each. Where memory runs out, a call throws
/// std::bad_alloc and nothing is lost; sent(), and put_back() of what was proposed, need none.
class Agenda {
 public:
  virtual ~Agenda() = default;

  [[nodiscard]] virtual const net::ProbeBook& book() const noexcept = 0;
  [[nodiscard]] virtual bool reached(Goal goal) const noexcept = 0;

  /// Fills `batch` with at most `most` probes that may leave now.
  virtual void propose(net::Instant now, std::size_t most, std::vector<net::Probe>& batch) = 0;
  /// What became of proposed probes: they were sent at these times,
  virtual void sent(std::span<const net::Probe> probes, std::span<const net::Instant> sent_at) = 0;
  /// or this host refused one,
  virtual void refused(const net::Probe& probe, std::error_code error, net::Instant now) = 0;
  /// or the transport had no room for the first of these until something is heard, or until that time, so that none of
  /// them was tried. They are proposed again.
  virtual void put_back(std::span<const net::Probe> probes, net::Instant room_at) = 0;

  /// or it needs the ports of another probe, which is under way. It is proposed again when that one is over.
  virtual void hold(const net::Probe& probe, net::Serial behind, net::Instant now) = 0;

  void received(std::span<const net::Event> events) { take(events); }
  /// Takes the events from the front, as far as it gets: where memory runs out, nothing is known of the first that is
  /// left, nor of those after it, and they come again.
  virtual void take(std::span<const net::Event>& events) = 0;
  /// The kernel's count of packets that it dropped for want of room.
  virtual void receive_drops(std::uint64_t count, net::Instant now) = 0;
  /// Ends what has no time left, and appends the probes that nobody waits for any more.
  virtual void expire(net::Instant now, std::vector<net::Serial>& forgotten) = 0;

  /// When propose() or expire() may have something to do; the end of time when neither ever has.
  [[nodiscard]] virtual net::Instant next() const noexcept = 0;
  /// Something is to be sent now, even where the caller's time is up: it goes on however short the calls are.
  [[nodiscard]] virtual bool insists(net::Instant now) const noexcept = 0;
};

}  // namespace multiping::engine
