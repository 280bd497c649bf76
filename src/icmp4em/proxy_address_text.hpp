// Splits the text that names an icmp4em-compatible proxy into host and port.
// Looks no name up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace multiping {

/// The parts of TransportOptions::proxy.
struct ProxyAddressText {
  std::string host{};
  std::uint16_t port = 63'312;
};
/// Reads "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6 address. Returns std::nullopt for any other text.
[[nodiscard]] std::optional<ProxyAddressText> read_proxy_name(std::string_view text);

}  // namespace multiping
