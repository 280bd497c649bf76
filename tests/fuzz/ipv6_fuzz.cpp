// Fuzzes the IPv6 parser. Input: a packet.
// For all extension headers the parsed parts lie in the packet, and the lengths agree.
#include "packet/ipv6.hpp"

#include "fuzz/fuzz.hpp"

using multiping::Family;
using multiping::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const multiping::fuzz::Bytes bytes{data, size};
  const auto packet = multiping::packet::parse_ipv6(bytes);
  if (!packet) return 0;
  multiping::fuzz::require_inside(packet->payload, bytes);
  require(data[0] >> 4 == 6);
  require(packet->header_length >= 40 && packet->header_length <= size);
  require(packet->header_length + packet->payload.size() <= std::size_t{40} + packet->payload_length);
  require(packet->payload.empty() || packet->payload.data() == data + packet->header_length);
  require(packet->fragment_offset % 8 == 0 && packet->flow_label <= 0xFFFFF);
  require(packet->source.family() == Family::ipv6 && packet->destination.family() == Family::ipv6);
  return 0;
}
