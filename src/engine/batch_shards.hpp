// A batch cut into shards, each with a schedule and a transport of its own, so that large batches use every core.
// The threads live only during run(); shards share no data.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "engine/batch_schedule.hpp"
#include "engine/probe_loop.hpp"
#include "engine/unique_targets.hpp"
#include "net/probe_transport.hpp"

namespace multiping::engine {

class Shards {
 public:
  /// Makes an object without shards: there is nothing to probe.
  Shards() = default;
  /// Cuts `destinations` into at most `most` runs of about the same length. The rate in `rules` holds for each shard;
  /// for one rate for all targets, `most` is 1. Without destinations there is one shard, for targets that join later.
  Shards(std::span<const TargetKey> destinations, std::size_t most, const Rules& rules);

  /// Opens the transport of each shard, which `open(table)` returns.
  template <class Open>
  void open(Open open) {
    for (Shard& shard : shards_) use(shard, open(shard.schedule.outcomes().table()));
  }
  /// As an object that was just made, with one destination and no rate, and whose transport was opened. To be called
  /// when that is what this object was made for, and its transport was released. Allocates nothing.
  void renew(const TargetKey& destination, std::unique_ptr<net::ProbeTransport> transport) {
    shards_.front().schedule.renew(destination);
    use(shards_.front(), std::move(transport));
  }

  [[nodiscard]] bool empty() const noexcept { return shards_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return shards_.size(); }
  [[nodiscard]] net::ProbeTransport& transport(std::size_t shard) const noexcept { return *shards_[shard].transport; }
  /// Gives the transport of a shard to the caller. After this, the shards must not be used any more.
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> release_transport(std::size_t shard) noexcept {
    return std::move(shards_[shard].transport);
  }

  /// Adds a target and returns its number, which may be that of a target that was retired long enough ago.
  std::uint32_t join(const TargetKey& destination, BatchSchedule::Joins joins);
  /// Stops probing these targets.
  void retire(std::span<const std::uint32_t> targets);

  void begin_round(Instant now);
  void end_round();
  /// Runs ProbeLoop::run() of each shard, in parallel; returns true when all shards have reached the goal.
  bool run(Goal goal, Instant deadline, const std::stop_token& stop);
  /// True when all shards have reached the goal. This function receives no packets.
  [[nodiscard]] bool has_reached(Goal goal) const noexcept;
  void time_out(const std::stop_token& stop);
  void reset();

  /// The record of a target, and the table that holds the record.
  struct Place {
    ProbeTable* table;
    TargetRecord* record;
  };
  [[nodiscard]] Place find(std::uint32_t target) noexcept;
  /// With Rules::tell_answers: the targets that were answered since the last call.
  [[nodiscard]] std::vector<std::uint32_t> take_answered();
  /// take_answered() has something.
  [[nodiscard]] bool has_answered() noexcept;
  /// The number of targets whose answer is not yet handed out.
  [[nodiscard]] std::size_t unreported() const noexcept;
  void all_reported() noexcept;
  /// ProbeTransport::wall_offset(); 0 without a shard.
  [[nodiscard]] Duration wall_offset() const noexcept;
  /// The earliest BatchSchedule::next_recovery() of all shards.
  [[nodiscard]] Instant next_recovery() const noexcept;
  [[nodiscard]] std::size_t awaited() const noexcept;
  [[nodiscard]] std::size_t unanswered() const noexcept;
  [[nodiscard]] Counters counters() const noexcept;

 private:
  struct Shard {
    explicit Shard(const Rules& rules) : schedule{rules} {}
    BatchSchedule schedule;
    std::unique_ptr<net::ProbeTransport> transport{};
    std::optional<ProbeLoop> loop{};  ///< Refers to the two members above, so a shard must not move after open().
    std::size_t first_size = 0;       ///< The number of its targets that were there from the start.
  };
  static void use(Shard& shard, std::unique_ptr<net::ProbeTransport> transport) {
    shard.transport = std::move(transport);
    shard.schedule.table().start_at(shard.transport->first_serial());
    shard.loop ? shard.loop->use(*shard.transport) : void(shard.loop.emplace(shard.schedule, *shard.transport));
  }
  /// The place of a target. Targets from the start are numbered shard by shard; later ones go to each shard in turn.
  struct Spot {
    std::size_t shard = 0;
    TargetIndex target = 0;
  };
  [[nodiscard]] Spot spot_of(std::uint32_t target) const noexcept;
  [[nodiscard]] std::uint32_t number_of(const Spot& spot) const noexcept;

  std::size_t length_ = 1;      ///< The number of targets in each shard but the last, at the start.
  std::size_t first_size_ = 0;  ///< The number of targets at the start.
  std::size_t joined_ = 0;      ///< How many targets joined with a new number.
  std::vector<Shard> shards_;
};

}  // namespace multiping::engine
