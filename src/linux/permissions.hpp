// Which kinds of sockets this process may open, and what to say when it may open none.
// capabilities(7), icmp(7).
#pragma once

#include <span>
#include <string>
#include <system_error>

#include "multiping/transport.hpp"

namespace multiping::os {

/// What this process lacks for a kind that needs a permission, and the command that grants it.
[[nodiscard]] std::string remedies(TransportKind kind);
/// The same for each of `kinds`, and what `broker` says, as broker_remedy(), if it says anything.
[[nodiscard]] std::string remedies(std::span<const TransportKind> kinds, const std::string& broker = {});
/// How a broker listening at `path` would let this process ping; `failure` is why it did not when it was asked.
[[nodiscard]] std::string broker_remedy(const std::string& path, std::error_code failure = {});
/// What a broker's administrator is to do for this process: "must allow user 1000 or one of its groups".
[[nodiscard]] std::string must_allow_us();
/// The remedy for SO_MARK.
[[nodiscard]] std::string mark_remedy();

/// What sockets of that kind can do here.
[[nodiscard]] Capabilities socket_capabilities(TransportKind kind) noexcept;

}  // namespace multiping::os
