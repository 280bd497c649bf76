// Finds out which kind of socket serves here, and opens the sockets of every object.
// See multiping/transport.hpp.
#include "multiping/transport.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "linux/permissions.hpp"
#include "linux/socket.hpp"
#include "linux/socket_packet_io.hpp"
#include "multiping/error.hpp"
#include "net/direct_transport.hpp"
#include "net/transport.hpp"
#include "proxy/broker_sockets.hpp"
#include "proxy_transport.hpp"

namespace multiping {
namespace {

class SocketTransport : public Transport {
 public:
  SocketTransport(TransportKind kind, TransportOptions options, os::BrokerAccess broker)
      : kind_{kind}, options_{std::move(options)}, broker_{std::move(broker)} {}

  [[nodiscard]] Capabilities capabilities() const noexcept override { return os::socket_capabilities(kind_); }

  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::IoRequest& request) const override {
    packet::SipKey key;
    os::fill_random(key.bytes.data(), key.bytes.size());
    return std::make_unique<net::DirectTransport>(
        std::make_unique<os::SocketPacketIo>(kind_, options_, request, broker_), request, key);
  }

 private:
  TransportKind kind_;
  TransportOptions options_;
  os::BrokerAccess broker_;
};

/// The families are the broker's.
class BrokerTransport final : public SocketTransport {
 public:
  BrokerTransport(const TransportOptions& options, const std::shared_ptr<proxy::BrokerSockets>& sockets)
      : SocketTransport{TransportKind::broker, options, {.sockets = sockets}}, sockets_{sockets} {}

  [[nodiscard]] Capabilities capabilities() const noexcept override {
    Capabilities can = SocketTransport::capabilities();
    can.ipv4 = sockets_->has(Family::ipv4);
    can.ipv6 = sockets_->has(Family::ipv6);
    can.mark = can.mark && sockets_->takes_mark();
    can.icmp = can.ipv4 || can.ipv6;
    return can;
  }

 private:
  std::shared_ptr<proxy::BrokerSockets> sockets_;
};

/// None when a socket of that kind can be opened in one family at least. That descriptors or memory have run out says
/// nothing of either family, and is the obstacle whatever the other says.
std::error_code obstacle(TransportKind kind) noexcept {
  const std::error_code v4 = os::try_socket(kind, Family::ipv4);
  if (!v4 || os::concerns_all(v4)) return v4;
  const std::error_code v6 = os::try_socket(kind, Family::ipv6);
  return !v6 || os::concerns_all(v6) ? v6 : v4;
}

/// What the caller asked for, with `automatic` spelled out.
std::vector<TransportKind> wanted_kinds(const TransportOptions& options) {
  std::vector<TransportKind> kinds;
  const auto add_all = [&kinds] {
    kinds.insert(kinds.end(),
                 {TransportKind::raw, TransportKind::ping_socket, TransportKind::broker, TransportKind::sockets});
  };
  for (const TransportKind kind : options.kinds) kind == TransportKind::automatic ? add_all() : kinds.push_back(kind);
  if (options.kinds.empty()) add_all();
  return kinds;
}

/// Why a kind does not serve, or all of them.
struct Failure {
  TransportKind kind = TransportKind::automatic;
  std::error_code error{};
  std::string text{};
  bool permission = false;
};

/// The caller's mistake rather than the system's word.
bool is_argument(const Failure& failure) noexcept {
  return failure.error == std::make_error_code(std::errc::invalid_argument);
}

/// Tries one kind after the other.
class Opener {
 public:
  explicit Opener(const TransportOptions& options)
      : options_{options}, broker_remedy_{os::broker_remedy(options.broker)} {}

  std::shared_ptr<Transport> open_first() {
    for (const TransportKind kind : wanted_kinds(options_)) {
      auto transport = kind == TransportKind::broker  ? open_broker()
                       : kind == TransportKind::proxy ? open_proxy()
                                                      : open_sockets(kind);
      if (transport) return transport;
      if (os::concerns_all(failures_.back().error)) break;  // a lesser kind would be chosen for a moment's want
    }
    return nullptr;
  }

  /// The most telling of what stood in the way: that descriptors or memory ran out, which says nothing of permissions;
  /// else a missing permission, which has a remedy, before all else.
  [[nodiscard]] Failure why_none() const {
    if (os::concerns_all(failures_.back().error)) return failures_.back();
    if (failures_.size() == 1 && failures_.front().kind == TransportKind::broker) return failures_.front();
    const auto mistake = std::ranges::find_if(failures_, is_argument);
    if (mistake != failures_.end()) return *mistake;
    if (std::ranges::any_of(failures_, &Failure::permission)) return why_forbidden();
    Failure all = failures_.back();
    for (std::size_t i = failures_.size() - 1; i-- > 0;)
      all.text.insert(0, failures_[i].text + ": " + failures_[i].error.message() + "; ");
    return all;
  }

 private:
  std::shared_ptr<Transport> open_sockets(TransportKind kind) {
    const std::error_code error = obstacle(kind);
    if (!error) return std::make_shared<SocketTransport>(kind, options_, os::BrokerAccess{.remedy = broker_remedy_});
    failed(kind, error, "cannot open a transport of kind " + std::string{to_string(kind)});
    return nullptr;
  }

  std::shared_ptr<Transport> open_broker() {
    const auto sockets = std::make_shared<proxy::BrokerSockets>(options_.broker, options_.receive_buffer);
    os::PingSocket none = sockets->fetch();
    if (!none.error) return std::make_shared<BrokerTransport>(options_, sockets);
    broker_remedy_ = os::broker_remedy(options_.broker, none.error);
    failed(TransportKind::broker, none.error, std::move(none.doing));
    return nullptr;
  }

  std::shared_ptr<Transport> open_proxy() {
    OpenedProxy proxy = multiping::open_proxy(options_);
    if (!proxy.transport) failed(TransportKind::proxy, proxy.error, std::move(proxy.text));
    return std::move(proxy.transport);
  }

  void failed(TransportKind kind, std::error_code error, std::string text) {
    failures_.push_back({.kind = kind,
                         .error = error,
                         .text = std::move(text),
                         .permission = kind != TransportKind::proxy && os::is_permission(error)});
  }

  [[nodiscard]] Failure why_forbidden() const {
    std::vector<TransportKind> forbidden;
    bool broker_would_do = false;
    for (const Failure& failure : failures_) {
      if (failure.permission) forbidden.push_back(failure.kind);
      broker_would_do = broker_would_do || failure.kind != TransportKind::raw;
    }
    return {.error = {EPERM, std::system_category()},
            .text = os::refusal("ping", forbidden, failures_.front().text,
                                broker_would_do ? broker_remedy_ : std::string{}),
            .permission = true};
  }

  const TransportOptions& options_;
  std::string broker_remedy_;
  std::vector<Failure> failures_;
};

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
  Opener opener{options};
  auto transport = opener.open_first();
  if (transport) return transport;
  const Failure failure = opener.why_none();
  if (is_argument(failure)) throw std::invalid_argument(failure.text);
  if (failure.permission) throw PermissionError(failure.error, failure.text);
  throw std::system_error(failure.error, failure.text);
}

std::shared_ptr<Transport> open_transport(const TransportOptions& options, std::error_code& error) {
  Opener opener{options};
  auto transport = opener.open_first();
  error = transport ? std::error_code{} : opener.why_none().error;
  return transport;
}

Capabilities capabilities(const Transport& transport) noexcept { return transport.capabilities(); }

}  // namespace multiping
