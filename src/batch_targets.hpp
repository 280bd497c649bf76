// The positions of a batch, the target of each position, and the results that the caller gets.
// A position may get another target while the batch lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "batch_plan.hpp"
#include "engine/endpoint_index.hpp"
#include "engine/roster.hpp"
#include "engine/slices.hpp"
#include "multiping/result.hpp"
#include "name_choice.hpp"

namespace multiping {

class BatchTargets {
 public:
  using Joins = engine::Session::Joins;

  /// Takes over the results and the roster of a plan. The plan's endpoints go to slices().
  void take(BatchPlan& plan);
  [[nodiscard]] engine::Slices& slices() noexcept { return slices_; }
  [[nodiscard]] const engine::Slices& slices() const noexcept { return slices_; }
  [[nodiscard]] const std::vector<Result>& results() const noexcept { return results_; }

  /// True when `found` differs from what is known of its position. A failed lookup does not change a known address.
  [[nodiscard]] bool is_news(const FoundName& found) const noexcept;
  /// Gives these positions the addresses that were found. Where an address is a target already, the position shares its
  /// fate; otherwise it is pending and unsent. slices() must not be empty when any of them is to be probed.
  void adopt(std::span<const FoundName> found, Joins joins);
  /// The kinds of target that there are after adopt(found): one endpoint for each family and shape. `found` is in the
  /// order of positions.
  [[nodiscard]] std::vector<engine::Endpoint> kinds_with(std::span<const FoundName> found);

  /// Copies what has changed into the results. False when a stop ends this before all is copied.
  bool publish(const std::stop_token& stop = {});
  /// All unanswered results, and the answers that are new since the last call. Call publish() first.
  [[nodiscard]] Batch new_batch();
  [[nodiscard]] std::vector<Result> release() noexcept { return std::move(results_); }
  /// Forgets every answer.
  void reset();

  [[nodiscard]] std::size_t unanswered() const noexcept;
  [[nodiscard]] std::size_t awaited() noexcept;
  /// True when new_batch() has new answers.
  [[nodiscard]] bool has_news() const noexcept { return slices_.unreported() > 0 || !answered_late_.empty(); }

 private:
  /// The place of a position's target; null pointers when it has none.
  [[nodiscard]] engine::Slices::Place find(std::size_t position) noexcept;
  [[nodiscard]] engine::Endpoint endpoint_of(std::uint32_t target) noexcept;
  void index_targets();
  void settle(const FoundName& found, Joins joins);
  [[nodiscard]] std::uint32_t target_of(const engine::Endpoint& endpoint, Joins joins);
  void retire_unused(std::vector<std::uint32_t> targets);
  [[nodiscard]] bool is_fresh(std::size_t position, const engine::TargetRecord* record) const noexcept;
  [[nodiscard]] std::size_t fresh_answers() noexcept;

  std::vector<Result> results_;
  engine::Roster roster_{};
  engine::Slices slices_;
  std::optional<engine::EndpointIndex> index_{};  ///< All targets by endpoint; made by adopt().
  std::vector<std::uint32_t> answered_late_;      ///< Ascending: positions that got a target that was answered before.
};

}  // namespace multiping
