// Mode::once: which attempts of each target are under way, whether there is another, and when a target is given up.
// Pure: it sends nothing and reads no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace multiping::command {

class AttemptTable {
 public:
  using Token = std::uint64_t;  ///< As Prober::Token.

  /// Each target has `retry` + 1 attempts.
  AttemptTable(std::size_t targets, int retry) : targets_(targets), most_{static_cast<std::uint32_t>(retry) + 1} {}

  /// True while the target is undecided and has an attempt left.
  [[nodiscard]] bool has_another(std::size_t target) const noexcept {
    return !targets_[target].decided && targets_[target].made < most_;
  }
  /// Counts an attempt that was submitted, and returns its number, from 1.
  std::uint32_t add(std::size_t target, Token token);
  /// An attempt ended without an answer. Returns true when the target is given up by that: no attempt is left or under
  /// way. It is decided then.
  [[nodiscard]] bool end(std::size_t target, Token token) noexcept;
  /// The target is decided, by an answer or since it cannot be asked. Returns its attempts that are under way.
  std::vector<Token> decide(std::size_t target) noexcept;

  [[nodiscard]] bool is_decided(std::size_t target) const noexcept { return targets_[target].decided; }
  [[nodiscard]] std::uint32_t made(std::size_t target) const noexcept { return targets_[target].made; }
  [[nodiscard]] std::size_t undecided() const noexcept { return targets_.size() - decided_; }

 private:
  struct State {
    std::vector<Token> under_way{};
    std::uint32_t made = 0;
    bool decided = false;
  };

  std::vector<State> targets_;
  std::uint32_t most_;
  std::size_t decided_ = 0;
};

}  // namespace multiping::command
