// What a text that names a host is: an address, a name worth a lookup, or neither.
// Asks no resolver (a zone's name is asked of the kernel), so it may be used on a million texts.
#pragma once

#include <cstdint>
#include <string_view>

#include "multiping/address.hpp"

namespace multiping::resolver {

enum class HostText : std::uint8_t {
  address,    ///< Address::parse() takes it.
  name,       ///< Could be a host name: looking it up makes sense.
  block,      ///< Many hosts, as expand() takes them ("192.0.2.0/24", "192.0.2.1-192.0.2.9"), or with a netmask.
  with_port,  ///< An address or a name with a port ("192.0.2.1:80", "[2001:db8::1]:80").
  neither,    ///< A lookup could only fail, or find an address that the caller did not write.
};

struct Host {
  HostText kind = HostText::neither;
  Address address{};  ///< Of an address.
};

/// A name has 1 to 253 characters (RFC 1035, a trailing dot apart) in labels of 1 to 63: letters, digits, '-', '_' and
/// the bytes of UTF-8. What inet_aton(3) takes and Address::parse() does not ("10.1", "2130706433") is neither, since
/// getaddrinfo(3) would make an address of it.
[[nodiscard]] Host read_host(std::string_view text) noexcept;

/// Of text that is neither: an IPv6 address whose zone could be an interface's name or number, and is none of this host
/// now. RFC 4007, section 11.
[[nodiscard]] bool has_unknown_zone(std::string_view text) noexcept;

/// RFC 1123, and '_': what read_host() takes for a name, in ASCII.
[[nodiscard]] bool is_host_name(std::string_view text) noexcept;

}  // namespace multiping::resolver
