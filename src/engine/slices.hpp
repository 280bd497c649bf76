// A batch cut into slices, each with a session and a transport of its own, so that large batches use every core.
// The threads live only inside run(); nothing is shared between slices.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "engine/driver.hpp"
#include "engine/roster.hpp"
#include "engine/session.hpp"
#include "net/transport.hpp"

namespace multiping::engine {

class Slices {
 public:
  /// Nothing to probe.
  Slices() = default;
  /// Cuts `endpoints` into at most `most` runs of about the same length. A rate in `rules` holds
  /// for each slice: who wants one for all cuts one slice. Without endpoints there is one, for targets that come later.
  Slices(std::span<const Endpoint> endpoints, std::size_t most, const Rules& rules);

  /// Opens the transport of each slice: `open(table)` gives it.
  template <class Open>
  void open(Open open) {
    for (Slice& slice : slices_) {
      slice.transport = open(slice.session.fates().table());
      slice.driver.emplace(slice.session, *slice.transport);
    }
  }

  [[nodiscard]] bool empty() const noexcept { return slices_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return slices_.size(); }
  [[nodiscard]] net::ProbeTransport& transport(std::size_t slice) const noexcept { return *slices_[slice].transport; }
  /// No more is done after this.
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> release_transport(std::size_t slice) noexcept {
    return std::move(slices_[slice].transport);
  }

  /// A further target, whose number may be that of one that was retired long enough ago.
  std::uint32_t join(const Endpoint& endpoint, Session::Joins joins);
  /// Nobody asks for these targets any more.
  void retire(std::span<const std::uint32_t> targets);

  void begin_round();
  void end_round();
  /// Every slice's Driver::run(), side by side; true when all reached the goal.
  bool run(Goal goal, net::Instant deadline, const std::stop_token& stop);
  /// Without looking whether anything has arrived.
  [[nodiscard]] bool has_reached(Goal goal) const noexcept;
  void time_out(const std::stop_token& stop);
  void reset();

  /// The record of a target, and the table that it stands in.
  struct Place {
    ProbeTable* table;
    TargetRecord* record;
  };
  [[nodiscard]] Place find(std::uint32_t target) noexcept;
  /// Targets whose answer was not handed out yet, and when the next repetition for dropped answers is due.
  [[nodiscard]] std::size_t unreported() const noexcept;
  void all_reported() noexcept;
  [[nodiscard]] net::Instant next_recovery() const noexcept;
  [[nodiscard]] std::size_t awaited() const noexcept;
  [[nodiscard]] Counters counters() const noexcept;

 private:
  struct Slice {
    explicit Slice(const Rules& rules) : session{rules} {}
    Session session;
    std::unique_ptr<net::ProbeTransport> transport{};
    std::optional<Driver> driver{};  ///< Of these two: a slice stays where it is from open() on.
    std::size_t first_size = 0;      ///< Of its targets, those that were there from the start.
  };
  /// Where a target is: targets from the start are numbered slice by slice, later ones go round the slices in turn.
  struct Spot {
    std::size_t slice = 0;
    TargetIndex target = 0;
  };
  [[nodiscard]] Spot spot_of(std::uint32_t target) const noexcept;
  [[nodiscard]] std::uint32_t number_of(const Spot& spot) const noexcept;

  std::size_t length_ = 1;      ///< Targets of each slice but the last, at the start.
  std::size_t first_size_ = 0;  ///< Targets at the start.
  std::size_t joined_ = 0;      ///< Numbers that were new when a target joined.
  std::vector<Slice> slices_;
};

}  // namespace multiping::engine
