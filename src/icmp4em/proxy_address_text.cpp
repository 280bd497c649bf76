// Tries a bare address first, so that the colons of an IPv6 address are not taken for that of a port.
// See icmp4em/proxy_address_text.hpp.
#include "icmp4em/proxy_address_text.hpp"

#include <charconv>
#include <system_error>

#include "base/host_name_syntax.hpp"
#include "multiping/address.hpp"

namespace multiping {
namespace {

std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || port == 0) return std::nullopt;
  return port;
}

/// `port` is ":" and a number, or empty.
std::optional<ProxyAddressText> named(std::string_view host, std::string_view port) {
  const auto kind = read_host(host).kind;
  if (kind != HostText::address && kind != HostText::name) return std::nullopt;
  ProxyAddressText name{.host = std::string{host}};
  if (port.empty()) return name;
  const auto number = port.front() == ':' ? read_port(port.substr(1)) : std::nullopt;
  if (!number) return std::nullopt;
  name.port = *number;
  return name;
}

}  // namespace

std::optional<ProxyAddressText> read_proxy_name(std::string_view text) {
  if (const auto address = Address::parse(text)) return named(text, {});
  const auto bracket = text.find(']');
  if (text.starts_with('[') && bracket != text.npos) {
    const auto inside = text.substr(1, bracket - 1);
    const auto address = Address::parse(inside);
    return address && inside.find(':') != inside.npos ? named(inside, text.substr(bracket + 1)) : std::nullopt;
  }
  const auto colon = text.find(':');
  return colon == text.npos ? named(text, {}) : named(text.substr(0, colon), text.substr(colon));
}

}  // namespace multiping
