// Fuzzes ICMP messages as a socket gives them. Input: a message, which is parsed for both families.
// The harness also parses the quote of an error, as the receiving code does.
#include "packet/icmp.hpp"

#include "fuzz/fuzz.hpp"

namespace {

namespace packet = multiping::packet;
using multiping::Family;
using multiping::fuzz::require;

void look_at(Family family, const packet::IcmpMessage& message) {
  const auto kind = packet::classify_error(family, message.type, message.code);
  require(packet::reported_mtu(family, message) == 0 || kind == packet::ErrorKind::unreachable);
  if (kind == packet::ErrorKind::not_an_error) return;
  const auto echo = packet::parse_quoted_echo(family, message.body);
  if (!echo) return;
  multiping::fuzz::require_inside(echo->payload, message.body);
  require(echo->destination.family() == family);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const multiping::fuzz::Bytes bytes{data, size};
  const auto message = packet::parse_icmp(bytes);
  require(message.has_value() == (size >= packet::icmp_header_size));
  if (!message) return 0;
  multiping::fuzz::require_inside(message->body, bytes);
  require(message->body.size() == size - packet::icmp_header_size);
  static_cast<void>(packet::icmpv4_checksum_ok(bytes));
  look_at(Family::ipv4, *message);
  look_at(Family::ipv6, *message);
  return 0;
}
