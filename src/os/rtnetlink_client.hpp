// Asks the kernel for routes, neighbours and links over one rtnetlink(7) socket, without a privilege.
// For the causes of silence: nothing is opened or asked before the first question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "net/routes_and_neighbours.hpp"
#include "os/file_descriptor.hpp"
#include "os/next_hop_probes.hpp"

namespace multiping::os {

/// The network namespace in which the first question is asked; next hops are called in that of the calling thread.
class KernelNetwork final : public net::LocalNetwork {
 public:
  [[nodiscard]] std::optional<std::vector<net::RouteEntry>> routes(Family family) override;
  [[nodiscard]] std::optional<net::WayOut> way_out(const Address& to, const ProbeOptions& probe) override;
  [[nodiscard]] std::optional<net::Neighbour> neighbour(const Address& address, std::uint32_t device) override;
  [[nodiscard]] std::vector<net::Neighbour> neighbours(Family family, std::uint32_t device) override;
  [[nodiscard]] std::optional<net::Link> link(std::uint32_t device) override;
  [[nodiscard]] std::uint32_t device(const std::string& name) override;
  [[nodiscard]] bool has_time() override;
  void begin() override;
  void end() noexcept override;
  void call(const Address& next_hop, std::uint32_t device, const Address& to, const ProbeOptions& probe) override;
  [[nodiscard]] std::optional<Instant> answered_call(const Address& next_hop, std::uint32_t device) override;
  [[nodiscard]] Instant now() override;

  /// The messages that were sent to the kernel.
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }

 private:
  using Bytes = std::span<const std::uint8_t>;
  /// How a list ended. too_long: it was not read to its end.
  enum class End : std::uint8_t { whole, too_long, failed };

  [[nodiscard]] bool ask(Bytes request);
  [[nodiscard]] Bytes read_some();
  template <class Read>
  [[nodiscard]] End list(Bytes request, Read read);
  template <class Read>
  [[nodiscard]] std::error_code question(Bytes request, Read read);
  [[nodiscard]] bool has_plain_rules(Family family);

  FileDescriptor socket_;
  NextHopProbes calls_{};
  std::uint32_t sequence_ = 0;
  std::size_t asked_ = 0;
  Instant began_{};    ///< When begin() was called, and
  Duration worked_{};  ///< how much time of a processor this thread had used by then.
  std::vector<std::uint8_t> room_;
};

}  // namespace multiping::os
