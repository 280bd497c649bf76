// Events of the daemon, one line each, on stderr: who was refused and why, what started and ended.
// Bounded: the same kind of event in a flood is counted, and told once in a while.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "net/instant.hpp"

namespace multiping::proxy {

class Log {
 public:
  /// Lines go to this descriptor.
  explicit Log(int descriptor = 2) noexcept : descriptor_{descriptor} {}

  /// Writes "multipingd: <text>" as one line; bytes that are not printable ASCII are written as "?", and a line ends
  /// at 512 bytes. Never throws and never blocks for long: a line that cannot be written is lost. SIGPIPE should be
  /// ignored, for who reads may end at any moment.
  void line(std::string_view text) noexcept;
  /// The same for what clients can cause: at most ten lines of one `kind` a second; the rest are counted and told
  /// with the next one ("... (and 5023 more)"). A kind is an event's name and whom it concerns, not what a client can
  /// choose: of more than 64 kinds in a second the rest are held as one, and who is over may be forgotten then, with
  /// its count.
  void limited_line(std::string_view kind, std::string_view text, net::Instant now) noexcept;

 private:
  struct Flood {
    net::Instant since{};
    std::uint64_t written = 0, swallowed = 0;
  };

  void write_line(std::string_view text, std::string_view ending) const noexcept;
  Flood& flood_of(std::string_view kind, net::Instant now);

  int descriptor_;
  std::map<std::string, Flood, std::less<>> floods_;  ///< By kind; 65 at most.
};

}  // namespace multiping::proxy
