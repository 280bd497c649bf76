// A batch cut into slices, each with a session and a transport of its own, so that large batches use every core.
// The threads live only during run(); slices share no data.
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
  /// No slice, and nothing to probe.
  Slices() = default;
  /// Cuts `endpoints` into at most `most` runs of about the same length. The rate in `rules` holds for each slice; for
  /// one rate for all targets, `most` is 1. Without endpoints there is one slice, for targets that join later.
  Slices(std::span<const Endpoint> endpoints, std::size_t most, const Rules& rules);

  /// Opens the transport of each slice, which `open(table)` returns.
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

  /// Adds a target and returns its number, which may be that of a target that was retired long enough ago.
  std::uint32_t join(const Endpoint& endpoint, Session::Joins joins);
  /// Stops probing these targets.
  void retire(std::span<const std::uint32_t> targets);

  void begin_round();
  void end_round();
  /// Runs Driver::run() of each slice, in parallel; returns true when all slices have reached the goal.
  bool run(Goal goal, net::Instant deadline, const std::stop_token& stop);
  /// Without looking whether anything has arrived.
  [[nodiscard]] bool has_reached(Goal goal) const noexcept;
  void time_out(const std::stop_token& stop);
  void reset();

  /// The record of a target, and the table that holds the record.
  struct Place {
    ProbeTable* table;
    TargetRecord* record;
  };
  [[nodiscard]] Place find(std::uint32_t target) noexcept;
  /// The number of targets whose answer is not yet handed out.
  [[nodiscard]] std::size_t unreported() const noexcept;
  void all_reported() noexcept;
  /// The earliest Session::next_recovery() of all slices.
  [[nodiscard]] net::Instant next_recovery() const noexcept;
  [[nodiscard]] std::size_t awaited() const noexcept;
  [[nodiscard]] Counters counters() const noexcept;

 private:
  struct Slice {
    explicit Slice(const Rules& rules) : session{rules} {}
    Session session;
    std::unique_ptr<net::ProbeTransport> transport{};
    std::optional<Driver> driver{};  ///< Refers to the two members above, so a slice must not move after open().
    std::size_t first_size = 0;      ///< The number of its targets that were there from the start.
  };
  /// The place of a target. Targets from the start are numbered slice by slice; later ones go to each slice in turn.
  struct Spot {
    std::size_t slice = 0;
    TargetIndex target = 0;
  };
  [[nodiscard]] Spot spot_of(std::uint32_t target) const noexcept;
  [[nodiscard]] std::uint32_t number_of(const Spot& spot) const noexcept;

  std::size_t length_ = 1;      ///< The number of targets in each slice but the last, at the start.
  std::size_t first_size_ = 0;  ///< The number of targets at the start.
  std::size_t joined_ = 0;      ///< How many targets joined with a new number.
  std::vector<Slice> slices_;
};

}  // namespace multiping::engine
