// Copies fates from targets to positions, and gives positions other targets when their names change.
// See batch/batch_targets.hpp.
#include "batch/batch_targets.hpp"

#include <algorithm>
#include <utility>

#include "batch/outcome_to_result.hpp"
#include "os/clock.hpp"

namespace multiping {

using engine::TargetKey;
using engine::TargetRecord;
using engine::UniqueTargets;

namespace {

/// After how many positions publish() checks for a stop.
constexpr std::size_t stop_stride = 4096;
/// So many targets that answered are enough to tell which gateways are alive.
constexpr std::size_t most_answers = 128;

}  // namespace

void BatchTargets::take(BatchPlan& plan) {
  results_ = std::move(plan.results);
  unique_targets_ = std::move(plan.unique_targets);
}

void BatchTargets::renew(Result result) { results_.front() = std::move(result); }

engine::Shards::Place BatchTargets::find(std::size_t position) noexcept {
  const std::uint32_t target = unique_targets_.target_of(position);
  return target == UniqueTargets::no_target ? engine::Shards::Place{} : shards_.find(target);
}

TargetKey BatchTargets::destination_of(std::uint32_t target) noexcept {
  const TargetRecord& record = *shards_.find(target).record;
  return {.address = record.address, .profile = record.profile, .ttl_asked = record.ttl_asked};
}

bool BatchTargets::is_news(const FoundName& found) const noexcept {
  const Result& known = results_[found.at.position];
  if (found.choice.unknown() && known.address) return false;
  if (found.choice.address != known.address) return true;
  const bool probed = unique_targets_.target_of(found.at.position) != UniqueTargets::no_target;
  if (probed != (found.choice.outcome == Outcome::pending)) return true;
  return !probed && (found.choice.outcome != known.outcome || found.choice.error != known.error);
}

void BatchTargets::index_targets() {
  // Each position has at most one target, and may get another one before the old ones are retired.
  index_.emplace(2 * results_.size());
  const auto known = [this](std::uint32_t target) { return destination_of(target); };
  for (std::size_t i = 0; i < results_.size(); ++i)
    if (const std::uint32_t target = unique_targets_.target_of(i); target != UniqueTargets::no_target)
      index_->find_or_add(destination_of(target), target, known);
}

std::uint32_t BatchTargets::target_of(const TargetKey& destination, Joins joins) {
  const auto known = [this](std::uint32_t target) { return destination_of(target); };
  const std::uint32_t target = index_->find(destination, known);
  return target != UniqueTargets::no_target ? target
                                            : index_->find_or_add(destination, shards_.join(destination, joins), known);
}

void BatchTargets::adopt(std::span<const FoundName> found, Joins joins) {
  if (found.empty()) return;
  if (!index_) index_targets();
  positions_of_.clear();
  std::vector<std::uint32_t> left;
  for (const FoundName& each : found) {
    const std::uint32_t before = unique_targets_.target_of(each.at.position);
    if (before != UniqueTargets::no_target) left.push_back(before);
    settle(each, joins);
  }
  std::ranges::sort(answered_late_);
  if (!left.empty()) retire_unused(std::move(left));
}

void BatchTargets::settle(const FoundName& found, Joins joins) {
  const std::uint32_t position = found.at.position;
  const AddressChoice& choice = found.choice;
  const bool probed = choice.outcome == Outcome::pending;
  const std::uint32_t target = probed ? target_of(found.destination(), joins) : UniqueTargets::no_target;
  unique_targets_.assign(position, target, results_.size());
  const auto [table, record] = find(position);
  Result& result = results_[position];
  copy_outcome(probed ? *record : TargetRecord{}, probed ? table->find_detail(*record) : nullptr, shards_.wall_offset(),
               result);
  result.address = choice.address;
  if (!probed) {
    result.outcome = choice.outcome;
    result.cause = engine::has_cause(choice.outcome) ? Cause::unknown : Cause::none;
    result.error = choice.error;
    result.at = os::wall_now();
  } else if (record->answered() && !record->unreported) {
    answered_late_.push_back(position);
  }
}

void BatchTargets::retire_unused(std::vector<std::uint32_t> targets) {
  std::ranges::sort(targets);
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  std::vector<bool> used(targets.size());
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const auto place = std::ranges::lower_bound(targets, unique_targets_.target_of(i));
    if (place != targets.end() && *place == unique_targets_.target_of(i))
      used[static_cast<std::size_t>(place - targets.begin())] = true;
  }
  std::vector<std::uint32_t> unused;
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (!used[i]) unused.push_back(targets[i]);
  if (unused.empty()) return;
  shards_.retire(unused);
  index_.reset();
}

std::vector<TargetKey> BatchTargets::kinds_with(std::span<const FoundName> found) {
  std::vector<TargetKey> kinds;
  std::vector<bool> seen;
  const auto note = [&](const TargetKey& destination) {
    const std::size_t kind =
        destination.profile * std::size_t{2} + (destination.address.family() == Family::ipv6 ? 1U : 0U);
    if (kind >= seen.size()) seen.resize(kind + 1);
    if (!seen[kind]) kinds.push_back(destination);
    seen[kind] = true;
  };
  auto next = found.begin();
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (next != found.end() && next->at.position == i) {
      if (next->choice.outcome == Outcome::pending) note(next->destination());
      ++next;
    } else if (const std::uint32_t target = unique_targets_.target_of(i); target != UniqueTargets::no_target) {
      note(destination_of(target));
    }
  }
  return kinds;
}

