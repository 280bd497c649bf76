// The positions of a batch, the targets that they stand for, and what the caller is told of them.
// A position may come to stand for another target while the batch lives.
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

  /// Takes over results and roster of a plan; `slices` have its endpoints.
  void take(BatchPlan& plan);
  [[nodiscard]] engine::Slices& slices() noexcept { return slices_; }
  [[nodiscard]] const engine::Slices& slices() const noexcept { return slices_; }
  [[nodiscard]] const std::vector<Result>& results() const noexcept { return results_; }

  /// Differs from what is known of its position. A lookup that failed says nothing against an address that was found
  /// before.
  [[nodiscard]] bool is_news(const FoundName& found) const noexcept;
  /// From now on these positions are what was found: those of an address that is a target already share its fate, the
  /// others' are pending and unsent. There are slices where any of them is to be probed.
  void adopt(std::span<const FoundName> found, Joins joins);
  /// What would be probed with these, which come in the order of positions: one endpoint for each family and shape.
  [[nodiscard]] std::vector<engine::Endpoint> kinds_with(std::span<const FoundName> found);

  /// Copies what has changed into the results; false where a stop ends it before all is copied.
  bool publish(const std::stop_token& stop = {});
  /// What is new since the last such call, after publish().
  [[nodiscard]] Batch new_batch();
  [[nodiscard]] std::vector<Result> release() noexcept { return std::move(results_); }
  /// Forgets every answer.
  void reset();

  [[nodiscard]] std::size_t unanswered() const noexcept;
  [[nodiscard]] std::size_t awaited() noexcept;
  /// Something waits to be handed out.
  [[nodiscard]] bool has_news() const noexcept { return slices_.unreported() > 0 || !answered_late_.empty(); }

 private:
  /// The place of a position's target; null where it has none.
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
  std::optional<engine::EndpointIndex> index_{};  ///< Of all targets, once a position was found anew.
  std::vector<std::uint32_t> answered_late_;      ///< Ascending: positions that came to an answer that others had.
};

}  // namespace multiping
