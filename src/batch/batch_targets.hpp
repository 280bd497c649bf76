// The positions of a batch, the target of each position, and the results that the caller gets.
// A position may get another target while the batch lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "batch/batch_plan.hpp"
#include "batch/silence_causes.hpp"
#include "batch/target_address_choice.hpp"
#include "engine/batch_shards.hpp"
#include "engine/target_key_index.hpp"
#include "engine/unique_targets.hpp"
#include "multiping/result.hpp"

namespace multiping {

class BatchTargets {
 public:
  using Joins = engine::BatchSchedule::Joins;

  /// Takes over the results and the table of unique targets of a plan. The plan's destinations go to shards().
  void take(BatchPlan& plan);
  /// As an object with one position, which was just made: the position has another host and another target. To be
  /// called when there was one of each from the start. shards() follow.
  void renew(Result result);
  [[nodiscard]] engine::Shards& shards() noexcept { return shards_; }
  [[nodiscard]] const engine::Shards& shards() const noexcept { return shards_; }
  [[nodiscard]] const std::vector<Result>& results() const noexcept { return results_; }

  /// True when `found` differs from what is known of its position. A failed lookup does not change a known address.
  [[nodiscard]] bool is_news(const FoundName& found) const noexcept;
  /// Gives these positions the addresses that were found. Where an address is a target already, the position shares its
  /// fate; otherwise it is pending and unsent. shards() must not be empty when any of them is to be probed.
  void adopt(std::span<const FoundName> found, Joins joins);
  /// The kinds of target that there are after adopt(found): one destination for each family and profile. `found` is in
  /// the order of positions.
  [[nodiscard]] std::vector<engine::TargetKey> kinds_with(std::span<const FoundName> found);

  /// Copies what has changed into the results. False when a stop ends this before all is copied.
  bool publish(const std::stop_token& stop = {});
  /// Writes the causes of silent targets to their results, which are up to date. `profiles` are by number; `since` is
  /// when they were first probed. Throws std::bad_alloc: causes that were not found are then unknown.
  void explain(std::span<const ProbeOptions> profiles, Instant since, SilenceCauses& causes);
  /// Some time before silent targets time out, at `until`: calls their gateways, where that tells the cause. Throws
  /// std::bad_alloc.
  void look_ahead(std::span<const ProbeOptions> profiles, Instant since, Instant until, SilenceCauses& causes);
  /// With Rules::tell_answers: the positions that were answered since the last call, whose results are now up to date.
  /// Not to be mixed with new_batch().
  [[nodiscard]] std::vector<std::size_t> take_answered();
  /// All unanswered results, and the answers that are new since the last call. Call publish() first.
  [[nodiscard]] Batch new_batch();
  [[nodiscard]] std::vector<Result> release() noexcept { return std::move(results_); }
  /// The result of the first position, moved out of a list that keeps its memory.
  [[nodiscard]] Result release_first() noexcept { return std::move(results_.front()); }
  /// Forgets every answer.
  void reset();

  [[nodiscard]] std::size_t unanswered() const noexcept;
  [[nodiscard]] std::size_t awaited() noexcept;
  /// True when new_batch() has new answers.
  [[nodiscard]] bool has_news() const noexcept { return shards_.unreported() > 0 || !answered_late_.empty(); }

 private:
  /// The place of a position's target; null pointers when it has none.
  [[nodiscard]] engine::Shards::Place find(std::size_t position) noexcept;
  [[nodiscard]] engine::TargetKey destination_of(std::uint32_t target) noexcept;
  [[nodiscard]] std::vector<SilenceCauses::Answer> answers_since(std::span<const ProbeOptions> profiles, Instant since);
  void index_targets();
  void index_positions();
  void settle(const FoundName& found, Joins joins);
  [[nodiscard]] std::uint32_t target_of(const engine::TargetKey& destination, Joins joins);
  void retire_unused(std::vector<std::uint32_t> targets);
  [[nodiscard]] bool is_fresh(std::size_t position, const engine::TargetRecord* record) const noexcept;
  [[nodiscard]] std::size_t fresh_answers() noexcept;

  std::vector<Result> results_;
  engine::UniqueTargets unique_targets_{};
  engine::Shards shards_;
  std::optional<engine::TargetKeyIndex> index_{};         ///< All targets by destination; made by adopt().
  std::vector<std::vector<std::uint32_t>> positions_of_;  ///< By target; made by take_answered() for a list that is
                                                          ///< not one to one, and empty after adopt().
  std::vector<std::uint32_t> answered_late_;  ///< Ascending: positions that got a target that was answered before.
};

}  // namespace multiping
