// Says whether a text is an address, a name that can be looked up, or neither.
// Asks no resolver, only the kernel for the name of a zone, so it is fast enough for a million texts.
#pragma once

#include <cstdint>
#include <string_view>

#include "multiping/address.hpp"

namespace multiping {

enum class HostText : std::uint8_t {
  address,    ///< Address::parse() takes it.
  name,       ///< Could be a host name: looking it up makes sense.
  block,      ///< Many hosts, as for expand() ("192.0.2.0/24", "192.0.2.1-192.0.2.9"), or an address with a netmask.
  with_port,  ///< An address or a name with a port ("192.0.2.1:80", "[2001:db8::1]:80").
  neither,    ///< A lookup would fail, or would find an address that the caller did not mean.
};

struct Host {
  HostText kind = HostText::neither;
  Address address{};  ///< Set when `kind` is address.
};

/// The kind of `text`, and its address if it is one. A name has 1 to 253 characters (RFC 1035; a trailing dot does not
/// count) in labels of 1 to 63: letters, digits, '-', '_' and the bytes of UTF-8. A text that inet_aton(3) takes and
/// Address::parse() does not ("10.1", "2130706433") is neither, since getaddrinfo(3) would turn it into an address.
[[nodiscard]] Host read_host(std::string_view text) noexcept;

/// Whether `text` is an IPv6 address with a zone (RFC 4007, section 11) that could be the name or number of an
/// interface, but is none of this host at present. For text that is neither an address nor a name.
[[nodiscard]] bool has_unknown_zone(std::string_view text) noexcept;

/// Whether read_host() takes `text` for a name and all of it is ASCII: RFC 1123, and '_'.
[[nodiscard]] bool is_host_name(std::string_view text) noexcept;

}  // namespace multiping
