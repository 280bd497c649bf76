// A proxy as the original is, for tests of the client: a process with real ping sockets that trusts whoever asks, cuts
// zeros and spaces off payloads, and can be told to lie.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "linux/file_descriptor.hpp"
#include "netns/namespace.hpp"
#include "support/hex.hpp"

namespace multiping::test {
inline namespace proxies {

inline constexpr std::uint16_t test_proxy_port = 63'312;

struct ProxyBehaviour {
  std::function<void(Bytes& reply)> lie{};  ///< Changes replies before they leave; empty: it is honest.
  bool silent = false;                      ///< Takes requests, and asks nobody.
};

/// Runs until it is killed. It serves, and needs no permission any more, when the constructor returns.
class TestProxy {
 public:
  explicit TestProxy(const ProxyBehaviour& behaviour = {});
  /// By SIGKILL; returns when it has ended.
  void kill();

 private:
  os::FileDescriptor ready_;
  std::optional<Child> child_;
};

}  // namespace proxies
}  // namespace multiping::test
