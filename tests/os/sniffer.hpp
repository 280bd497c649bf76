// Records the packets that leave this host through a device, by a packet socket, packet(7).
// A packet begins with its IP header.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "os/file_descriptor.hpp"
#include "support/hex.hpp"

namespace multiping::test {

/// The fields of an IP header that a probe's options decide.
struct WireHeader {
  int version = 0, ttl = 0, tos = 0, protocol = 0;
  bool dont_fragment = false;      ///< IPv4
  std::uint32_t flow_label = 0;    ///< IPv6
  std::string source{}, target{};  ///< As text.
  Bytes message{};                 ///< The bytes after the header.
};

class Sniffer {
 public:
  explicit Sniffer(const std::string& device);
  /// The packets of that protocol that were sent so far, in order. A packet is recorded before the call that sends it
  /// returns.
  [[nodiscard]] std::vector<WireHeader> sent(int protocol);

 private:
  os::FileDescriptor socket_;
};

}  // namespace multiping::test
