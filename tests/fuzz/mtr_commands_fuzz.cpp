// Fuzzes the line protocol of mtr-packet: no input may crash the parsers, and how bytes are cut into pieces may not
// change what they say. The first byte is the size of the pieces.
#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "apps/mtr_packet/command.hpp"
#include "apps/mtr_packet/command_lines.hpp"
#include "apps/mtr_packet/probe_arguments.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace multiping;
using namespace multiping::mtr_packet;

struct Line {
  std::string text{};
  bool overflow = false;
  friend bool operator==(const Line&, const Line&) = default;
};

std::vector<Line> lines_of(std::string_view text, std::size_t piece) {
  CommandLines lines;
  std::vector<Line> found;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    lines.feed(text.substr(at, piece));
    while (const auto line = lines.next()) found.push_back({std::string{line->text}, line->overflow});
  }
  return found;
}

void check_probe(const Command& command) {
  const auto read = read_probe(command);
  const auto* asked = std::get_if<AskedProbe>(&read);
  if (asked == nullptr) return;
  const ProbeOptions& probe = asked->submission.probe;
  fuzz::require(asked->target.family() != Family::any);
  fuzz::require(probe.ttl && *probe.ttl >= 1 && *probe.ttl <= 255);
  fuzz::require(probe.port >= 0 && probe.port <= 65'535 && probe.source_port >= 0 && probe.source_port <= 65'535);
  fuzz::require(probe.tos >= 0 && probe.tos <= 255 && probe.payload_size <= 9000 && probe.device.size() <= 15);
  fuzz::require(Duration{asked->submission.timeout} >= Duration::zero());
}

void check_line(const Line& line) {
  fuzz::require(line.text.size() < longest_line && line.text.find('\n') == std::string::npos);
  const auto command = parse_command(line.text);
  if (!command) return;
  fuzz::require(!command->name.empty() && command->count <= most_arguments);
  for (const Argument& pair : command->arguments()) {
    fuzz::require(!pair.name.empty() && !pair.value.empty());
    const bool inside = pair.value.data() >= line.text.data() &&
                        pair.value.data() + pair.value.size() <= line.text.data() + line.text.size();
    fuzz::require(inside);
  }
  check_probe(*command);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = lines_of(text, std::max<std::size_t>(text.size(), 1));
  fuzz::require(lines_of(text, std::size_t{data[0]} + 1) == whole);
  for (const Line& line : whole) check_line(line);
  return 0;
}
