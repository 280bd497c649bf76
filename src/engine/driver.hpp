// The only loop: carries out what an agenda decides on a transport, until the goal is reached or time is up.
// Knows nothing of sockets; all waiting is the transport's.
#pragma once

#include <span>
#include <stop_token>
#include <vector>

#include "engine/agenda.hpp"
#include "net/transport.hpp"

namespace multiping::engine {

class Driver {
 public:
  Driver(Agenda& agenda, net::ProbeTransport& transport) : agenda_{agenda}, transport_{transport} {}

  /// Returns true when the goal was reached; false at the deadline or when stopped. Sockets are found empty after the
  /// deadline has passed before that counts, so that no answer which had come in time is taken for a silence.
  bool run(Goal goal, net::Instant deadline, const std::stop_token& stop);
  /// Sends what may leave now, and does not wait. Takes answers in only where the transport's credit is used up.
  void push();
  /// After the agenda has forgotten all probes: so does this.
  void forget() noexcept { events_.clear(); }

 private:
  void take_in();
  void note();
  void note_left();
  void expire(net::Instant now);
  bool send_some(net::Instant now);
  void send(std::span<const net::Probe>& rest, net::Instant now);
  void look_for_drops(net::Instant now);
  bool last_look(net::Instant now);

  Agenda& agenda_;
  net::ProbeTransport& transport_;
  std::size_t unheard_ = 0;  ///< Sent since answers were taken in.
  std::vector<net::Probe> batch_;
  std::vector<net::Instant> sent_at_;
  std::vector<net::Event> events_;
  std::vector<net::Serial> forgotten_;
};

}  // namespace multiping::engine
