// Whole transports that objects of one call have done with, for the next such call: it needs no socket, no tables and
// no memory of its own.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "net/probe_transport.hpp"
#include "os/idle_sockets.hpp"

namespace multiping {

/// From any thread.
class KeptTransports {
 public:
  /// Where their sockets go when they are closed; null: none is kept.
  explicit KeptTransports(std::shared_ptr<os::IdleSockets> sockets) : sockets_{std::move(sockets)} {}

  /// One that was opened for the same request, as if opened just now; none where there is none in this process and in
  /// the network namespace of this thread. Then those that there are have gone, and their sockets are idle.
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> take(const net::IoRequest& request);
  /// Closed where it cannot serve again, or there are enough of them.
  void give_back(std::unique_ptr<net::ProbeTransport> used) noexcept;

 private:
  struct Kept {
    std::unique_ptr<net::ProbeTransport> transport{};
    net::Secret secret{};
    explicit operator bool() const noexcept { return transport != nullptr; }
  };
  [[nodiscard]] Kept last();

  std::shared_ptr<os::IdleSockets> sockets_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<net::ProbeTransport>> kept_{};
  std::array<net::Secret, 16> secrets_{};  ///< Each is used once.
  std::size_t secrets_left_ = 0;
};

}  // namespace multiping
