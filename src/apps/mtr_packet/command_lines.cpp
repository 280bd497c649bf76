// A line that comes in one piece is not copied.
// See command_lines.hpp.
#include "apps/mtr_packet/command_lines.hpp"

#include <algorithm>
#include <utility>

namespace multiping::mtr_packet {

void CommandLines::feed(std::string_view bytes) { unread_ = bytes; }

std::optional<CommandLine> CommandLines::next() {
  if (std::exchange(told_, false)) begun_.clear();
  const std::size_t room = longest_line - 1 - begun_.size();
  const std::string_view head = unread_.substr(0, std::min(room, unread_.size()));
  const std::size_t end = head.find('\n');
  const bool ends = end != std::string_view::npos;
  const std::string_view piece = ends ? head.substr(0, end) : head;
  unread_.remove_prefix(ends ? end + 1 : head.size());
  if (ends && begun_.empty()) return CommandLine{.text = piece};
  begun_.append(piece);
  const bool overflow = !ends && begun_.size() == longest_line - 1;
  told_ = ends || overflow;
  if (overflow) return CommandLine{.overflow = true};
  return ends ? std::optional{CommandLine{.text = begun_}} : std::nullopt;
}

}  // namespace multiping::mtr_packet
