// What leaves this host through a device, as a packet socket sees it, packet(7).
// From the IP header on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "linux/file_descriptor.hpp"
#include "support/hex.hpp"

namespace multiping::test {

/// The fields of an IP header that a probe's options decide.
struct WireHeader {
  int version = 0, ttl = 0, tos = 0, protocol = 0;
  bool dont_fragment = false;      ///< IPv4
  std::uint32_t flow_label = 0;    ///< IPv6
  std::string source{}, target{};  ///< As text.
  Bytes message{};                 ///< Behind the header.
};

class Sniffer {
 public:
  explicit Sniffer(const std::string& device);
  /// The packets of that protocol that were sent so far, in order. A packet is there when the call that sent it
  /// returns.
  [[nodiscard]] std::vector<WireHeader> sent(int protocol);

 private:
  os::FileDescriptor socket_;
};

}  // namespace multiping::test
