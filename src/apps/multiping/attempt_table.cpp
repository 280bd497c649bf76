// See attempt_table.hpp.
#include "apps/multiping/attempt_table.hpp"

#include <utility>

namespace multiping::command {

std::uint32_t AttemptTable::add(std::size_t target, Token token) {
  State& state = targets_[target];
  state.under_way.push_back(token);
  return ++state.made;
}

bool AttemptTable::end(std::size_t target, Token token) noexcept {
  State& state = targets_[target];
  std::erase(state.under_way, token);
  if (state.decided || state.made < most_ || !state.under_way.empty()) return false;
  decide(target);
  return true;
}

std::vector<AttemptTable::Token> AttemptTable::decide(std::size_t target) noexcept {
  State& state = targets_[target];
  if (!std::exchange(state.decided, true)) ++decided_;
  return std::exchange(state.under_way, {});
}

}  // namespace multiping::command
