// Reads big-endian fields from received bytes; the library's parsers read such bytes only through this class.
// A read past the end returns zeros and is remembered, so a parser reads a whole header and asks ok() once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace multiping::packet {

/// A cursor over bytes that it does not own. After the first read past the end every read fails.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }  ///< Nothing was read past the end.
  [[nodiscard]] std::span<const std::uint8_t> rest() const noexcept { return rest_; }  ///< The unread bytes.
  [[nodiscard]] std::size_t remaining() const noexcept { return rest_.size(); }

  std::uint8_t u8() noexcept { return octets<1>()[0]; }

  std::uint16_t u16() noexcept {
    const auto b = octets<2>();
    return static_cast<std::uint16_t>(b[0] << 8 | b[1]);
  }

  std::uint32_t u32() noexcept {
    const auto high = u16();  // a variable, so that the order of evaluation is fixed
    return static_cast<std::uint32_t>(high) << 16 | u16();
  }

  /// Returns the next `count` bytes; none when there are fewer.
  std::span<const std::uint8_t> bytes(std::size_t count) noexcept {
    if (count > rest_.size()) {
      rest_ = {};
      ok_ = false;
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  /// Returns a copy of the next `Count` bytes; zeros when there are fewer.
  template <std::size_t Count>
  std::array<std::uint8_t, Count> octets() noexcept {
    std::array<std::uint8_t, Count> copy{};
    const auto taken = bytes(Count);
    if (taken.size() == Count) std::memcpy(copy.data(), taken.data(), Count);  // of a constant size: one load
    return copy;
  }

  void skip(std::size_t count) noexcept { static_cast<void>(bytes(count)); }

 private:
  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace multiping::packet
