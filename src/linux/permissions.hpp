// Which kinds of sockets this process may open, and what to say when it may open none.
// capabilities(7), icmp(7).
#pragma once

#include <span>
#include <string>

#include "multiping/transport.hpp"

namespace multiping::os {

/// What this process lacks for each of `kinds` that needs a permission, and the command that grants it.
[[nodiscard]] std::string remedies(std::span<const TransportKind> kinds);
/// The same for SO_MARK.
[[nodiscard]] std::string mark_remedy();

/// What sockets of that kind can do here.
[[nodiscard]] Capabilities socket_capabilities(TransportKind kind) noexcept;

}  // namespace multiping::os
