// Tries the kinds of transport in turn, and says why none of them serves here.
// See transport_opener.hpp and multiping/transport.hpp.
#include "batch/transport_opener.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "batch/proxy_transport.hpp"
#include "batch/socket_transport.hpp"
#include "broker/broker_sockets.hpp"
#include "multiping/error.hpp"
#include "os/permissions.hpp"
#include "os/socket_basics.hpp"
#include "os/spare_icmp_sockets.hpp"

namespace multiping {
namespace {

/// The broker decides which families there are.
Capabilities broker_capabilities(const broker::BrokerSockets& sockets) noexcept {
  Capabilities can = os::socket_capabilities(TransportKind::broker);
  can.ipv4 = sockets.has(Family::ipv4);
  can.ipv6 = sockets.has(Family::ipv6);
  can.mark = can.mark && sockets.takes_mark();
  can.icmp = can.ipv4 || can.ipv6;
  return can;
}

Family other_than(Family family) noexcept { return family == Family::ipv4 ? Family::ipv6 : Family::ipv4; }

/// Why no socket of that kind can be opened; no error when one can. A socket for ICMP is kept in `idle`.
std::error_code try_family(TransportKind kind, Family family, os::SpareIcmpSockets& idle) {
  return kind == TransportKind::sockets ? os::try_socket(kind, family) : idle.open(kind, family);
}

/// No error when a socket of that kind can be opened in at least one family. When descriptors or memory have run out,
/// that is the error, whatever the other family says, since it says nothing about either family.
std::error_code obstacle(TransportKind kind, Family first, os::SpareIcmpSockets& idle) {
  const std::error_code one = try_family(kind, first, idle);
  if (!one || os::concerns_all(one)) return one;
  const std::error_code other = try_family(kind, other_than(first), idle);
  if (!other || os::concerns_all(other)) return other;
  return first == Family::ipv4 ? one : other;
}

/// The kinds that the caller asked for, with `automatic` replaced by the four kinds that it means.
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

/// Why one kind, or every kind, cannot be opened.
struct Failure {
  TransportKind kind = TransportKind::automatic;
  std::error_code error{};
  std::string text{};
  bool permission = false;
};

/// True when the caller's options are wrong; false when the system refused.
bool is_argument(const Failure& failure) noexcept {
  return failure.error == std::make_error_code(std::errc::invalid_argument);
}

/// Tries one kind after the other, and remembers why each failed.
class Opener {
 public:
  /// `first`: the family that is tried first. `use`: whether sockets that an object gives back are kept.
  Opener(const TransportOptions& options, Family first, os::SpareIcmpSockets::Use use)
      : options_{options}, first_{first}, use_{use} {}

  std::shared_ptr<Transport> open_first() {
    const auto kinds = wanted_kinds(options_);
    if (auto transport = open_as_ordinary_user(kinds)) return transport;
    for (const TransportKind kind : kinds) {
      auto transport = kind == TransportKind::broker  ? open_broker()
                       : kind == TransportKind::proxy ? open_proxy()
                                                      : open_sockets(kind);
      if (transport) return transport;
      if (os::concerns_all(failures_.back().error)) break;  // a passing shortage is no reason for a lesser kind
    }
    return nullptr;
  }

  [[noreturn]] std::shared_ptr<Transport> throw_why() const {
    const Failure failure = why_none();
    if (is_argument(failure)) throw std::invalid_argument(failure.text);
    if (failure.permission) throw PermissionError(failure.error, failure.text);
    throw std::system_error(failure.error, failure.text);
  }

  /// The failure to report. First: descriptors or memory ran out. Then: the broker's own failure when it is the only
  /// kind, a mistake of the caller, a missing permission (it has a remedy). Otherwise all failures in one text.
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
  /// Where raw sockets and then ping sockets are wanted: tries ping sockets alone if the kernel is sure to refuse raw
  /// sockets, since asking it for one in each family takes as long as a third of a ping. Null: try the kinds in turn.
  std::shared_ptr<Transport> open_as_ordinary_user(std::span<const TransportKind> kinds) {
    const bool wanted = kinds.size() > 1 && kinds[0] == TransportKind::raw && kinds[1] == TransportKind::ping_socket;
    if (!wanted || os::may_have_net_raw()) return nullptr;
    auto idle = std::make_shared<os::SpareIcmpSockets>(use_);
    if (obstacle(TransportKind::ping_socket, first_, *idle)) return nullptr;
    return found(TransportKind::ping_socket, std::move(idle));
  }

  std::shared_ptr<Transport> open_sockets(TransportKind kind) {
    auto idle = std::make_shared<os::SpareIcmpSockets>(use_);
    const std::error_code error = obstacle(kind, first_, *idle);
    if (!error) return found(kind, std::move(idle));
    failed(kind, error, "cannot open a transport of kind " + std::string{to_string(kind)});
    return nullptr;
  }

  /// Tests the capabilities, and opens a socket of the other family, unless the transport is for one object alone.
  std::shared_ptr<Transport> found(TransportKind kind, std::shared_ptr<os::SpareIcmpSockets> idle) {
    Capabilities can{.kind = kind};
    if (use_ == os::SpareIcmpSockets::Use::again) {
      static_cast<void>(try_family(kind, other_than(first_), *idle));
      can = os::socket_capabilities(kind, {.ipv4 = idle->has(Family::ipv4), .ipv6 = idle->has(Family::ipv6)});
    }
    os::BrokerAccess none;
    if (kind == TransportKind::sockets) none.remedy = broker_remedy();  // the other kinds can ping without one
    return std::make_shared<SocketTransport>(can, options_,
                                             os::SharedSockets{.broker = std::move(none), .idle = std::move(idle)});
  }

  std::shared_ptr<Transport> open_broker() {
    const auto sockets = std::make_shared<broker::BrokerSockets>(options_.broker, options_.receive_buffer);
    os::PingSocket none = sockets->fetch();
    if (!none.error)
      return std::make_shared<SocketTransport>(
          broker_capabilities(*sockets), options_,
          os::SharedSockets{.broker = {.sockets = sockets}, .idle = std::make_shared<os::SpareIcmpSockets>(use_)});
    broker_failure_ = none.error;
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
                                broker_would_do ? broker_remedy() : std::string{}),
            .permission = true};
  }

  [[nodiscard]] std::string broker_remedy() const { return os::broker_remedy(options_.broker, broker_failure_); }

  const TransportOptions& options_;
  Family first_;
  os::SpareIcmpSockets::Use use_;
  std::error_code broker_failure_{};  ///< Why the broker did not serve, when it was asked.
  std::vector<Failure> failures_;
};

}  // namespace

std::shared_ptr<Transport> open_shared_transport(const TransportOptions& options) {
  Opener opener{options, Family::ipv4, os::SpareIcmpSockets::Use::again};
  auto transport = opener.open_first();
  return transport ? transport : opener.throw_why();
}

std::shared_ptr<Transport> open_shared_transport(const TransportOptions& options, std::error_code& error) {
  Opener opener{options, Family::ipv4, os::SpareIcmpSockets::Use::again};
  auto transport = opener.open_first();
  error = transport ? std::error_code{} : opener.why_none().error;
  return transport;
}

std::shared_ptr<Transport> open_own_transport(Family first) {
  const TransportOptions options;
  Opener opener{options, first == Family::ipv6 ? first : Family::ipv4, os::SpareIcmpSockets::Use::once};
  auto transport = opener.open_first();
  return transport ? transport : opener.throw_why();
}

Capabilities capabilities(const Transport& transport) noexcept { return transport.capabilities(); }

}  // namespace multiping
