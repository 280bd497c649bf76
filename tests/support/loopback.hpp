// For tests that ping this machine's own addresses: whether it has them.
// A network namespace is born with its loopback interface down, and some containers have no IPv6.
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "os/file_descriptor.hpp"

namespace multiping::test {

[[nodiscard]] inline bool loopback_is_up() {
  const os::FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  return ::ioctl(socket.value(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

[[nodiscard]] inline bool has_v6_loopback() {
  const os::FileDescriptor socket{::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return ::bind(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// For `* precondition(needs_loopback)`: skips a test, with the reason, where 127.0.0.1 or ::1 is not there.
inline boost::test_tools::assertion_result needs_loopback(boost::unit_test::test_unit_id) {
  const bool up = loopback_is_up();
  boost::test_tools::assertion_result result{up && has_v6_loopback()};
  result.message() << (up ? "this machine has no ::1" : "the loopback interface is down");
  return result;
}

}  // namespace multiping::test
