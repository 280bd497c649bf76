// The log of the daemon: writes one line for each event to stderr, such as a start, an end, or a refused client.
// Its amount is bounded: when events of one kind come in a flood, most are only counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/monotonic_time.hpp"

namespace multiping {

class Log {
 public:
  /// Lines go to this descriptor.
  explicit Log(int descriptor = 2) noexcept : descriptor_{descriptor} {}

  /// Writes "multipingd: <text>" as one line. Bytes that are not printable ASCII are written as "?", and a line is cut
  /// at 512 bytes. Never throws and never blocks for long: a line that cannot be written is lost. The process should
  /// ignore SIGPIPE, because the reader may end at any time.
  void line(std::string_view text) noexcept;
  /// As line(), for events that clients can cause: writes at most ten lines of one `kind` in a second. Further lines
  /// are counted, and the next line tells their number ("... (and 5023 more)").
  ///
  /// A kind is the name of an event and perhaps its user, never text that a client can choose. When there are
  /// more than 64 kinds, those whose second is over are forgotten with their counts, and if that is not enough, all
  /// further kinds count as one.
  void limited_line(std::string_view kind, std::string_view text, Instant now) noexcept;

 private:
  struct Flood {
    Instant since{};
    std::uint64_t written = 0, swallowed = 0;
  };

  void write_line(std::string_view text, std::string_view ending) const noexcept;
  Flood& flood_of(std::string_view kind, Instant now);

  int descriptor_;
  std::map<std::string, Flood, std::less<>> floods_;  ///< By kind; at most 65.
};

}  // namespace multiping
