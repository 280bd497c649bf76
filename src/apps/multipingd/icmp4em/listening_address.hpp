// Where the proxy protocol of icmp4em is served: --icmp4em.
#pragma once

#include <cstdint>

#include "multiping/address.hpp"

namespace multiping::daemon {

/// An address and port at which the proxy protocol of icmp4em is served.
struct ListeningAddress {
  Address host{};
  std::uint16_t port = 0;
};

}  // namespace multiping::daemon
