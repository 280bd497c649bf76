// A batch cut into slices, each with a session and a transport of its own, so that large batches use every core.
// The threads live only inside run(); nothing is shared between slices.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
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
  /// for each slice: who wants one for all cuts one slice.
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

  void begin_round();
  void end_round();
  /// Every slice's Driver::run(), side by side; true when all reached the goal.
  bool run(Goal goal, net::Instant deadline, const std::stop_token& stop);
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
  };
  std::size_t length_ = 1;  ///< Targets of each slice but the last.
  std::vector<Slice> slices_;
};

}  // namespace multiping::engine
