// Finds out which kind of socket serves here, and opens the sockets of every object.
// See multiping/transport.hpp.
#include "multiping/transport.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "linux/permissions.hpp"
#include "linux/socket.hpp"
#include "linux/socket_packet_io.hpp"
#include "multiping/error.hpp"
#include "net/direct_transport.hpp"
#include "net/transport.hpp"

namespace multiping {
namespace {

class SocketTransport final : public Transport {
 public:
  SocketTransport(TransportKind kind, TransportOptions options) : kind_{kind}, options_{std::move(options)} {}

  [[nodiscard]] Capabilities capabilities() const noexcept override { return os::socket_capabilities(kind_); }

  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::IoRequest& request) const override {
    packet::SipKey key;
    os::fill_random(key.bytes.data(), key.bytes.size());
    return std::make_unique<net::DirectTransport>(std::make_unique<os::SocketPacketIo>(kind_, options_, request),
                                                  request, key);
  }

 private:
  TransportKind kind_;
  TransportOptions options_;
};

/// None when a socket of that kind can be opened in one family at least.
std::error_code obstacle(TransportKind kind) noexcept {
  if (kind == TransportKind::broker || kind == TransportKind::proxy) return Errc::not_supported;
  const std::error_code error = os::try_socket(kind, Family::ipv4);
  if (!error) return error;
  return os::try_socket(kind, Family::ipv6) ? error : std::error_code{};
}

/// What the caller asked for, with `automatic` spelled out.
std::vector<TransportKind> wanted_kinds(const TransportOptions& options) {
  std::vector<TransportKind> kinds;
  const auto add_all = [&kinds] {
    kinds.insert(kinds.end(), {TransportKind::raw, TransportKind::ping_socket, TransportKind::sockets});
  };
  for (const TransportKind kind : options.kinds) kind == TransportKind::automatic ? add_all() : kinds.push_back(kind);
  if (options.kinds.empty()) add_all();
  return kinds;
}

struct Failure {
  std::error_code error;
  std::string text;
};

/// The most telling of what stood in the way: a missing permission, which has a remedy, before all else.
Failure why_none(std::span<const TransportKind> kinds, std::span<const std::error_code> errors) {
  std::vector<TransportKind> forbidden;
  std::string others;
  std::error_code other;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (errors[i] == std::errc::operation_not_permitted || errors[i] == std::errc::permission_denied) {
      forbidden.push_back(kinds[i]);
      continue;
    }
    if (!other) other = errors[i];
    others += (others.empty() ? "" : ", ") + std::string{to_string(kinds[i])};
  }
  if (!forbidden.empty())
    return {{static_cast<int>(std::errc::operation_not_permitted), std::system_category()},
            "this process may not ping (" + os::remedies(forbidden) + ")"};
  return {other, "cannot open a transport of kind " + others};
}

std::shared_ptr<Transport> open_first(const TransportOptions& options, Failure& failure) {
  const auto kinds = wanted_kinds(options);
  std::vector<std::error_code> errors;
  for (const TransportKind kind : kinds) {
    errors.push_back(obstacle(kind));
    if (!errors.back()) return std::make_shared<SocketTransport>(kind, options);
  }
  failure = why_none(kinds, errors);
  return nullptr;
}

}  // namespace

std::string_view to_string(TransportKind kind) noexcept {
  switch (kind) {
    case TransportKind::automatic:
      return "automatic";
    case TransportKind::raw:
      return "raw";
    case TransportKind::ping_socket:
      return "ping-socket";
    case TransportKind::broker:
      return "broker";
    case TransportKind::proxy:
      return "proxy";
    case TransportKind::sockets:
      return "sockets";
  }
  return "?";
}

std::shared_ptr<Transport> open_transport(const TransportOptions& options) {
  Failure failure;
  auto transport = open_first(options, failure);
  if (transport) return transport;
  if (failure.error == std::errc::operation_not_permitted) throw PermissionError(failure.error, failure.text);
  throw std::system_error(failure.error, failure.text);
}

std::shared_ptr<Transport> open_transport(const TransportOptions& options, std::error_code& error) {
  Failure failure;
  auto transport = open_first(options, failure);
  error = failure.error;
  return transport;
}

Capabilities capabilities(const Transport& transport) noexcept { return transport.capabilities(); }

}  // namespace multiping
