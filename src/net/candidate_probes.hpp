// Lists the probes that an answer may belong to, and limits how many are tried before it is refused.
// All protocols share this file; the protocols decide which answer is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "net/probe_transport.hpp"
#include "packet/probe_tags.hpp"

namespace multiping::net {

/// The most probes of the window with one sequence number that are tried for an answer, newest first.
inline constexpr int most_candidates = 64;
/// The most probes that a refused packet is compared with, to count it rightly: forgotten probes, or probes to another
/// address.
inline constexpr int most_suspects = 4;
/// The size in bits of a tag that names one probe for certain: an answer with such a tag does not match by chance, not
/// even from another address.
inline constexpr int telling_bits = 32;
/// The number of probes after which the sequence number repeats.
inline constexpr Serial sequence_period = 65'536;

/// Visits the probes of the window that carry this sequence number, newest first, until `visit` returns true.
template <class Visit>
bool any_candidate(const packet::ProbeTags& codec, const ProbeBook& book, std::uint16_t sequence, Visit visit) {
  const auto window = book.window();
  auto serial = codec.newest_serial(sequence, window.end);
  for (int tries = 0; serial && *serial >= window.first && tries < most_candidates; ++tries) {
    if (visit(book.probe(*serial))) return true;
    serial = *serial >= sequence_period ? std::optional{*serial - sequence_period} : std::nullopt;
  }
  return false;
}

/// Chooses among several probes that fit: the oldest unanswered one, so that an RTT is too long rather than too short.
/// Where all are answered, it chooses the newest.
class OldestUnanswered {
 public:
  /// The caller offers the newest probe first.
  void offer(Serial serial, bool unanswered) noexcept {
    if (!found_ || unanswered) found_ = serial;
  }
  [[nodiscard]] const std::optional<Serial>& found() const noexcept { return found_; }

 private:
  std::optional<Serial> found_{};
};

/// Visits the few newest serials below `end` that carry this sequence number, until `visit` returns true. Their probes
/// are forgotten.
template <class Visit>
bool any_forgotten(const packet::ProbeTags& codec, Serial end, std::uint16_t sequence, Visit visit) {
  auto serial = codec.newest_serial(sequence, end);
  for (int tries = 0; serial && tries < most_suspects; ++tries) {
    if (visit(*serial)) return true;
    serial = *serial >= sequence_period ? std::optional{*serial - sequence_period} : std::nullopt;
  }
  return false;
}

}  // namespace multiping::net
