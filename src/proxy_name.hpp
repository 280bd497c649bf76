// Where an icmp4em-compatible proxy listens, as people write it. Nothing is looked up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace multiping {

/// TransportOptions::proxy, taken apart.
struct ProxyName {
  std::string host{};
  std::uint16_t port = 63'312;
};
/// "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6 address; nothing for anything else.
[[nodiscard]] std::optional<ProxyName> read_proxy_name(std::string_view text);

}  // namespace multiping
