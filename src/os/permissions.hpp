// Finds out which kinds of sockets this process may open, and says what would permit it to open them.
// capabilities(7), icmp(7), systemd.exec(5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "multiping/transport.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// The text of a PermissionError, without the system's reason, which std::system_error adds to it. It begins "this
/// process may not <action>: ...", gives each remedy that fits this process on a line of its own, and ends with
/// `failure`. There is a remedy for each of `kinds` that needs a permission; the last one is `broker`, as
/// broker_remedy() gives it, unless that is empty.
[[nodiscard]] std::string refusal(std::string_view action, std::span<const TransportKind> kinds,
                                  std::string_view failure, std::string_view broker = {});
/// The action of refusal() for probes of this protocol: "ping", "send SCTP probes".
[[nodiscard]] std::string_view action_of(Protocol protocol) noexcept;
/// The remedy that a broker listening at `path` is for this process; `failure`: why it refused when it was asked.
[[nodiscard]] std::string broker_remedy(const std::string& path, std::error_code failure = {});
/// What a broker must do for this process: "must allow user 1000 or one of its groups".
[[nodiscard]] std::string must_allow_us();

/// False when CAP_NET_RAW is not effective in this thread. Then the kernel refuses raw sockets, except to the owner of
/// another user namespace to which the network namespace belongs: user_namespaces(7).
[[nodiscard]] bool may_have_net_raw() noexcept;
/// The families for which a socket of the kind is open already. Whether one can be opened is not tried for these.
struct OpenFamilies {
  bool ipv4 = false, ipv6 = false;
};
/// What sockets of that kind can do here.
[[nodiscard]] Capabilities socket_capabilities(TransportKind kind, const OpenFamilies& open = {}) noexcept;

}  // namespace multiping::os
