// One turn of the loop: receive events, expire, check the goal, the stop request and the deadline, send, wait.
// See probe_loop.hpp.
#include "engine/probe_loop.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

/// A full transport is not asked again before this time has passed, even if its room_at() is earlier.
constexpr Duration shortest_wait_for_room = 100us;

/// Makes a stop request end the transport's wait.
struct Wake {
  net::ProbeTransport& transport;
  void operator()() const noexcept { transport.wake(); }
};

}  // namespace

void ProbeLoop::take_in() {
  unheard_ = 0;
  note_left();
  try {
    transport_->receive(probe_supplier_.book(), events_);
  } catch (...) {
    note();
    throw;
  }
  note();
}

/// Passes the events to the probe supplier. When it throws, the events that it has not taken stay for the next call.
void ProbeLoop::note() {
  if (events_.empty()) return;
  std::span<const net::Event> rest = events_;
  try {
    probe_supplier_.take(rest);
  } catch (...) {
    events_.erase(events_.begin(), events_.end() - std::ssize(rest));
    throw;
  }
  events_.clear();
}

/// Passes on the events that an earlier call left because memory ran out. Their probes may have been forgotten since.
void ProbeLoop::note_left() {
  if (events_.empty()) return;
  const net::Serial first = probe_supplier_.book().window().first;
  std::erase_if(events_, [first](const net::Event& event) { return event.serial < first; });
  note();
}

void ProbeLoop::expire(Instant now) {
  forgotten_.clear();
  probe_supplier_.expire(now, forgotten_);
  for (const net::Serial serial : forgotten_) transport_->forget(serial);
}

bool ProbeLoop::send_some(Instant now) {
  const std::size_t credit = transport_->credit();
  probe_supplier_.propose(now, credit - std::min(credit, unheard_), batch_);
  // One system call takes one family; the order within each stays. Most lists have one family alone.
  const auto is_v4 = [](const net::Probe& probe) { return probe.to->family() == Family::ipv4; };
  if (!std::ranges::is_partitioned(batch_, is_v4)) std::stable_partition(batch_.begin(), batch_.end(), is_v4);
  std::span<const net::Probe> rest{batch_};
  try {
    send(rest, now);
  } catch (...) {
    if (!rest.empty()) probe_supplier_.put_back(rest, Instant::min());
    throw;
  }
  return !batch_.empty();
}

/// Sends the probes of `rest`. Removes each probe from `rest` once the probe supplier knows what became of it.
void ProbeLoop::send(std::span<const net::Probe>& rest, Instant now) {
  sent_at_.resize(batch_.size());
  while (!rest.empty()) {
    const auto report = transport_->send(rest, sent_at_);
    probe_supplier_.sent(rest.first(report.accepted), sent_at_);
    unheard_ += report.accepted;
    rest = rest.subspan(report.accepted);
    if (rest.empty()) break;
    if (report.full) {
      probe_supplier_.put_back(std::exchange(rest, {}),
                               std::max(transport_->room_at(), after(now, shortest_wait_for_room)));
      break;
    }
    if (!report.refused && !report.behind) continue;  // the transport stopped early; the next send() tells why
    if (report.behind)
      probe_supplier_.hold(rest.front(), *report.behind, now);
    else
      probe_supplier_.refused(rest.front(), report.refused, now);
    rest = rest.subspan(1);
  }
}

void ProbeLoop::look_for_drops(Instant now) {
  transport_->look_for_drops();
  probe_supplier_.receive_drops(transport_->counters().receive_drops, now);
}

/// At the deadline: looks for dropped packets, and sends the probes that the probe supplier insists on. So repetitions
/// for dropped answers go on even when each call is short. Returns false, as run() does at the deadline.
bool ProbeLoop::last_look(Instant now) {
  look_for_drops(now);
  if (probe_supplier_.insists(now)) send_some(now);
  return false;
}

bool ProbeLoop::run(Goal goal, Instant deadline, const std::stop_token& stop) {
  const std::stop_callback wake_on_stop{stop, Wake{*transport_}};
  for (;;) {
    const Instant now = transport_->now();  // read before receiving: a packet that came by now is not late
    take_in();
    probe_supplier_.receive_drops(transport_->counters().receive_drops, now);
    expire(now);
    if (probe_supplier_.reached(goal)) return true;
    if (stop.stop_requested()) return false;
    if (now >= deadline) return last_look(now);
    if (send_some(now)) continue;
    if (probe_supplier_.reached(goal)) return true;  // the probes left to send were answered meanwhile
    look_for_drops(now);
    transport_->wait(std::min(deadline, probe_supplier_.next()));
  }
}

void ProbeLoop::push() {
  const Instant now = transport_->now();
  do {
    if (unheard_ >= transport_->credit()) take_in();
  } while (send_some(now));
}

}  // namespace multiping::engine
