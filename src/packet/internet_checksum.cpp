// Adds 16-bit words as they lie in memory, four at a time, and converts the sum to network order once, at the end.
// See internet_checksum.hpp.
#include "packet/internet_checksum.hpp"

#include <bit>
#include <cstring>

namespace multiping::packet {

namespace {

// One's complement addition: a carry out of the 64 bits is added at the bottom.
std::uint64_t add_with_carry(std::uint64_t sum, std::uint64_t value) noexcept {
  sum += value;
  return sum + (sum < value ? 1U : 0U);
}

std::uint16_t network_order(std::uint16_t word) noexcept {
  if constexpr (std::endian::native == std::endian::big) return word;
  return static_cast<std::uint16_t>(word << 8 | word >> 8);
}

std::uint16_t fold(std::uint64_t sum) noexcept {
  sum = (sum >> 32) + (sum & 0xFFFFFFFFU);
  sum = (sum >> 32) + (sum & 0xFFFFFFFFU);
  sum = (sum >> 16) + (sum & 0xFFFFU);
  sum = (sum >> 16) + (sum & 0xFFFFU);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

void Checksum::add(std::span<const std::uint8_t> bytes) noexcept {
  auto sum = sum_;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t words = 0;
    std::memcpy(&words, bytes.data(), sizeof words);
    sum = add_with_carry(sum, words);
    bytes = bytes.subspan(sizeof words);
  }
  std::uint64_t tail = 0;
  if (!bytes.empty()) std::memcpy(&tail, bytes.data(), bytes.size());
  sum_ = add_with_carry(sum, tail);
}

void Checksum::add_u16(std::uint16_t word) noexcept { sum_ = add_with_carry(sum_, network_order(word)); }

void Checksum::add_u32(std::uint32_t words) noexcept {
  add_u16(static_cast<std::uint16_t>(words >> 16));
  add_u16(static_cast<std::uint16_t>(words));
}

void Checksum::add_pseudo_header(const Address& source, const Address& destination, std::uint32_t length,
                                 std::uint8_t protocol) noexcept {
  add(source.bytes());
  add(destination.bytes());
  add_u32(length);
  add_u32(protocol);
}

std::uint16_t Checksum::value() const noexcept { return network_order(static_cast<std::uint16_t>(~fold(sum_))); }

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) noexcept {
  Checksum checksum;
  checksum.add(bytes);
  return checksum.value();
}

}  // namespace multiping::packet
