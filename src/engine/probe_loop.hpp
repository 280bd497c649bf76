// The only loop: carries out a probe supplier's decisions on a transport, until the goal is reached or the deadline
// passes. The loop knows nothing of sockets; only the transport waits.
#pragma once

#include <span>
#include <stop_token>
#include <vector>

#include "engine/probe_supplier.hpp"
#include "net/probe_transport.hpp"

namespace multiping::engine {

class ProbeLoop {
 public:
  ProbeLoop(ProbeSupplier& probe_supplier, net::ProbeTransport& transport)
      : probe_supplier_{probe_supplier}, transport_{&transport} {}
  /// To be called when the probe supplier begins anew: from now on its probes leave by this transport.
  void use(net::ProbeTransport& transport) noexcept {
    transport_ = &transport;
    unheard_ = 0;
    forget();
  }

  /// Returns true when the goal is reached; false at the deadline or after a stop request. After the deadline the
  /// sockets are read once more before this function returns, so that an answer that came in time counts.
  bool run(Goal goal, Instant deadline, const std::stop_token& stop);
  /// Sends the probes that may leave now, and does not wait. Receives answers only when the transport's credit is used
  /// up.
  void push();
  /// Drops the events that are not yet passed on. To be called after the probe supplier has forgotten all probes.
  void forget() noexcept { events_.clear(); }

 private:
  void take_in();
  void note();
  void note_left();
  void expire(Instant now);
  bool send_some(Instant now);
  void send(std::span<const net::Probe>& rest, Instant now);
  void look_for_drops(Instant now);
  bool last_look(Instant now);

  ProbeSupplier& probe_supplier_;
  net::ProbeTransport* transport_;
  std::size_t unheard_ = 0;  ///< Probes sent since answers were last received.
  std::vector<net::Probe> batch_;
  std::vector<Instant> sent_at_;
  std::vector<net::Event> events_;
  std::vector<net::Serial> forgotten_;
};

}  // namespace multiping::engine
