// Packets about a probe, as hosts and routers send them, and what an attacker or a broken router makes of them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <random>
#include <string_view>

#include "sim/wire.hpp"

namespace multiping::fuzz {

/// How a packet was made out of a true one.
enum class Forgery : std::uint8_t {
  bits,       ///< Some bits of the message are turned, and the checksum made right again.
  spoilt,     ///< The same, and the checksum left as it was.
  header,     ///< Some bits of the IP header are turned.
  identity,   ///< Only what says which probe it answers is changed.
  source,     ///< It comes from somebody else.
  kind,       ///< Another type or code, other flags or chunks.
  cut,        ///< The message ends early.
  grown,      ///< More bytes than there were.
  spliced,    ///< The beginning of one message and the end of another.
  extension,  ///< What follows a quote is turned.
  replayed,   ///< A true answer to a probe of before.
  noise,      ///< Random bytes of a message.
};
inline constexpr std::array<std::string_view, 12> forgery_names = {"bits",    "spoilt",    "header",   "identity",
                                                                   "source",  "kind",      "cut",      "grown",
                                                                   "spliced", "extension", "replayed", "noise"};

class WireForge {
 public:
  explicit WireForge(std::uint64_t seed) : random_{seed} {}

  /// Below `end`.
  [[nodiscard]] std::size_t draw(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random_);
  }
  [[nodiscard]] bool chance(double share) { return std::bernoulli_distribution{share}(random_); }

  /// A true answer of the target.
  [[nodiscard]] test::Bytes answer(const test::Datagram& probe);
  /// A true error of a router, or of the target, mostly with an extension (RFC 4884).
  [[nodiscard]] test::Bytes error(const test::Datagram& probe, const Address& router);

  /// Something else, made of a true packet.
  [[nodiscard]] test::Bytes forged(Forgery how, const test::Bytes& truth, const Address& stranger);
  /// So that it can come again, or be a part of another.
  void remember(const test::Bytes& truth);

 private:
  [[nodiscard]] std::uint8_t byte() { return static_cast<std::uint8_t>(draw(256)); }
  void turn_bits(std::span<std::uint8_t> bytes);
  [[nodiscard]] test::Bytes changed_message(Forgery how, const test::Datagram& truth);

  std::mt19937_64 random_;
  std::deque<test::Bytes> past_{};
};

}  // namespace multiping::fuzz
