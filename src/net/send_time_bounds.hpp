// Keeps the last calls that sent several probes. An answer that came in while its call was still running tells more
// precisely when its probe left. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "base/monotonic_time.hpp"
#include "net/messages_per_call.hpp"
#include "net/probe_transport.hpp"

namespace multiping::net {

/// A call that sent probes in the order of their serials, at most most_sent_at_once. Probe k counts as sent
/// k steps after the start.
struct SentCall {
  std::span<const Probe> probes{};
  Instant started{}, finished{};
  Duration step{};
};

class SendTimeBounds {
 public:
  void add(const SentCall& call) noexcept {
    Kept& kept = calls_[next_++ % calls_.size()];
    kept.count = std::min(call.probes.size(), most_sent_at_once);
    for (std::size_t k = 0; k < kept.count; ++k) kept.serials[k] = call.probes[k].serial;
    kept.started = call.started;
    kept.finished = call.finished;
    kept.step = call.step;
    if (call.finished > finished_) finished_ = call.finished;
  }

  /// Forgets all calls. To be called before the serials begin again, for other probes.
  void forget_all() noexcept {
    for (Kept& call : calls_) call.count = 0;
    finished_ = Instant::min();
  }

  /// Returns the RTT of a probe whose answer came in at `stamp`, when the sending time of the probe would make the RTT
  /// too short or negative; otherwise nothing. The probe and all probes before it in the same call had left by that
  /// stamp. Spread evenly up to the stamp, they left earlier than the pace of the whole call says. The RTT is greater
  /// than zero.
  [[nodiscard]] std::optional<Duration> round_trip(Serial serial, Instant stamp) const noexcept {
    if (stamp >= finished_) return std::nullopt;
    for (const Kept& call : calls_)
      if (const auto place = call.place(serial)) return round_trip(call, *place, stamp);
    return std::nullopt;
  }

 private:
  struct Kept {
    std::array<Serial, most_sent_at_once> serials;  ///< The first `count` are set; the others cost no time.
    std::size_t count = 0;
    Instant started{}, finished{};
    Duration step{};

    /// The place of a serial in the call. Fast cases come first: most answers belong to another call, and most calls
    /// sent serials in a row.
    [[nodiscard]] std::optional<Duration::rep> place(Serial serial) const noexcept {
      const auto sent = std::span{serials}.first(count);
      if (sent.empty() || serial < sent.front() || serial > sent.back()) return std::nullopt;
      const Serial in_a_row = serial - sent.front();
      if (in_a_row < count && sent[static_cast<std::size_t>(in_a_row)] == serial)
        return static_cast<Duration::rep>(in_a_row);
      const auto found = std::ranges::lower_bound(sent, serial);
      if (found == sent.end() || *found != serial) return std::nullopt;
      return found - sent.begin();
    }
  };

  [[nodiscard]] static std::optional<Duration> round_trip(const Kept& call, Duration::rep before,
                                                          Instant stamp) noexcept {
    const Duration since = stamp - call.started;
    if (since <= Duration{} || stamp >= call.finished || since >= call.step * (before + 1)) return std::nullopt;
    return since - since / (before + 1) * before;
  }

  /// Eight calls are enough, even when the sockets of several families take turns: few calls are made before answers
  /// are received.
  std::array<Kept, 8> calls_;
  std::size_t next_ = 0;
  Instant finished_ = Instant::min();  ///< The latest end of a call.
};

}  // namespace multiping::net
