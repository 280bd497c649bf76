// Follows the paper "SipHash: a fast short-input PRF".
// See siphash.hpp.
#include "packet/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace multiping::packet {

namespace {

// Reads the first `count` bytes at `bytes`, the least significant first.
std::uint64_t little_endian(const std::uint8_t* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes, count);
  } else {
    for (std::size_t i = 0; i < count; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  }
  return word;
}

class State {
 public:
  explicit State(const SipKey& key) noexcept {
    const auto k0 = little_endian(key.bytes.data(), 8);
    const auto k1 = little_endian(key.bytes.data() + 8, 8);
    v0_ = k0 ^ 0x736F6D6570736575U;
    v1_ = k1 ^ 0x646F72616E646F6DU;
    v2_ = k0 ^ 0x6C7967656E657261U;
    v3_ = k1 ^ 0x7465646279746573U;
  }

  void compress(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }

  std::uint64_t finalize() noexcept {
    v2_ ^= 0xFFU;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_, v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_, v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> message) noexcept {
  State state{key};
  const auto length = std::uint64_t{message.size()} << 56;
  while (message.size() >= 8) {
    state.compress(little_endian(message.data(), 8));
    message = message.subspan(8);
  }
  state.compress(length | (message.empty() ? 0 : little_endian(message.data(), message.size())));
  return state.finalize();
}

}  // namespace multiping::packet
