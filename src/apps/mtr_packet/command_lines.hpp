// Splits the bytes of standard input into the lines of mtr-packet's protocol. Pure: no I/O.
// It keeps less than one line, whatever comes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace multiping::mtr_packet {

/// A command has less than this many bytes with its newline, as in mtr-packet(8).
constexpr std::size_t longest_line = 4096;

/// One line, or what stands for one that was too long.
struct CommandLine {
  std::string_view text{};  ///< Without the newline. Valid until the next call.
  bool overflow = false;    ///< longest_line - 1 bytes came without a newline, and were dropped.
};

class CommandLines {
 public:
  /// Adds bytes, which must stay valid until next() has returned nothing.
  void feed(std::string_view bytes);
  /// Returns the next line; nothing when more bytes are needed.
  [[nodiscard]] std::optional<CommandLine> next();

 private:
  std::string begun_;  ///< The beginning of a line whose end has not come.
  bool told_ = false;  ///< begun_ was returned.
  std::string_view unread_{};
};

}  // namespace multiping::mtr_packet
