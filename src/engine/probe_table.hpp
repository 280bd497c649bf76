// Keeps the outcome of each target and the sending time of each probe: 56 bytes for a target, 16 bytes for a probe.
// Pure bookkeeping; outcome_tracker.hpp has the rules that change an outcome.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <system_error>
#include <vector>

#include "base/reserve_more.hpp"
#include "engine/target_key.hpp"
#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "net/probe_transport.hpp"
#include "net/profile_number.hpp"

namespace multiping::engine {

using TargetIndex = std::uint32_t;

/// An unanswered probe is forgotten at this age: no network holds a packet so long (RFC 9293 assumes two minutes).
inline constexpr Duration memory_of_probes = std::chrono::minutes{5};

/// Data that few targets have, kept apart from the records: another responder, an ICMP error, or an error of this host.
struct Detail {
  Address responder{};
  std::shared_ptr<const IcmpError> icmp{};
  std::error_code error{};
};

/// A distinct address and probe profile, and its outcome.
struct TargetRecord {
  Address address{};
  Duration rtt{};
  std::uint32_t attempt = 0;  ///< The round of the answered probe; until an answer comes, how many attempts were sent.
  std::uint32_t detail = 0;   ///< Place in the table's details, from 1; 0: none.
  Outcome outcome : 4 = Outcome::pending;
  TimestampSource timestamps : 3 = TimestampSource::none;
  bool fail_fast : 1 = false;  ///< An unreachable error ends the wait for this target.
  std::uint8_t reply_ttl = 0;
  std::uint8_t reply_tos = 0;
  bool has_tos : 1 = false;
  bool payload_altered : 1 = false;
  bool awaited : 1 = false;     ///< A probe is under way that may still be answered.
  bool changed : 1 = true;      ///< Not yet copied into the caller's results.
  bool unreported : 1 = false;  ///< Answered, and not yet returned by receive().
  bool ttl_asked : 1 = false;   ///< TargetKey::ttl_asked.
  std::uint8_t cuts : 2 = 0;    ///< How often the last attempt was repeated because its probe was too big.
  net::ProfileNumber profile : 24 = 0;
  std::uint32_t auth_bits : 8 = 0;
  std::uint64_t reply_size : 16 = 0;
  std::uint64_t microseconds : 48 = 0;  ///< See at(); enough for nine years.

  /// When the answer arrived, or the target was given up; no meaning while it is pending. To the microsecond.
  [[nodiscard]] Instant at() const noexcept { return Instant{std::chrono::microseconds{microseconds}}; }
  void set_at(Instant at) noexcept {
    const auto since = std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
    microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)) & 0xffff'ffff'ffffU;
  }

  [[nodiscard]] bool answered() const noexcept { return outcome == Outcome::reply || outcome == Outcome::refused; }
};
static_assert(sizeof(TargetRecord) == 56);

/// A probe that was proposed or sent.
struct ProbeEntry {
  Instant sent_at{};
  TargetIndex target = 0;
  std::uint32_t round : 28 = 0;
  bool repetition : 1 = false;  ///< Repeats a probe that was too big, and is no attempt of its own.
  bool again : 1 = false;       ///< Replaces a displaced probe, and is no attempt of its own.
  bool answered : 1 = false;
  bool ended : 1 = false;  ///< An answer does not count any more: the probe was never sent, or it was ended.
};
static_assert(sizeof(ProbeEntry) == 16);

class ProbeTable final : public net::ProbeBook {
 public:
  /// The serial of the first probe. To be called before there is one.
  void start_at(net::Serial first) noexcept { first_ = first; }
  void reserve_targets(std::size_t count) { records_.reserve(count); }
  /// From now on the packets of one profile may differ. To be called before the first add().
  void keep_packet_options() noexcept { keeps_packet_options_ = true; }
  TargetIndex add(const TargetKey& destination);
  /// Reserves memory for one more target, and for the details of all targets: add() and detail() then throw nothing.
  void make_room_for_target();
  /// Reserves memory for the detail of one more record.
  void make_room_for_detail() { reserve_more(details_, 1); }
  /// Reuses the number of `target` for another destination. The window must hold no probe to `target`.
  void replace(TargetIndex target, const TargetKey& destination);
  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  [[nodiscard]] TargetRecord& record(TargetIndex target) noexcept { return records_[target]; }
  [[nodiscard]] const TargetRecord& record(TargetIndex target) const noexcept { return records_[target]; }
  [[nodiscard]] std::vector<TargetRecord>& records() noexcept { return records_; }

  /// The record's detail, which is made if the record has none.
  Detail& detail(TargetRecord& record);
  [[nodiscard]] const Detail* find_detail(const TargetRecord& record) const noexcept;

  net::Serial open_probe(TargetIndex target, std::uint32_t round);
  /// Takes back the newest open_probe(), whose serial must not be in use. The next probe gets the same serial.
  void close_newest() noexcept { entries_.pop_back(); }
  [[nodiscard]] ProbeEntry& entry(net::Serial serial) noexcept { return entries_[place(serial)]; }
  [[nodiscard]] const ProbeEntry& entry(net::Serial serial) const noexcept { return entries_[place(serial)]; }
  [[nodiscard]] bool remembers(net::Serial serial) const noexcept { return serial >= first_; }

  /// Forgets the oldest probes, at most `most`, up to the first that is neither answered, ended, nor sent before
  /// `horizon`.
  void forget_before(Instant horizon, std::size_t most = std::numeric_limits<std::size_t>::max());
  [[nodiscard]] bool no_probes() const noexcept { return entries_.empty(); }
  /// The oldest probe of the window, which must not be empty.
  [[nodiscard]] const ProbeEntry& oldest() const noexcept { return entries_.front(); }
  void forget_oldest();
  /// Calls `visit` with the serial of every probe that may still be answered.
  template <class Visit>
  void each_open_probe(Visit visit) const {
    net::Serial serial = first_;
    for (const ProbeEntry& entry : entries_) {
      if (!entry.answered && !entry.ended) visit(serial);
      ++serial;
    }
  }
  /// Forgets all probes and outcomes; the targets stay.
  void reset();

  [[nodiscard]] Window window() const noexcept override { return {first_, first_ + entries_.size()}; }
  [[nodiscard]] net::Probe probe(net::Serial serial) const noexcept override;
  [[nodiscard]] bool is_unanswered(net::Serial serial) const noexcept override {
    const ProbeEntry& entry = entries_[place(serial)];
    return !entry.answered && !entry.ended;
  }

 private:
  /// The index in entries_ of a serial that is remembered.
  [[nodiscard]] std::size_t place(net::Serial serial) const noexcept {
    return static_cast<std::size_t>(serial - first_);
  }

  std::vector<TargetRecord> records_;
  std::deque<ProbeEntry> entries_;  ///< Grows at its end without moving entries, and shrinks at its front.
  std::vector<Detail> details_;
  std::vector<net::PacketOptions> packet_options_;  ///< By target, after keep_packet_options(); else empty.
  bool keeps_packet_options_ = false;
  net::Serial first_ = 0;  ///< Serial of entries_[0].
};

}  // namespace multiping::engine
