// The place of a probe is its serial minus the serial of the oldest probe that is remembered.
// See probe_table.hpp.
#include "engine/probe_table.hpp"

#include <algorithm>

namespace multiping::engine {

TargetIndex ProbeTable::add(const TargetKey& destination) {
  if (keeps_packet_options_) packet_options_.push_back(destination.packet);
  TargetRecord& record = records_.emplace_back();
  record.address = destination.address;
  record.profile = destination.profile & net::profile_bits;
  record.ttl_asked = destination.ttl_asked;
  return static_cast<TargetIndex>(records_.size() - 1);
}

void ProbeTable::make_room_for_target() {
  reserve_more(records_, 1);
  if (keeps_packet_options_) reserve_more(packet_options_, 1);
  reserve_more(details_, records_.size() + 1 - details_.size());
}

void ProbeTable::replace(TargetIndex target, const TargetKey& destination) {
  TargetRecord& record = records_[target];
  const std::uint32_t detail = record.detail;
  record = TargetRecord{.address = destination.address, .detail = detail, .ttl_asked = destination.ttl_asked};
  record.profile = destination.profile & net::profile_bits;
  if (keeps_packet_options_) packet_options_[target] = destination.packet;
  if (detail != 0) details_[detail - 1] = {};
}

Detail& ProbeTable::detail(TargetRecord& record) {
  if (record.detail == 0) {
    details_.emplace_back();
    record.detail = static_cast<std::uint32_t>(details_.size());
  }
  return details_[record.detail - 1];
}

const Detail* ProbeTable::find_detail(const TargetRecord& record) const noexcept {
  return record.detail == 0 ? nullptr : &details_[record.detail - 1];
}

net::Serial ProbeTable::open_probe(TargetIndex target, std::uint32_t round) {
  ProbeEntry& entry = entries_.emplace_back();
  entry.target = target;
  entry.round = round & 0xfffffffU;
  return first_ + entries_.size() - 1;
}

void ProbeTable::forget_before(Instant horizon, std::size_t most) {
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(most, entries_.size()));
  const auto kept = std::find_if(entries_.begin(), end, [horizon](const ProbeEntry& entry) {
    return !entry.answered && !entry.ended && entry.sent_at >= horizon;
  });
  first_ += static_cast<net::Serial>(kept - entries_.begin());
  entries_.erase(entries_.begin(), kept);
}

void ProbeTable::forget_oldest() {
  entries_.pop_front();
  ++first_;
}

void ProbeTable::reset() {
  first_ += entries_.size();
  entries_.clear();
  details_.clear();
  for (TargetRecord& record : records_) {
    const TargetRecord fresh{.address = record.address, .ttl_asked = record.ttl_asked, .profile = record.profile};
    record = fresh;
  }
}

net::Probe ProbeTable::probe(net::Serial serial) const noexcept {
  const TargetIndex target = entries_[place(serial)].target;
  const TargetRecord& record = records_[target];
  return {.serial = serial,
          .to = &record.address,
          .profile = record.profile,
          .packet = keeps_packet_options_ ? packet_options_[target] : net::PacketOptions{},
          .target = target};
}

}  // namespace multiping::engine
