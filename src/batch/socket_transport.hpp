// A transport over sockets: of this process, or ping sockets from the broker.
// Opens the sockets of each object, and keeps those of calls that are over for the next call.
#pragma once

#include <memory>

#include "batch/kept_transports.hpp"
#include "multiping/transport.hpp"
#include "net/probe_transport.hpp"
#include "os/spare_icmp_sockets.hpp"

namespace multiping {

/// May be used from any thread.
class SocketTransport final : public Transport {
 public:
  SocketTransport(const Capabilities& can, TransportOptions options, os::SharedSockets shared);

  [[nodiscard]] Capabilities capabilities() const noexcept override { return can_; }
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded& request) const override;
  void give_back(std::unique_ptr<net::ProbeTransport> used) const noexcept override;
  [[nodiscard]] bool has_route(const Address& to, const ProbeOptions& probe) const override;

 private:
  [[nodiscard]] bool keeps_any() const noexcept { return shared_.idle->use() == os::SpareIcmpSockets::Use::again; }

  Capabilities can_;
  TransportOptions options_;
  os::SharedSockets shared_;
  mutable KeptTransports kept_;
};

}  // namespace multiping
