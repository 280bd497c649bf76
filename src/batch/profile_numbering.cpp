// Finds options by their hash, and reuses the number that has been idle for longest.
// See batch/profile_numbering.hpp.
#include "batch/profile_numbering.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/reserve_more.hpp"
#include "values/option_checks.hpp"
#include "values/probe_option_table.hpp"

namespace multiping {
namespace {

/// How many numbers may be idle before the first of them goes to other options: each may hold a socket.
constexpr std::size_t most_idle = 16;

std::size_t hash_of(const std::string& value) noexcept { return std::hash<std::string>{}(value); }
std::size_t hash_of(const Address& value) noexcept { return std::hash<Address>{}(value); }
std::size_t hash_of(const std::vector<std::uint8_t>& octets) noexcept {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(octets.data()), octets.size()});  // NOLINT
}
template <class Number>
std::size_t hash_of(const std::optional<Number>& value) noexcept {
  return value ? static_cast<std::size_t>(*value) + 1 : 0;
}
std::size_t hash_of(const auto& number) noexcept { return static_cast<std::size_t>(number); }

std::size_t hash(const ProbeOptions& options) noexcept {
  std::size_t sum = 0;
  each_option([&](const auto& option) { sum = sum * 65'599 + hash_of(options.*option.member); });
  return sum;
}

/// The payload size of the profile for a payload of this size: one of a few, at least as large. No step lies between
/// sizes that a socket treats alike: IPv4 packets of more than 548 bytes leave without DF, and those of more than 1280
/// bytes may be fragmented with IPv6. A payload of less than 8 bytes has a shorter tag, and a profile of its own.
std::size_t profile_size(std::size_t size, Family family) noexcept {
  constexpr std::size_t whole_tag = 8;
  constexpr std::array<std::size_t, 3> steps{usual_payload_size, 520, 1232};
  if (size < whole_tag) return size;
  const auto step = std::ranges::lower_bound(steps, size);
  if (step != steps.end()) return *step;
  return std::min(std::bit_ceil(size), family == Family::ipv6 ? largest_ipv6_payload : largest_ipv4_payload);
}

/// Stands in a profile whose packets choose their TTL.
constexpr int any_ttl = 255;

}  // namespace

SplitOptions split(const ProbeOptions& probe) {
  SplitOptions split{.profile = probe, .packet = {}};
  if (probe.ttl) {
    split.profile.ttl = any_ttl;
    split.packet.ttl = static_cast<std::uint8_t>(*probe.ttl);
  }
  if (!traits(probe.protocol).has_payload) return split;
  split.profile.payload_size = profile_size(probe.payload_size, probe.family);
  if (split.profile.payload_size != probe.payload_size)
    split.packet.payload_size = static_cast<std::uint16_t>(probe.payload_size);
  return split;
}

std::optional<net::ProfileNumber> Profiles::find(const ProbeOptions& options) const {
  const auto [first, last] = by_hash_.equal_range(hash(options));
  for (auto alike = first; alike != last; ++alike)
    if (entries_[alike->second].options == options) return alike->second;
  return std::nullopt;
}

net::ProfileNumber Profiles::add(Entry entry) {
  if (entries_.size() == net::most_profiles) throw std::bad_alloc{};
  const auto number = static_cast<net::ProfileNumber>(entries_.size());
  reserve_more(entries_, 1);
  idle_.make_room(entries_.size() + 1);
  by_hash_.emplace(hash(entry.options), number);
  entries_.push_back(std::move(entry));
  return number;
}

/// Gives the new entry the number that has been idle for longest.
net::ProfileNumber Profiles::replace_idle(Entry entry) noexcept {
  const net::ProfileNumber number = idle_.front();
  idle_.remove(number);
  --idle_count_;
  const auto [first, last] = by_hash_.equal_range(hash(entries_[number].options));
  auto own = first;
  while (own != last && own->second != number) ++own;
  auto place = by_hash_.extract(own);
  place.key() = hash(entry.options);
  by_hash_.insert(std::move(place));
  entries_[number] = std::move(entry);
  return number;
}

Profiles::Numbered Profiles::acquire(const ProbeOptions& options) {
  if (const auto known = find(options)) {
    Entry& entry = entries_[*known];
    if (entry.users++ == 0) {
      idle_.remove(*known);
      --idle_count_;
    }
    return {.number = *known, .fresh = !entry.known};
  }
  const bool most = entries_.size() == net::most_profiles && idle_count_ > 0;
  Entry entry{.options = options, .users = 1};
  const net::ProfileNumber number =
      idle_count_ >= most_idle || most ? replace_idle(std::move(entry)) : add(std::move(entry));
  return {.number = number, .fresh = true};
}

void Profiles::release(net::ProfileNumber number) noexcept {
  if (--entries_[number].users > 0) return;
  idle_.push_back(number);
  ++idle_count_;
}

std::vector<ProbeOptions> Profiles::take() && {
  std::vector<ProbeOptions> all;
  all.reserve(entries_.size());
  for (Entry& entry : entries_) all.push_back(std::move(entry.options));
  return all;
}

}  // namespace multiping
