// The UDP probes under way, found by where an answer comes from: see udp_index.hpp.
// What the window has left behind is kept for a while, and then given back.
#include "net/udp_index.hpp"

namespace multiping::net {
namespace {

/// So many serials stay known behind the window: a late answer is worth telling, but not all memory.
constexpr Serial most_left_behind = 65'536;

}  // namespace

UdpIndex::Target& UdpIndex::target(const Address& address, std::uint16_t port) {
  return targets_.at(address, port, [this](const Target& kept) { return flights_.find(kept.newest) != nullptr; });
}

unsigned UdpIndex::sent_to(const Address& address, std::uint16_t port) { return target(address, port).sent; }

void UdpIndex::add(const Probe& probe, const Sending& sending) {
  Target& to = target(*probe.to, sending.port);
  flights_.put(
      probe.serial,
      {.previous = to.newest, .local_port = sending.local_port, .shape = probe.shape, .tag_start = sending.tag_start});
  to.newest = probe.serial;
  ++to.sent;
}

void UdpIndex::take_back(const Probe& probe, std::uint16_t port) noexcept {
  Target* to = targets_.find(*probe.to, port);
  UdpFlight* flight = flights_.find(probe.serial);
  to->newest = flight->previous;
  --to->sent;
  *flight = {};
}

void UdpIndex::forget(Serial serial) noexcept {
  if (UdpFlight* flight = flights_.find(serial)) flight->forgotten = true;
}

void UdpIndex::forget_below(Serial first) noexcept {
  while (!flights_.empty() && flights_.first() + most_left_behind < first) flights_.pop_front();
}

}  // namespace multiping::net
