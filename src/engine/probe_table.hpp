// Every target's fate and every probe's sending time, in flat memory: 48 bytes a target, 16 bytes a probe.
// Pure bookkeeping; the rules that change a fate are those of fates.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <system_error>
#include <vector>

#include "engine/endpoint.hpp"
#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "net/make_room.hpp"
#include "net/shape_number.hpp"
#include "net/transport.hpp"

namespace multiping::engine {

using TargetIndex = std::uint32_t;

/// An older unanswered probe is forgotten: no network holds a packet that long (RFC 9293 assumes two minutes).
inline constexpr Duration memory_of_probes = std::chrono::minutes{5};

/// What few targets have, kept aside: who answered for them and why they failed.
struct Detail {
  Address responder{};
  std::shared_ptr<const IcmpError> icmp{};
  std::error_code error{};
};

/// A distinct address and probe shape, and what became of it.
struct TargetRecord {
  Address address{};
  Duration rtt{};
  std::uint32_t attempt = 0;  ///< The round that was answered; until then, how many probes were sent.
  std::uint32_t detail = 0;   ///< Place in the table's details, from 1; 0: none.
  Outcome outcome : 4 = Outcome::pending;
  TimestampSource timestamps : 4 = TimestampSource::none;
  std::uint8_t reply_ttl = 0;
  std::uint8_t reply_tos = 0;
  bool has_tos : 1 = false;
  bool payload_altered : 1 = false;
  bool awaited : 1 = false;     ///< A probe is under way that may still be answered.
  bool changed : 1 = true;      ///< Not yet copied into the caller's results.
  bool unreported : 1 = false;  ///< Answered, and not yet handed out by receive().
  bool ttl_asked : 1 = false;   ///< Endpoint::ttl_asked.
  std::uint8_t cuts : 2 = 0;    ///< Repetitions of the last attempt because its probe was too big for the path.
  net::ShapeNumber shape : 24 = 0;
  std::uint32_t auth_bits : 8 = 0;

  [[nodiscard]] bool answered() const noexcept { return outcome == Outcome::reply || outcome == Outcome::refused; }
};
static_assert(sizeof(TargetRecord) == 48);

/// A probe that was proposed or sent.
struct ProbeEntry {
  net::Instant sent_at{};
  TargetIndex target = 0;
  std::uint32_t round : 28 = 0;
  bool repetition : 1 = false;  ///< Of one that was too big: no attempt of its own.
  bool again : 1 = false;       ///< In the place of one that was displaced: no attempt of its own.
  bool answered : 1 = false;
  bool ended : 1 = false;  ///< No answer is taken any more: never sent, or ended by an ICMP error.
};
static_assert(sizeof(ProbeEntry) == 16);

class ProbeTable final : public net::ProbeBook {
 public:
  void reserve_targets(std::size_t count) { records_.reserve(count); }
  TargetIndex add(const Endpoint& endpoint);
  /// For one more target, and for the details of all: add() and detail() throw nothing then.
  void make_room_for_target();
  /// For the detail of one more record.
  void make_room_for_detail() { net::make_room(details_, 1); }
  /// The number of a target that no probe of the window is for stands for another from now on.
  void replace(TargetIndex target, const Endpoint& endpoint);
  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  [[nodiscard]] TargetRecord& record(TargetIndex target) noexcept { return records_[target]; }
  [[nodiscard]] const TargetRecord& record(TargetIndex target) const noexcept { return records_[target]; }
  [[nodiscard]] std::vector<TargetRecord>& records() noexcept { return records_; }

  /// The record's detail, made when it has none.
  Detail& detail(TargetRecord& record);
  [[nodiscard]] const Detail* find_detail(const TargetRecord& record) const noexcept;

  net::Serial open_probe(TargetIndex target, std::uint32_t round);
  /// The newest probe, which nobody knows of, is none.
  void close_newest() noexcept { entries_.pop_back(); }
  [[nodiscard]] ProbeEntry& entry(net::Serial serial) noexcept { return entries_[place(serial)]; }
  [[nodiscard]] bool remembers(net::Serial serial) const noexcept { return serial >= first_; }

  /// Forgets the oldest probes, as far as they are answered, ended, or sent before `horizon`; at most so many.
  void forget_before(net::Instant horizon, std::size_t most = std::numeric_limits<std::size_t>::max());
  [[nodiscard]] bool no_probes() const noexcept { return entries_.empty(); }
  /// The oldest probe of the window, which is not empty.
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
  /// Forgets all probes and fates; the targets stay.
  void reset();

  [[nodiscard]] Window window() const noexcept override { return {first_, first_ + entries_.size()}; }
  [[nodiscard]] net::Probe probe(net::Serial serial) const noexcept override;
  [[nodiscard]] bool is_unanswered(net::Serial serial) const noexcept override {
    const ProbeEntry& entry = entries_[place(serial)];
    return !entry.answered && !entry.ended;
  }

 private:
  /// In entries_, of a serial that is remembered.
  [[nodiscard]] std::size_t place(net::Serial serial) const noexcept {
    return static_cast<std::size_t>(serial - first_);
  }

  std::vector<TargetRecord> records_;
  std::deque<ProbeEntry> entries_;  ///< Grows at its end without ever moving, and shrinks at its front.
  std::vector<Detail> details_;
  net::Serial first_ = 0;  ///< Serial of entries_[0].
};

}  // namespace multiping::engine
