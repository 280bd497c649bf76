// Makes packets about a probe as hosts and routers send them, and forged packets as an attacker or a broken router
// does.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <random>
#include <string_view>

#include "sim/wire.hpp"

namespace multiping::fuzz {

/// How a forged packet differs from the true one.
enum class Forgery : std::uint8_t {
  bits,       ///< Some bits of the message are flipped, and the checksum is made right again.
  spoilt,     ///< The same, but the checksum is left as it was.
  header,     ///< Some bits of the IP header are flipped.
  identity,   ///< Only the fields that identify the probe are changed.
  source,     ///< It comes from another address.
  kind,       ///< Another type or code, other flags or chunks.
  cut,        ///< The message is cut short.
  grown,      ///< Random bytes are appended.
  spliced,    ///< The beginning of one message and the end of another.
  extension,  ///< Some bits after the quoted headers are flipped.
  replayed,   ///< A true packet about an earlier probe.
  noise,      ///< The message has random bytes.
};
inline constexpr std::array<std::string_view, 12> forgery_names = {"bits",    "spoilt",    "header",   "identity",
                                                                   "source",  "kind",      "cut",      "grown",
                                                                   "spliced", "extension", "replayed", "noise"};

class WireForge {
 public:
  explicit WireForge(std::uint64_t seed) : random_{seed} {}

  /// Returns a random number below `end`.
  [[nodiscard]] std::size_t draw(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random_);
  }
  [[nodiscard]] bool chance(double share) { return std::bernoulli_distribution{share}(random_); }

  /// Makes a true answer of the target.
  [[nodiscard]] test::Bytes answer(const test::Datagram& probe);
  /// Makes a true error of a router, or of the target, mostly with an extension (RFC 4884).
  [[nodiscard]] test::Bytes error(const test::Datagram& probe, const Address& router);

  /// Makes a forged packet from a true one.
  [[nodiscard]] test::Bytes forged(Forgery how, const test::Bytes& truth, const Address& stranger);
  /// Keeps a true packet, to replay it or to use a part of it later.
  void remember(const test::Bytes& truth);

 private:
  [[nodiscard]] std::uint8_t byte() { return static_cast<std::uint8_t>(draw(256)); }
  void turn_bits(std::span<std::uint8_t> bytes);
  [[nodiscard]] test::Bytes changed_message(Forgery how, const test::Datagram& truth);

  std::mt19937_64 random_;
  std::deque<test::Bytes> past_{};
};

}  // namespace multiping::fuzz
