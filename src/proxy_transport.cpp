// Opens a transport through an icmp4em-compatible proxy.
// See proxy_transport.hpp.
#include "proxy_transport.hpp"

#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "linux/socket.hpp"
#include "linux/socket_packet_io.hpp"
#include "multiping/error.hpp"
#include "net/direct_transport.hpp"
#include "net/transport.hpp"
#include "proxy/proxy_packet_io.hpp"
#include "readable.hpp"
#include "resolve/host_name.hpp"
#include "resolve/resolver.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_lookup = 1s;
/// The kernel refuses for a port of this host while the datagram is being sent.
constexpr Duration patience = 20ms;

std::unique_ptr<proxy::ProxyPacketIo> open_io(const TransportOptions& options, const proxy::ProxyAddress& proxy,
                                              const net::IoRequest& request) {
  std::uint64_t random = 0;
  os::fill_random(&random, sizeof random);
  const net::IoRequest below{.targets = request.targets, .transports = request.transports};
  auto sockets = std::make_unique<os::SocketPacketIo>(TransportKind::proxy, options, below);
  return std::make_unique<proxy::ProxyPacketIo>(std::move(sockets), proxy, request, random);
}

class ProxyTransport final : public Transport {
 public:
  ProxyTransport(TransportOptions options, const proxy::ProxyAddress& proxy)
      : options_{std::move(options)}, proxy_{proxy} {}

  [[nodiscard]] Capabilities capabilities() const noexcept override {
    return {.kind = TransportKind::proxy,
            .ipv4 = true,
            .ipv6 = true,
            .icmp_errors = true,
            .udp = true,
            .tcp = true,
            .kernel_timestamps = true};
  }
  [[nodiscard]] bool serves_one_thread() const noexcept override { return true; }

  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::IoRequest& request) const override {
    packet::SipKey key;
    os::fill_random(key.bytes.data(), key.bytes.size());
    return std::make_unique<net::DirectTransport>(open_io(options_, proxy_, request), request, key);
  }

 private:
  TransportOptions options_;
  proxy::ProxyAddress proxy_;
};

std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || port == 0) return std::nullopt;
  return port;
}

/// `port` is ":" and a number, or empty.
std::optional<ProxyName> named(std::string_view host, std::string_view port) {
  if (resolver::read_host(host).kind == resolver::HostText::neither) return std::nullopt;
  ProxyName name{.host = std::string{host}};
  if (port.empty()) return name;
  const auto number = port.front() == ':' ? read_port(port.substr(1)) : std::nullopt;
  if (!number) return std::nullopt;
  name.port = *number;
  return name;
}

/// The address of the host, or why there is none.
std::error_code find_address(const std::string& host, Address& address) {
  const auto found = resolver::resolve_names(std::vector{host}, {.timeout = longest_lookup});
  if (const auto chosen = resolver::preferred(found.front(), Family::any)) {
    address = *chosen;
    return {};
  }
  return found.front().error ? found.front().error : Errc::no_address;
}

std::error_code look_for(const TransportOptions& options, const proxy::ProxyAddress& proxy) {
  try {
    return open_io(options, proxy, {})->look_for_proxy(patience);
  } catch (const std::system_error& out_of_something) {
    return out_of_something.code();
  }
}

}  // namespace

std::optional<ProxyName> read_proxy_name(std::string_view text) {
  if (const auto address = Address::parse(text)) return named(text, {});
  const auto bracket = text.find(']');
  if (text.starts_with('[') && bracket != text.npos) {
    const auto inside = text.substr(1, bracket - 1);
    const auto address = Address::parse(inside);
    return address && inside.find(':') != inside.npos ? named(inside, text.substr(bracket + 1)) : std::nullopt;
  }
  const auto colon = text.find(':');
  return colon == text.npos ? named(text, {}) : named(text.substr(0, colon), text.substr(colon));
}

OpenedProxy open_proxy(const TransportOptions& options) {
  const auto name = read_proxy_name(options.proxy);
  if (!name)
    return {.error = std::make_error_code(std::errc::invalid_argument),
            .text = "TransportOptions::proxy is " + readable(options.proxy) +
                    "; it must be host:port or [IPv6 address]:port"};
  proxy::ProxyAddress proxy{.port = name->port};
  if (const auto error = find_address(name->host, proxy.address))
    return {.error = error, .text = "cannot find the proxy " + name->host};
  if (const auto error = look_for(options, proxy))
    return {.error = error, .text = "no proxy can be reached at " + options.proxy};
  return {.transport = std::make_shared<ProxyTransport>(options, proxy)};
}

}  // namespace multiping
