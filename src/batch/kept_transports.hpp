// Keeps the transports of calls that have ended, for the next calls with an equal request.
// Such a call opens no socket, and allocates no tables for its transport.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "net/probe_transport.hpp"
#include "os/spare_icmp_sockets.hpp"

namespace multiping {

/// Any thread may use it.
class KeptTransports {
 public:
  /// `sockets`: takes the sockets of a kept transport when that is closed. Null: no transport is kept.
  explicit KeptTransports(std::shared_ptr<os::SpareIcmpSockets> sockets) : sockets_{std::move(sockets)} {}

  /// Returns a kept transport that was opened for an equal request, in the state of a new one. Returns null in another
  /// process or another network namespace than that of the sockets. Also returns null when no kept transport fits: then
  /// all of them are closed, and their sockets are idle.
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> take(const net::SocketsNeeded& request);
  /// Keeps a transport. Closes it when it cannot be used again, or when enough are kept already.
  void give_back(std::unique_ptr<net::ProbeTransport> used) noexcept;

 private:
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> last();

  std::shared_ptr<os::SpareIcmpSockets> sockets_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<net::ProbeTransport>> kept_{};
};

}  // namespace multiping
