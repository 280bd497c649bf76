// Looks the proxy's host up, tries its port, and wraps ordinary sockets in a ProxyPacketIo.
// See batch/proxy_transport.hpp.
#include "batch/proxy_transport.hpp"

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "icmp4em/proxy_address_text.hpp"
#include "icmp4em/proxy_packet_io.hpp"
#include "multiping/error.hpp"
#include "multiping/result.hpp"
#include "net/packet_transport.hpp"
#include "net/probe_transport.hpp"
#include "os/socket_basics.hpp"
#include "os/socket_packet_io.hpp"
#include "resolve/resolve_names.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_lookup = 1s;
/// How long a refusal of the proxy's port is awaited. For a port of this host the kernel refuses during the send call.
constexpr Duration patience = 20ms;

std::unique_ptr<icmp4em::ProxyPacketIo> open_io(const TransportOptions& options, const icmp4em::ProxyAddress& proxy,
                                                const net::SocketsNeeded& request) {
  std::uint64_t random = 0;
  os::fill_random(&random, sizeof random);
  const net::SocketsNeeded below{
      .targets = request.targets, .transports = request.transports, .measures_mtu = request.measures_mtu};
  auto sockets = std::make_unique<os::SocketPacketIo>(TransportKind::proxy, options, below);
  return std::make_unique<icmp4em::ProxyPacketIo>(std::move(sockets), proxy, request, random);
}

class ProxyTransport final : public Transport {
 public:
  ProxyTransport(TransportOptions options, const icmp4em::ProxyAddress& proxy)
      : options_{std::move(options)}, proxy_{proxy} {}

  [[nodiscard]] Capabilities capabilities() const noexcept override {
    return {.kind = TransportKind::proxy,
            .ipv4 = true,
            .ipv6 = true,
            .icmp_errors = true,
            .udp = true,
            .tcp = true,
            .kernel_timestamps = true,
            .icmp = true};
  }
  [[nodiscard]] bool serves_one_thread() const noexcept override { return true; }

  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded& request) const override {
    packet::SipKey key;
    os::fill_random(key.bytes.data(), key.bytes.size());
    return std::make_unique<net::PacketTransport>(open_io(options_, proxy_, request), request, key);
  }

 private:
  TransportOptions options_;
  icmp4em::ProxyAddress proxy_;
};

/// Writes the address of the host, or returns why there is none.
std::error_code find_address(const std::string& host, Address& address) {
  const auto found = resolver::resolve_names(std::vector{host}, {.timeout = longest_lookup});
  if (const auto chosen = resolver::preferred(found.front(), Family::any)) {
    address = *chosen;
    return {};
  }
  return found.front().error ? found.front().error : Errc::no_address;
}

std::error_code look_for(const TransportOptions& options, const icmp4em::ProxyAddress& proxy) {
  try {
    return open_io(options, proxy, {})->look_for_proxy(patience);
  } catch (const std::system_error& out_of_something) {
    return out_of_something.code();
  }
}

}  // namespace

OpenedProxy open_proxy(const TransportOptions& options) {
  const auto name = read_proxy_name(options.proxy);
  if (!name)
    return {.error = std::make_error_code(std::errc::invalid_argument),
            .text = "TransportOptions::proxy is " + printable(options.proxy) +
                    "; it must be host:port or [IPv6 address]:port"};
  icmp4em::ProxyAddress proxy{.port = name->port};
  if (const auto error = find_address(name->host, proxy.address))
    return {.error = error, .text = "cannot find the proxy " + name->host};
  if (const auto error = look_for(options, proxy))
    return {.error = error, .text = "no proxy can be reached at " + options.proxy};
  return {.transport = std::make_shared<ProxyTransport>(options, proxy)};
}

}  // namespace multiping
