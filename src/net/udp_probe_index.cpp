// Keeps probes below the window for as long as they may be answered, and some of them longer.
// See udp_probe_index.hpp.
#include "net/udp_probe_index.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/reserve_more.hpp"

namespace multiping::net {
namespace {

/// Serials below the window stay known for a while after their answers are due, so that late answers count as late.
/// These two limits, in serials and in time, bound the memory.
constexpr Serial most_left_behind = 65'536;
constexpr Duration longest_memory = std::chrono::minutes{5};
/// The most probes that are kept. When more than these may still be answered, answers without a tag are not credited.
constexpr std::size_t most_known = std::size_t{1} << 20U;

/// Converts to units of 2^20 ns, about a millisecond, without a division.
constexpr std::uint32_t coarse(Duration time) noexcept { return static_cast<std::uint32_t>(time.count() >> 20U); }

/// Returns how much later `now` is, in these units; slightly negative when an answer seems to come before its probe.
std::int32_t since(std::uint32_t earlier, Instant now) noexcept {
  return static_cast<std::int32_t>(coarse(now.time_since_epoch()) - earlier);
}

bool is_older(const UdpFlight& flight, Duration age, Instant now) noexcept {
  return since(flight.sent_at, now) > static_cast<std::int32_t>(coarse(age));
}

}  // namespace

bool UdpProbeIndex::is_over(const UdpFlight& flight, Instant now) noexcept {
  return flight.answered || is_older(flight, longest_answer, now);
}

/// The zone is not hashed, so that an address can be found without its zone.
std::uint32_t UdpProbeIndex::hash_of(const Place& place) noexcept {
  std::uint64_t mixed = static_cast<std::uint64_t>(place.port) << 16U | place.local_port;
  const std::span<const std::uint8_t> octets = place.address.bytes();
  for (std::size_t at = 0; at < octets.size(); at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, octets.data() + at, sizeof word);
    mixed = (mixed ^ word) * 0x9E3779B97F4A7C15U;
  }
  return static_cast<std::uint32_t>(mixed >> 32);
}

/// Returns the slot of the stream of that place, or the free slot for it.
std::size_t UdpProbeIndex::slot_of(const Place& place, std::uint32_t hash) const noexcept {
  std::size_t slot = start(hash);
  for (; slots_[slot].stream != UdpFlight::no_stream; slot = following(slot)) {
    if (slots_[slot].hash != hash) continue;
    const UdpStream& stream = streams_[slots_[slot].stream];
    if (is_at(stream, place) && stream.to == place.address) break;
  }
  return slot;
}

UdpStream* UdpProbeIndex::find(const Place& place) noexcept {
  if (slots_.empty()) return nullptr;
  const std::uint32_t number = slots_[slot_of(place, hash_of(place))].stream;
  return number == UdpFlight::no_stream ? nullptr : &streams_[number];
}

/// Returns the number of the stream of that place; adds an empty stream when there is none.
std::uint32_t UdpProbeIndex::at(const Place& place) {
  const std::uint32_t hash = hash_of(place);
  if (slots_.empty()) grow();
  std::size_t slot = slot_of(place, hash);
  if (slots_[slot].stream != UdpFlight::no_stream) return slots_[slot].stream;
  if (4 * (used_ + 1) > 3 * slots_.size()) {
    grow();
    slot = slot_of(place, hash);
  }
  auto number = static_cast<std::uint32_t>(streams_.size());
  if (free_.empty()) {
    streams_.push_back({});
  } else {
    number = free_.back();
    free_.pop_back();
  }
  streams_[number] = {.to = place.address, .port = place.port, .local_port = place.local_port};
  slots_[slot] = {.stream = number, .hash = hash};
  ++used_;
  return number;
}

/// Makes room in the hash table. Frees the streams that have no known probe any more, unless they are unsure.
void UdpProbeIndex::grow() {
  const auto is_known = [this](const Slot& slot) {
    if (slot.stream == UdpFlight::no_stream) return false;
    const UdpStream& stream = streams_[slot.stream];
    return stream.newest != UdpStream::none || stream.unsure;
  };
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(slots_, is_known));
  std::size_t size = 16;
  while (size < 2 * (kept + 1)) size *= 2;  // at most half full
  std::vector<Slot> before(size);
  reserve_more(free_, used_ - kept);
  slots_.swap(before);
  used_ = kept;
  for (const Slot& slot : before) {
    if (is_known(slot)) {
      std::size_t place = start(slot.hash);
      while (slots_[place].stream != UdpFlight::no_stream) place = following(place);
      slots_[place] = slot;
    } else if (slot.stream != UdpFlight::no_stream) {
      free_.push_back(slot.stream);
    }
  }
}

