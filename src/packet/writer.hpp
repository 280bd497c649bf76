// Writes big-endian fields into a buffer of fixed size; the counterpart of reader.hpp.
// A write past the end writes nothing and is remembered.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace multiping::packet {

/// A cursor over a buffer that it does not own. After the first write past the end every write fails.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> buffer) noexcept : rest_(buffer) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }                         ///< No write went past the end.
  [[nodiscard]] std::span<std::uint8_t> rest() const noexcept { return rest_; }  ///< The room that is left.
  [[nodiscard]] std::size_t remaining() const noexcept { return rest_.size(); }

  void u8(std::uint8_t value) noexcept { bytes(std::array{value}); }

  void u16(std::uint16_t value) noexcept {
    bytes(std::array{static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
  }

  void u32(std::uint32_t value) noexcept {
    bytes(std::array{static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
                     static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
  }

  void u64(std::uint64_t value) noexcept {
    const auto octet = [value](int shift) { return static_cast<std::uint8_t>(value >> shift); };
    bytes(std::array{octet(56), octet(48), octet(40), octet(32), octet(24), octet(16), octet(8), octet(0)});
  }

  /// Writes all of `source`, or nothing where it does not fit.
  void bytes(std::span<const std::uint8_t> source) noexcept {
    if (!fits(source.size()) || source.empty()) return;
    std::memcpy(take(source.size()).data(), source.data(), source.size());
  }

  void fill(std::size_t count, std::uint8_t value) noexcept {
    if (fits(count)) std::ranges::fill(take(count), value);
  }

 private:
  bool fits(std::size_t count) noexcept {
    if (count <= rest_.size()) return true;
    rest_ = {};
    return ok_ = false;
  }

  std::span<std::uint8_t> take(std::size_t count) noexcept {
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::span<std::uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace multiping::packet
