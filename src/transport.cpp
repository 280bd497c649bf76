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

#include "kept_transports.hpp"
#include "linux/idle_sockets.hpp"
#include "linux/permissions.hpp"
#include "linux/route_check.hpp"
#include "linux/socket.hpp"
#include "linux/socket_packet_io.hpp"
#include "linux/source_finder.hpp"
#include "multiping/error.hpp"
#include "net/direct_transport.hpp"
#include "net/transport.hpp"
#include "own_transport.hpp"
#include "proxy/broker_sockets.hpp"
#include "proxy_transport.hpp"

namespace multiping {
namespace {

class SocketTransport final : public Transport {
 public:
  SocketTransport(const Capabilities& can, TransportOptions options, os::SharedSockets shared)
      : can_{can},
        options_{std::move(options)},
        shared_{std::move(shared)},
        kept_{keeps_any() ? shared_.idle : nullptr} {}

  [[nodiscard]] Capabilities capabilities() const noexcept override { return can_; }

  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::IoRequest& request) const override {
    if (auto kept = kept_.take(request)) return kept;
    packet::SipKey key;
    os::fill_random(key.bytes.data(), key.bytes.size());
    return std::make_unique<net::DirectTransport>(
        std::make_unique<os::SocketPacketIo>(can_.kind, options_, request, shared_), request, key);
  }

  void give_back(std::unique_ptr<net::ProbeTransport> used) const noexcept override {
    kept_.give_back(std::move(used));
  }

  /// Echo requests leave by the broker's network.
  [[nodiscard]] bool has_route(const Address& to, const ProbeOptions& probe) const override {
    const bool through_broker = can_.kind == TransportKind::broker && probe.protocol == Protocol::icmp;
    if (through_broker && !(to.family() == Family::ipv4 ? can_.ipv4 : can_.ipv6)) return false;
    if (!through_broker || !shared_.broker.sockets->elsewhere()) return os::has_route(to, probe);
    os::PingSocket there = shared_.broker.sockets->ping_socket(to.family(), {}, 0);
    return !there.socket || os::SourceFinder{std::move(there.socket)}.find(to, probe);
  }

 private:
  [[nodiscard]] bool keeps_any() const noexcept { return shared_.idle->use() == os::IdleSockets::Use::again; }

  Capabilities can_;
  TransportOptions options_;
  os::SharedSockets shared_;
  mutable KeptTransports kept_;
};

/// The families are the broker's.
Capabilities broker_capabilities(const proxy::BrokerSockets& sockets) noexcept {
  Capabilities can = os::socket_capabilities(TransportKind::broker);
  can.ipv4 = sockets.has(Family::ipv4);
  can.ipv6 = sockets.has(Family::ipv6);
  can.mark = can.mark && sockets.takes_mark();
  can.icmp = can.ipv4 || can.ipv6;
  return can;
}

Family other_than(Family family) noexcept { return family == Family::ipv4 ? Family::ipv6 : Family::ipv4; }

/// Whether a socket of that kind can be opened; for ICMP it is kept.
std::error_code try_family(TransportKind kind, Family family, os::IdleSockets& idle) {
  return kind == TransportKind::sockets ? os::try_socket(kind, family) : idle.open(kind, family);
}

/// None when a socket of that kind can be opened in one family at least. That descriptors or memory have run out says
/// nothing of either family, and is the obstacle whatever the other says.
std::error_code obstacle(TransportKind kind, Family first, os::IdleSockets& idle) {
  const std::error_code one = try_family(kind, first, idle);
  if (!one || os::concerns_all(one)) return one;
  const std::error_code other = try_family(kind, other_than(first), idle);
  if (!other || os::concerns_all(other)) return other;
  return first == Family::ipv4 ? one : other;
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
  /// `first`: the family that is tried first. `use`: what becomes of sockets when an object has done with them.
  Opener(const TransportOptions& options, Family first, os::IdleSockets::Use use)
      : options_{options}, first_{first}, use_{use}, broker_remedy_{os::broker_remedy(options.broker)} {}

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

  [[noreturn]] std::shared_ptr<Transport> throw_why() const {
    const Failure failure = why_none();
    if (is_argument(failure)) throw std::invalid_argument(failure.text);
    if (failure.permission) throw PermissionError(failure.error, failure.text);
    throw std::system_error(failure.error, failure.text);
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
    auto idle = std::make_shared<os::IdleSockets>(use_);
    const std::error_code error = obstacle(kind, first_, *idle);
    if (!error) return found(kind, std::move(idle));
    failed(kind, error, "cannot open a transport of kind " + std::string{to_string(kind)});
    return nullptr;
  }

  /// What is for one object alone is not asked what it can do.
  std::shared_ptr<Transport> found(TransportKind kind, std::shared_ptr<os::IdleSockets> idle) {
    Capabilities can{.kind = kind};
    if (use_ == os::IdleSockets::Use::again) {
      can = os::socket_capabilities(kind);
      static_cast<void>(try_family(kind, other_than(first_), *idle));
    }
    return std::make_shared<SocketTransport>(
        can, options_, os::SharedSockets{.broker = {.remedy = broker_remedy_}, .idle = std::move(idle)});
  }

  std::shared_ptr<Transport> open_broker() {
    const auto sockets = std::make_shared<proxy::BrokerSockets>(options_.broker, options_.receive_buffer);
    os::PingSocket none = sockets->fetch();
    if (!none.error)
      return std::make_shared<SocketTransport>(
          broker_capabilities(*sockets), options_,
          os::SharedSockets{.broker = {.sockets = sockets}, .idle = std::make_shared<os::IdleSockets>(use_)});
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
  Family first_;
  os::IdleSockets::Use use_;
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
  Opener opener{options, Family::ipv4, os::IdleSockets::Use::again};
  auto transport = opener.open_first();
  return transport ? transport : opener.throw_why();
}

std::shared_ptr<Transport> open_transport(const TransportOptions& options, std::error_code& error) {
  Opener opener{options, Family::ipv4, os::IdleSockets::Use::again};
  auto transport = opener.open_first();
  error = transport ? std::error_code{} : opener.why_none().error;
  return transport;
}

std::shared_ptr<Transport> open_own_transport(Family first) {
  const TransportOptions options;
  Opener opener{options, first == Family::ipv6 ? first : Family::ipv4, os::IdleSockets::Use::once};
  auto transport = opener.open_first();
  return transport ? transport : opener.throw_why();
}

Capabilities capabilities(const Transport& transport) noexcept { return transport.capabilities(); }

}  // namespace multiping