void UdpProbeIndex::settle(UdpStream& stream, Instant now) noexcept {
  while (stream.oldest != UdpStream::none) {
    const UdpFlight& flight = *flights_.find(serial(stream.oldest));
    if (!is_over(flight, now)) break;
    stream.oldest = next(stream.oldest, flight);
  }
  while (stream.unheard != UdpStream::none) {
    const UdpFlight& flight = *flights_.find(serial(stream.unheard));
    if (!flight.reported && !is_over(flight, now)) break;
    stream.unheard = next(stream.unheard, flight);
  }
  stream.unsure = stream.unsure && since(unsure_until_, now) <= 0;
}

bool UdpProbeIndex::is_free(const Place& place, Instant now) noexcept {
  UdpStream* stream = find(place);
  if (stream == nullptr) return true;
  settle(*stream, now);
  return stream->unheard == UdpStream::none && !stream->unsure;
}

void UdpProbeIndex::add(const Place& to, const Sending& sending) {
  const std::uint32_t number = at(to);
  UdpStream& stream = streams_[number];
  // Everything that allocates comes first. A flight without a stream counts as no probe.
  flights_.put(sending.serial, {});
  const auto first = static_cast<std::uint32_t>(flights_.first());
  tags_.make_room([first, known = flights_.size()](std::uint32_t low) { return low - first < known; });
  settle(stream, sending.at);
  UdpFlight flight{.stream = number,
                   .sent_at = coarse(sending.at.time_since_epoch()),
                   .profile = sending.profile & profile_bits,
                   .packet = sending.packet};
  append(stream, sending.serial, flight);
  *flights_.find(sending.serial) = flight;
  if (!sending.tag.empty()) tags_.add(sending.tag, sending.serial);
}

/// Adds a probe to the end of its stream. The serials of one stream come in order. A serial out of order, or one whose
/// low half is UdpStream::none, is not added; then its tag alone finds it.
void UdpProbeIndex::append(UdpStream& stream, Serial serial, UdpFlight& flight) noexcept {
  const auto low = static_cast<std::uint32_t>(serial);
  if (low == UdpStream::none) return;
  if (stream.newest != UdpStream::none) {
    const Serial last = this->serial(stream.newest);
    if (serial <= last) return;
    UdpFlight& before = *flights_.find(last);
    before.next = flight.previous = static_cast<std::uint32_t>(serial - last);
    stream.mixed = stream.oldest != UdpStream::none && (stream.mixed || !before.looks_like(flight));
  }
  stream.newest = low;
  if (stream.oldest == UdpStream::none) stream.oldest = low;
  if (stream.unheard == UdpStream::none) stream.unheard = low;
}

void UdpProbeIndex::take_back(Serial serial) noexcept {
  UdpFlight* flight = find(serial);
  if (flight == nullptr) return;
  UdpStream& stream = streams_[flight->stream];
  const auto low = static_cast<std::uint32_t>(serial);
  if (stream.newest == low) {
    stream.newest = flight->previous != 0 ? low - flight->previous : UdpStream::none;
    if (flight->previous != 0) flights_.find(serial - flight->previous)->next = 0;
    if (stream.oldest == low) stream.oldest = UdpStream::none;
    if (stream.unheard == low) stream.unheard = UdpStream::none;
  }
  *flight = {};
}

void UdpProbeIndex::forget(Serial serial) noexcept {
  if (UdpFlight* flight = flights_.find(serial)) flight->forgotten = true;
}

void UdpProbeIndex::forget_below(Serial first, Instant now) noexcept {
  for (; !flights_.empty() && flights_.first() < first; flights_.pop_front()) {
    const UdpFlight& flight = flights_.front();
    const bool waits = flight.stream != UdpFlight::no_stream && !is_over(flight, now);
    const bool far_behind = flights_.first() + most_left_behind < first || is_older(flight, longest_memory, now);
    if ((waits || !far_behind) && flights_.size() <= most_known) return;
    if (flight.stream != UdpFlight::no_stream) leave(static_cast<std::uint32_t>(flights_.first()), flight, now);
  }
}

/// Removes the oldest known probe from its stream.
void UdpProbeIndex::leave(std::uint32_t low, const UdpFlight& flight, Instant now) noexcept {
  UdpStream& stream = streams_[flight.stream];
  const std::uint32_t after = next(low, flight);
  if (after != UdpStream::none) flights_.find(serial(after))->previous = 0;
  if (stream.newest == low) stream.newest = UdpStream::none;
  if (stream.oldest == low) stream.oldest = after;
  if (stream.unheard == low) stream.unheard = after;
  if (is_over(flight, now)) return;
  stream.unsure = true;
  unsure_until_ = coarse(now.time_since_epoch()) + coarse(longest_answer);
}

}  // namespace multiping::net
