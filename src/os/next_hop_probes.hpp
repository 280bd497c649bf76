// Asks next hops for a sign of life, without a privilege: an echo request where this process may send one, and UDP
// datagrams, whose ICMP errors come back through the error queue, ip(7) IP_RECVERR.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::os {

/// For the few next hops of silent targets. One thread at a time uses it.
class NextHopProbes {
 public:
  /// A next hop: its interface and its address.
  using Hop = std::pair<std::uint32_t, Address>;

  /// Sends the packets, unless the same next hop was called a moment ago. `to` is a silent target behind it.
  void call(const Hop& hop, const Address& to, const ProbeOptions& probe);
  /// When the last call that was answered by now was made; none: no call was answered. Reads what has come, and does
  /// not wait.
  [[nodiscard]] std::optional<Instant> answered(const Hop& hop);
  /// Closes the sockets: what was not answered yet will not be.
  void end() noexcept;

 private:
  struct Call {
    FileDescriptor datagrams{}, echoes{};
    Family family = Family::any;  ///< Of the datagrams.
    std::uint64_t nonce = 0;      ///< What the echo request carries.
    Instant made{};
    bool answered = false;

    [[nodiscard]] bool is_open() const noexcept { return datagrams || echoes; }
    void close() noexcept {
      datagrams = FileDescriptor{};
      echoes = FileDescriptor{};
    }
  };
  void send_datagrams(Call& call, const Hop& hop, const Address& to, const ProbeOptions& probe);
  [[nodiscard]] static bool send_echo(Call& call, const Hop& hop);

  std::map<Hop, Call> calls_{};
};

}  // namespace multiping::os
