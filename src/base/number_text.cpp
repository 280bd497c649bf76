// Uses std::to_chars, which ignores every locale.
// See base/number_text.hpp.
#include "base/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

namespace multiping {
namespace {

/// Room for all digits of a double before the point, a sign, the point, and the digits that callers want after it.
constexpr std::size_t longest_number = std::numeric_limits<double>::max_exponent10 + 64;
constexpr double plain_from = 1e-6, plain_below = 1e21;

template <class... Form>
std::string written(double value, Form... form) {
  std::array<char, longest_number> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, form...).ptr;
  return {text.data(), end};
}

}  // namespace

std::string number_text(double value) {
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= plain_from && size < plain_below);
  return plain ? written(value, std::chars_format::fixed) : written(value);
}

std::string fixed_text(double value, int digits) { return written(value, std::chars_format::fixed, digits); }

}  // namespace multiping
