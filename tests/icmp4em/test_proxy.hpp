// A proxy that behaves as the original, for tests of the client: a process with real ping sockets, which serves every
// client, cuts zeros and spaces off payloads, and can be told to lie.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "netns/namespace.hpp"
#include "os/file_descriptor.hpp"
#include "support/hex.hpp"

namespace multiping::test {
inline namespace proxies {

inline constexpr std::uint16_t test_proxy_port = 63'312;

struct ProxyBehaviour {
  std::function<void(Bytes& reply)> lie{};  ///< Changes replies before they are sent; empty: no change.
  bool silent = false;                      ///< Receives requests, but sends no probe.
};

/// Runs until it is killed. When the constructor returns, it serves and needs no more permission.
class TestProxy {
 public:
  explicit TestProxy(const ProxyBehaviour& behaviour = {});
  /// Sends SIGKILL, and returns when the proxy has ended.
  void kill();

 private:
  os::FileDescriptor ready_;
  std::optional<Child> child_;
};

}  // namespace proxies
}  // namespace multiping::test
