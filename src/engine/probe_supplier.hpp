// The interface between probe_loop, the only loop, and the state machines that decide what to send next.
// A batch is one probe supplier, the requests of a Prober are another. Pure: time is an argument, and no call waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

#include "net/probe_transport.hpp"

namespace multiping::engine {

/// The options that the caller chose.
struct Rules {
  bool fail_fast = false;
  double max_rate = 0;
  bool any_source = false;
  bool report_duplicates = false;  ///< Requests: further answers are handed out too.
  bool tell_answers = false;       ///< BatchSchedule: a wait ends at each answer, for BatchSchedule::answered().
  bool tell_errors = false;  ///< Requests: an ICMP error is told at once, while the request still waits for an answer.
};

/// The goal at which a wait ends.
enum class Goal : std::uint8_t {
  sent,      ///< Every probe that is due now is sent or refused.
  answered,  ///< Batch: every probe is sent, and no answer is awaited. Requests: one is done, or none is under
             ///< way.
  done,      ///< Requests: one is done, or has news to tell. The wait goes on while no request is under way.
  deadline,  ///< Only the deadline ends the wait.
};

/// Each call handles a whole batch of probes or events. When memory runs out, a call throws std::bad_alloc and nothing
/// is lost. sent(), and put_back() of proposed probes, need no memory.
class ProbeSupplier {
 public:
  virtual ~ProbeSupplier() = default;

  [[nodiscard]] virtual const net::ProbeBook& book() const noexcept = 0;
  [[nodiscard]] virtual bool reached(Goal goal) const noexcept = 0;

  /// Fills `batch` with at most `most` probes that may leave now.
  virtual void propose(Instant now, std::size_t most, std::vector<net::Probe>& batch) = 0;
  /// These proposed probes were sent, at these times.
  virtual void sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at) = 0;
  /// This host refused to send this proposed probe.
  virtual void refused(const net::Probe& probe, std::error_code error, Instant now) = 0;
  /// The transport had no room for the first of these proposed probes, so that none of them was tried. They are
  /// proposed again after the next event, or at `room_at`.
  virtual void put_back(std::span<const net::Probe> probes, Instant room_at) = 0;
  /// This proposed probe needs the ports of the probe `behind`, which is under way. It is proposed again when the probe
  /// `behind` is over.
  virtual void hold(const net::Probe& probe, net::Serial behind, Instant now) = 0;

  void received(std::span<const net::Event> events) { take(events); }
  /// Takes events from the front and removes them from the span. When memory runs out, the events that are left in the
  /// span have changed nothing, and the caller passes them again.
  virtual void take(std::span<const net::Event>& events) = 0;
  /// `count` is the kernel's total of packets that it dropped because a receive buffer was full.
  virtual void receive_drops(std::uint64_t count, Instant now) = 0;
  /// Ends the requests whose time is up, and appends to `forgotten` the probes whose answers are no longer awaited.
  virtual void expire(Instant now, std::vector<net::Serial>& forgotten) = 0;

  /// The earliest time at which propose() or expire() may have something to do; Instant::max() when there is none.
  [[nodiscard]] virtual Instant next() const noexcept = 0;
  /// A probe is to be sent now even if the caller's deadline has passed, so that sending goes on however short the
  /// calls are.
  [[nodiscard]] virtual bool insists(Instant now) const noexcept = 0;
};

}  // namespace multiping::engine
