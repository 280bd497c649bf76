// A network namespace of this process's own, and a TUN device in it through which all that it sends comes back here.
#pragma once

#include "linux/file_descriptor.hpp"
#include "sim/wire.hpp"

namespace multiping::fuzz {

class WireDevice {
 public:
  /// Addresses 10.255.255.1 and fdff::1; everything is routed to it, and every group may open ping sockets. Throws
  /// std::system_error where this process may not.
  WireDevice();

  /// The next packet that this host has sent; empty: none for now. Valid until the next call.
  [[nodiscard]] test::ByteView read();
  /// False when the kernel would not take it.
  bool write(test::ByteView packet) noexcept;

 private:
  os::FileDescriptor device_{};
  test::Bytes buffer_ = test::Bytes(65536);
};

}  // namespace multiping::fuzz
