// Numbers as text: with a point, and without separators of thousands, whatever locale the program has.
// Streams follow the C++ locale and std::to_string(double) that of C; what this library writes follows neither.
#pragma once

#include <string>

namespace multiping {

/// The shortest text that reads back as the same number: "0.5", "1234567"; with an exponent only from 10^21 on, and
/// below 10^-6: "1e+300". "inf" and "nan" are what they are called.
[[nodiscard]] std::string number_text(double value);
/// With so many digits after the point: "0.500".
[[nodiscard]] std::string fixed_text(double value, int digits);

}  // namespace multiping
