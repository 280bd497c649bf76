// A network namespace of this process alone, and a TUN device in it. The process reads there all packets that it sends,
// and writes the packets that it receives.
#pragma once

#include "os/file_descriptor.hpp"
#include "sim/wire.hpp"

namespace multiping::fuzz {

class WireDevice {
 public:
  /// Makes a device with the addresses 10.255.255.1 and fdff::1 and the default routes, and lets every group open ping
  /// sockets. Throws std::system_error where this process lacks the permission.
  WireDevice();

  /// Returns the next packet that this host has sent; empty: none for now. The bytes are valid until the next call.
  [[nodiscard]] test::ByteView read();
  /// Gives this host a packet; false when the kernel refuses it.
  bool write(test::ByteView packet) noexcept;

 private:
  os::FileDescriptor device_{};
  test::Bytes buffer_ = test::Bytes(65536);
};

}  // namespace multiping::fuzz
