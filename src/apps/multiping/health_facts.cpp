// See health_facts.hpp.
#include "apps/multiping/health_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "apps/multiping/trace_mtu_wait_text.hpp"

namespace multiping::command {
namespace {

constexpr std::size_t named_at_most = 5;  // names in one line

/// "a, b, c, d, e and 35 more"; the names are printable.
std::string names_text(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names.first(std::min(names.size(), named_at_most)))
    text.append(text.empty() ? "" : ", ").append(name);
  if (names.size() > named_at_most) text += fmt::format(" and {} more", names.size() - named_at_most);
  return text;
}

std::string line_of_change(const Transition& change) {
  std::ostringstream line;
  line << change;
  return line.str();
}

/// Such changes come to all hosts at once: at the first runs, and when this host's own way out fails and comes back.
bool is_about_this_host(const Transition& change) noexcept {
  return !change.group && (change.from == State::unknown || change.to == State::unknown);
}

void add_once(std::vector<std::string>& names, std::unordered_set<std::string>& known, const std::string& name) {
  if (known.insert(name).second) names.push_back(name);
}

void take_hosts(const RunFigures& view, HealthFacts& facts) {
  std::unordered_set<std::string> known, grouped;
  const auto take = [&](const RunTarget& target) {
    const std::string name = health_name(target);
    const std::string& group = view.groups[target.group].name;
    add_once(facts.hosts, known, name);
    if (!group.empty()) grouped.insert(name);
    facts.tracker.add(name, group.empty() ? std::vector<std::string>{} : std::vector{group});
  };
  std::ranges::for_each(view.targets, take);
  std::ranges::for_each(view.unresolved, take);
  for (const std::string& host : facts.tracker.hosts())
    if (!known.contains(host)) facts.tracker.remove(host);
  for (const std::string& host : facts.hosts)
    if (!grouped.contains(host)) facts.alone.push_back(host);
}

/// A quorum that is not in the list any more is none; a group may begin several times, and one line has its quorum.
void take_groups(const RunFigures& view, HealthFacts& facts) {
  for (const std::string& group : facts.tracker.groups()) facts.tracker.set_quorum(group, {});
  std::unordered_set<std::string> known;
  for (const TargetGroup& group : view.groups) {
    if (group.name.empty()) continue;
    if (group.quorum) facts.tracker.set_quorum(group.name, *group.quorum);
    if (facts.tracker.size(group.name) > 0) add_once(facts.groups, known, group.name);
  }
}

}  // namespace

std::string health_name(const RunTarget& target) {
  if (target.port == 0) return target.host;
  const bool is_v6 = target.host.find(':') != std::string::npos;
  return fmt::format("{}:{}", is_v6 ? "[" + target.host + "]" : target.host, target.port);
}

void take_list(const RunFigures& view, HealthFacts& facts) {
  facts.groups.clear(), facts.hosts.clear(), facts.alone.clear();
  take_hosts(view, facts);
  take_groups(view, facts);
}

std::vector<Transition> observe_round(HealthFacts& facts, std::span<const Result> round) {
  facts.silent.clear();
  for (const Result& result : round)
    if (!result.answered()) facts.silent.try_emplace(result.host, result);
  for (const Result& result : round)
    if (result.answered()) facts.silent.erase(result.host);
  return facts.tracker.observe(round);
}

HealthJudgement judge(const HealthFacts& facts) {
  bool known = true;
  const auto is_bad = [&](State state) {
    known = known && state != State::unknown;
    return state == State::down || state == State::flapping;
  };
  bool bad = false;
  for (const std::string& group : facts.groups) bad = is_bad(facts.tracker.group(group)) || bad;
  for (const std::string& host : facts.alone) bad = is_bad(facts.tracker.host(host)) || bad;
  return bad ? HealthJudgement::bad : known ? HealthJudgement::good : HealthJudgement::unknown;
}

const Result* local_cause(const HealthFacts& facts, const std::string& host) {
  const auto at = facts.silent.find(host);
  if (at == facts.silent.end()) return nullptr;
  const Result& result = at->second;
  const bool in_doubt = result.cause == Cause::unknown && result.cause_address;
  return is_local(result.cause) || in_doubt ? &result : nullptr;
}

std::vector<std::string> transition_lines(std::span<const Transition> changes) {
  std::vector<std::string> lines;
  std::vector<bool> told(changes.size());
  for (std::size_t at = 0; at < changes.size(); ++at) {
    if (told[at]) continue;
    const Transition& first = changes[at];
    std::vector<std::string> names;
    for (std::size_t other = at; other < changes.size() && is_about_this_host(first); ++other) {
      const Transition& each = changes[other];
      if (told[other] || !is_about_this_host(each) || each.from != first.from || each.to != first.to) continue;
      told[other] = true;
      names.push_back(printable(each.name));
    }
    if (names.size() < 2) {
      lines.push_back(line_of_change(first));
    } else {
      lines.push_back(fmt::format("{} hosts: {} -> {} in round {}: {}: {}", names.size(), to_string(first.from),
                                  to_string(first.to), first.round, names_text(names), first.reason));
    }
  }
  return lines;
}

std::string down_text(const HealthFacts& facts) {
  std::vector<std::string> names;
  for (const std::string& group : facts.groups)
    if (facts.tracker.group(group) == State::down)
      names.push_back(fmt::format("{} ({})", printable(group), members_text(facts, group)));
  for (const std::string& host : facts.alone) {
    const State state = facts.tracker.host(host);
    if (state == State::down) names.push_back(printable(host));
    if (state == State::flapping) names.push_back(printable(host) + " (flapping)");
  }
  return names.empty() ? std::string{} : "down: " + names_text(names);
}

std::string unknown_text(const HealthFacts& facts) {
  std::vector<std::string> names;
  for (const std::string& group : facts.groups)
    if (facts.tracker.group(group) == State::unknown) names.push_back(printable(group));
  for (const std::string& host : facts.alone)
    if (facts.tracker.host(host) == State::unknown) names.push_back(printable(host));
  if (names.empty()) return {};
  for (const std::string& host : facts.hosts)
    if (const Result* cause = local_cause(facts, host))
      return fmt::format("state not known: {}: {}", names_text(names), why_text(*cause, nullptr));
  return {};
}

std::string members_text(const HealthFacts& facts, const std::string& group) {
  return fmt::format("{} of {} up", facts.tracker.up(group), facts.tracker.size(group));
}

}  // namespace multiping::command
