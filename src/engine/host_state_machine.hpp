// The health of one host: runs of good, bad and local rounds, and how often it changed.
// Pure: a round is an argument. See multiping/health.hpp for the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "multiping/health.hpp"

namespace multiping::engine {

/// What the results of a host in one round say together. Of several results the last in this order decides.
enum class RoundKind : std::uint8_t { left_out, local, bad, good };

/// A round of one host.
struct HostRound {
  RoundKind kind = RoundKind::left_out;
  std::uint16_t outcomes = 0;  ///< A bit for each Outcome of the results without an answer.
  std::uint16_t causes = 0;    ///< A bit for each Cause of them.

  void add(const Result& result) noexcept;
};

/// Rounds of one kind in a row.
struct Run {
  std::uint64_t length = 0;
  std::uint64_t first = 0, last = 0;       ///< Numbers of rounds; others of the run may be missing between them.
  std::uint16_t outcomes = 0, causes = 0;  ///< As in HostRound, of all its rounds.

  void add(const HostRound& round, std::uint64_t number) noexcept;
};

/// The last bits of a sequence: at most so many, and how many of them are set.
class BitWindow {
 public:
  void push(bool bit, std::size_t most);
  /// From now on push() has this limit: of more bits, the last are kept.
  void keep_last(std::size_t most);
  [[nodiscard]] std::size_t size() const noexcept { return bits_.size(); }
  [[nodiscard]] std::size_t set() const noexcept { return set_; }
  [[nodiscard]] std::string text() const;  ///< "0" and "1", the oldest first.

 private:
  std::vector<bool> bits_{};  ///< A ring once it is full.
  std::size_t oldest_ = 0;    ///< Where the oldest bit is, and the next will be.
  std::size_t set_ = 0;
};

/// The host's state machine.
class HostStateMachine {
 public:
  void observe(const HostRound& round, std::uint64_t number, const HealthOptions& options);
  [[nodiscard]] State state(const HealthOptions& options) const noexcept;
  /// Whether the next round alone can make it fall (or rise).
  [[nodiscard]] bool may_become(State next, const HealthOptions& options) const noexcept;
  [[nodiscard]] bool lossy(const HealthOptions& options) const noexcept;
  /// Why it has its state: "no answer in 3 rounds, 7 to 9: no-reply, cause remote".
  [[nodiscard]] std::string reason(const HealthOptions& options) const;

  State steady = State::unknown;    ///< What the runs have made it, but for flapping.
  bool flapping = false;            ///< Since changes exceeded flap_high.
  std::optional<bool> last_good{};  ///< The last round that was good or bad.
  Run good{}, bad{}, local{};       ///< The present runs.
  BitWindow changes{};              ///< For each of the last good or bad rounds: differs from the one before it.
  BitWindow losses{};               ///< For each of the last good or bad rounds: was bad.

 private:
  void count(bool was_good, const HealthOptions& options);
};

}  // namespace multiping::engine