/// A target counts as unchanged only after all its positions have copied it.
bool BatchTargets::publish(const std::stop_token& stop) {
  const Duration wall_offset = shards_.wall_offset();
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (i % stop_stride == 0 && stop.stop_requested()) return false;
    const auto [table, record] = find(i);
    if (record == nullptr || !record->changed) continue;
    copy_outcome(*record, table->find_detail(*record), wall_offset, results_[i]);
    if (unique_targets_.one_to_one()) record->changed = false;
  }
  for (std::size_t i = 0; i < results_.size() && !unique_targets_.one_to_one(); ++i)
    if (const auto place = find(i); place.record != nullptr) place.record->changed = false;
  return true;
}

/// Targets that answered since then, spread over the list.
std::vector<SilenceCauses::Answer> BatchTargets::answers_since(std::span<const ProbeOptions> profiles, Instant since) {
  std::vector<SilenceCauses::Answer> answers;
  const std::size_t step = 1 + results_.size() / most_answers;
  for (std::size_t i = 0; i < results_.size() && answers.size() < most_answers; i += step) {
    const TargetRecord* const record = find(i).record;
    if (record != nullptr && record->answered() && record->at() >= since)
      answers.push_back({.from = record->address, .probe = &profiles[record->profile], .at = record->at()});
  }
  return answers;
}

void BatchTargets::explain(std::span<const ProbeOptions> profiles, Instant since, SilenceCauses& causes) {
  net::ProbeTransport& transport = shards_.transport(0);
  const auto silent = std::ranges::count_if(results_, engine::has_cause, &Result::outcome);
  if (silent == 0) return;
  if (causes.begin(transport, static_cast<std::size_t>(silent))) causes.set_answers(answers_since(profiles, since));
  const Duration asked = transport.now() - since;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (!engine::has_cause(results_[i].outcome)) continue;
    if (const TargetRecord* const record = find(i).record; record != nullptr)
      causes.explain(profiles[record->profile], asked, results_[i]);
  }
}

void BatchTargets::look_ahead(std::span<const ProbeOptions> profiles, Instant since, Instant until,
                              SilenceCauses& causes) {
  net::ProbeTransport& transport = shards_.transport(0);
  causes.begin_look(transport, {.expected = shards_.unanswered(), .until = until});
  causes.set_answers(answers_since(profiles, since));
  const Duration asked = transport.now() - since;
  for (std::size_t i = 0; i < results_.size(); i += 1 + results_.size() / enough_silent_targets) {
    const TargetRecord* const record = find(i).record;
    if (record == nullptr || record->attempt == 0) continue;
    if (record->outcome != Outcome::pending && record->outcome != Outcome::no_reply) continue;
    causes.look_ahead({.to = record->address, .probe = profiles[record->profile], .asked = asked});
  }
}

void BatchTargets::index_positions() {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const std::uint32_t target = unique_targets_.target_of(i);
    if (target == UniqueTargets::no_target) continue;
    if (target >= positions_of_.size()) positions_of_.resize(target + std::size_t{1});
    positions_of_[target].push_back(static_cast<std::uint32_t>(i));
  }
}

std::vector<std::size_t> BatchTargets::take_answered() {
  const auto targets = shards_.take_answered();
  const auto late = std::exchange(answered_late_, {});
  std::vector<std::size_t> positions{late.begin(), late.end()};
  if (unique_targets_.one_to_one()) {
    positions.insert(positions.end(), targets.begin(), targets.end());
  } else if (!targets.empty()) {
    if (positions_of_.empty()) index_positions();
    for (const std::uint32_t target : targets)
      positions.insert(positions.end(), positions_of_[target].begin(), positions_of_[target].end());
  }
  const Duration wall_offset = positions.empty() ? Duration{} : shards_.wall_offset();
  for (const std::size_t position : positions) {
    const auto [table, record] = find(position);
    copy_outcome(*record, table->find_detail(*record), wall_offset, results_[position]);
  }
  return positions;
}

bool BatchTargets::is_fresh(std::size_t position, const TargetRecord* record) const noexcept {
  if (record == nullptr) return false;
  return record->unreported || std::ranges::binary_search(answered_late_, static_cast<std::uint32_t>(position));
}

Batch BatchTargets::new_batch() {
  Batch batch;
  batch.no_responses.reserve(unanswered());
  batch.responses.reserve(fresh_answers());
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (!results_[i].answered()) {
      batch.no_responses.push_back(results_[i]);
    } else if (TargetRecord* const record = find(i).record; is_fresh(i, record)) {
      batch.responses.push_back(results_[i]);
    }
  }
  // Only now, after the copies: if memory runs out above, the next call hands out the same answers again.
  for (std::size_t i = 0; i < results_.size() && shards_.unreported() > 0; ++i)
    if (const auto place = find(i); place.record != nullptr) place.record->unreported = false;
  shards_.all_reported();
  answered_late_.clear();
  return batch;
}

/// How many positions were answered since the last new_batch().
std::size_t BatchTargets::fresh_answers() noexcept {
  if (unique_targets_.one_to_one()) return shards_.unreported();
  std::size_t count = 0;
  for (std::size_t i = 0; i < results_.size(); ++i)
    if (is_fresh(i, find(i).record)) ++count;
  return count;
}

void BatchTargets::reset() {
  shards_.reset();
  answered_late_.clear();
  publish();
}

std::size_t BatchTargets::unanswered() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(results_, [](const Result& result) { return !result.answered(); }));
}

std::size_t BatchTargets::awaited() noexcept {
  if (unique_targets_.one_to_one()) return shards_.awaited();
  std::size_t count = 0;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const auto place = find(i);
    if (place.record != nullptr && place.record->awaited) ++count;
  }
  return count;
}

}  // namespace multiping
