// Which probes an answer may be for, and how many are tried before it is refused.
// Shared by all speakers; nothing here decides what is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "net/transport.hpp"
#include "packet/probe_codec.hpp"

namespace multiping::net {

/// Probes that share a sequence number, or a target, and may still be answered are tried, newest first, up to so many.
inline constexpr int most_candidates = 64;
/// Forgotten probes, or ones with another source, that a refused packet is held against to name it rightly.
inline constexpr int most_suspects = 4;
/// So many bits of a tag tell the probe that it is for from all others, and an answer from elsewhere from chance.
inline constexpr int telling_bits = 32;
/// Sequence numbers repeat after so many probes.
inline constexpr Serial sequence_period = 65'536;

/// The probes of the window that carry this sequence number, newest first.
template <class Visit>
bool any_candidate(const packet::ProbeCodec& codec, const ProbeBook& book, std::uint16_t sequence, Visit visit) {
  const auto window = book.window();
  auto serial = codec.newest_serial(sequence, window.end);
  for (int tries = 0; serial && *serial >= window.first && tries < most_candidates; ++tries) {
    if (visit(book.probe(*serial))) return true;
    serial = *serial >= sequence_period ? std::optional{*serial - sequence_period} : std::nullopt;
  }
  return false;
}

/// One of several probes that all fit: the oldest that is unanswered, so that an RTT is too long rather than too short;
/// where none is, the newest.
class OldestUnanswered {
 public:
  /// To be called for the newest first.
  void offer(Serial serial, bool unanswered) noexcept {
    if (!found_ || unanswered) found_ = serial;
  }
  [[nodiscard]] const std::optional<Serial>& found() const noexcept { return found_; }

 private:
  std::optional<Serial> found_{};
};

/// The few newest serials below `end` that carry this sequence number: of probes that are forgotten.
template <class Visit>
bool any_forgotten(const packet::ProbeCodec& codec, Serial end, std::uint16_t sequence, Visit visit) {
  auto serial = codec.newest_serial(sequence, end);
  for (int tries = 0; serial && tries < most_suspects; ++tries) {
    if (visit(*serial)) return true;
    serial = *serial >= sequence_period ? std::optional{*serial - sequence_period} : std::nullopt;
  }
  return false;
}

}  // namespace multiping::net
