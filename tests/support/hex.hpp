// Packets in tests are written as annotated hex: hex("45 00 002c" /* version, TOS, length */ ...).
// For tests only.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace multiping::test {

using Bytes = std::vector<std::uint8_t>;

inline unsigned hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  throw std::invalid_argument("hex(): not a lower-case hexadecimal digit");
}

/// The bytes that pairs of lower-case hexadecimal digits spell, white space between them as one likes.
inline Bytes hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' || text[i] == '\n') continue;
    if (i + 1 == text.size()) throw std::invalid_argument("hex(): half a byte");
    bytes.push_back(static_cast<std::uint8_t>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1])));
    ++i;
  }
  return bytes;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace multiping::test
