// Lines of words with spaces between them; a name is in double quotes, with each byte that is no plain ASCII as \xNN.
// See engine/health_file_text.hpp.
#include "engine/health_file_text.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number_text.hpp"

namespace multiping::engine {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string quoted_name(std::string_view text) {
  std::string out{'"'};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out.append("\\x").append({hex_digits[byte / 16U], hex_digits[byte % 16U]});
    }
  }
  return out += '"';
}

std::string bits_text(const BitWindow& bits) { return bits.size() == 0 ? "-" : bits.text(); }

void append(std::string& out, std::initializer_list<std::string> words) {
  for (const std::string& word : words) out.append(out.empty() || out.back() == '\n' ? "" : " ").append(word);
}

void append_run(std::string& out, const Run& run) {
  append(out, {std::to_string(run.length), std::to_string(run.first), std::to_string(run.last),
               std::to_string(run.outcomes), std::to_string(run.causes)});
}

void append_options(std::string& out, const HealthOptions& options) {
  append(out, {"options", std::to_string(options.rise), std::to_string(options.fall),
               std::to_string(options.flap_window), number_text(options.flap_high), number_text(options.flap_low),
               std::to_string(options.loss_window), number_text(options.max_loss), number_text(options.confidence),
               number_text(options.shared_inside), number_text(options.shared_outside)});
  out += '\n';
}

void append_host(std::string& out, const HealthHost& host) {
  const HostStateMachine& health = host.health;
  append(out, {"host", quoted_name(host.name), std::string{to_string(health.steady)},
               health.flapping ? "flapping" : "steady",
               !health.last_good   ? "new"
               : *health.last_good ? "good"
                                   : "bad"});
  for (const Run* run : {&health.good, &health.bad, &health.local}) append_run(out, *run);
  append(out, {bits_text(health.changes), bits_text(health.losses)});
  out += '\n';
}

/// Sorted, since groups have other numbers after loading.
std::vector<const HostGroup*> by_name(std::vector<const HostGroup*> groups) {
  std::ranges::sort(groups, {}, [](const HostGroup* group) { return std::string_view{group->name}; });
  return groups;
}

void append_quorums(std::string& out, const HostGroups& groups) {
  std::vector<const HostGroup*> found;
  for (const HostGroup& group : groups.all())
    if (group.quorum) found.push_back(&group);
  for (const HostGroup* group : by_name(std::move(found))) {
    const auto& [count, share] = *group->quorum;
    append(out, {"quorum", quoted_name(group->name), std::to_string(count), number_text(share)});
    out += '\n';
  }
}

void append_members(std::string& out, std::size_t host, const HostGroups& groups) {
  std::vector<const HostGroup*> joined;
  for (const std::size_t group : groups.joined(host)) joined.push_back(&groups.all()[group]);
  for (const HostGroup* group : by_name(std::move(joined))) {
    append(out, {"member", std::to_string(host), quoted_name(group->name)});
    out += '\n';
  }
}

void append_moves(std::string& out, const CorrelatedFailures& moves) {
  for (const Move& move : moves.kept()) {
    append(out, {"move", std::to_string(move.host), std::string{to_string(move.from)}, std::string{to_string(move.to)},
                 std::to_string(move.round), move.told ? "told" : "held", quoted_name(move.reason)});
    out += '\n';
  }
}

}  // namespace

std::string health_text(const HealthTrackerState& data) {
  std::string out{health_text_title};
  out += '\n';
  append_options(out, data.options());
  out.back() = ' ';
  out += std::to_string(data.round()) + '\n';
  for (const HealthHost& host : data.hosts()) append_host(out, host);
  append_quorums(out, data.groups());
  for (std::size_t host = 0; host < data.hosts().size(); ++host) append_members(out, host, data.groups());
  append_moves(out, data.falls());
  append_moves(out, data.rises());
  return out += "end\n";
}

}  // namespace multiping::engine
