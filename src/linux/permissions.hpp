// Which kinds of sockets this process may open, and what to say when it may open none.
// capabilities(7), icmp(7), systemd.exec(5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "multiping/transport.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// What a PermissionError says, but for the system's reason, which std::system_error adds to it: "this process may not
/// <action>: ...", each remedy that fits this process on a line of its own, and last what failed. A remedy for each of
/// `kinds` that needs a permission, and what `broker` says, as broker_remedy(), if it says anything.
[[nodiscard]] std::string refusal(std::string_view action, std::span<const TransportKind> kinds,
                                  std::string_view failure, std::string_view broker = {});
/// The action of refusal() that such probes are: "ping", "send SCTP probes".
[[nodiscard]] std::string_view action_of(net::Carrier carrier) noexcept;
/// How a broker listening at `path` would let this process ping; `failure` is why it did not when it was asked.
[[nodiscard]] std::string broker_remedy(const std::string& path, std::error_code failure = {});
/// What a broker's administrator is to do for this process: "must allow user 1000 or one of its groups".
[[nodiscard]] std::string must_allow_us();

/// What sockets of that kind can do here.
[[nodiscard]] Capabilities socket_capabilities(TransportKind kind) noexcept;

}  // namespace multiping::os
