// Fuzzes the IPv4 parser. Input: a packet.
// For every packet the parsed parts lie in it, and the lengths agree.
#include "packet/ipv4.hpp"

#include "fuzz/fuzz.hpp"

using multiping::Family;
using multiping::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const multiping::fuzz::Bytes bytes{data, size};
  const auto packet = multiping::packet::parse_ipv4(bytes);
  if (!packet) return 0;
  multiping::fuzz::require_inside(packet->payload, bytes);
  require(data[0] >> 4 == 4);
  require(packet->header_length >= 20 && packet->header_length <= 60 && packet->header_length <= size);
  require(packet->total_length >= packet->header_length);
  require(packet->payload.size() + packet->header_length <= packet->total_length);
  require(packet->payload.empty() || packet->payload.data() == data + packet->header_length);
  require(packet->fragment_offset % 8 == 0);
  require(packet->source.family() == Family::ipv4 && packet->destination.family() == Family::ipv4);
  return 0;
}
