// Fuzzes quoted datagrams. Input: a byte whose lowest bit chooses the family, then the quote from its IP header on.
// The same bytes are also parsed as a quote from its ICMP header on.
#include "fuzz/fuzz.hpp"
#include "packet/icmp.hpp"

namespace {

namespace packet = multiping::packet;
using multiping::Family;
using multiping::fuzz::Bytes;
using multiping::fuzz::require;

void from_ip_header(Family family, Bytes quoted) {
  const auto echo = packet::parse_quoted_echo(family, quoted);
  if (!echo) return;
  multiping::fuzz::require_inside(echo->payload, quoted);
  require(echo->source.family() == family && echo->destination.family() == family);
  const std::size_t ip_header = family == Family::ipv4 ? 20 : 40;
  require(quoted.size() >= ip_header + packet::icmp_header_size + echo->payload.size());
}

void from_icmp_header(Family family, Bytes quoted) {
  const auto echo = packet::parse_quoted_icmp_header(family, quoted);
  if (!echo) return;
  multiping::fuzz::require_inside(echo->payload, quoted);
  require(!echo->source && !echo->destination);
  require(quoted.size() == packet::icmp_header_size + echo->payload.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto family = (data[0] & 1U) == 0 ? Family::ipv4 : Family::ipv6;
  const Bytes quoted{data + 1, size - 1};
  from_ip_header(family, quoted);
  from_icmp_header(family, quoted);
  return 0;
}
