// Writes numbers as text with a decimal point and without thousands separators, in every locale.
// Streams follow the C++ locale and std::to_string(double) follows the C locale; these functions follow neither.
#pragma once

#include <string>

namespace multiping {

/// The shortest text that reads back as the same number: "0.5", "1234567". It has an exponent only from 10^21 on and
/// below 10^-6: "1e+300". Infinity is "inf", not-a-number is "nan".
[[nodiscard]] std::string number_text(double value);
/// The number with exactly `digits` digits after the point: "0.500".
[[nodiscard]] std::string fixed_text(double value, int digits);

}  // namespace multiping
