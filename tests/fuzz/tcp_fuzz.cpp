// Fuzzes TCP segments. Input: a byte whose lowest bit chooses the family, then a segment from its header on.
// The same bytes are also parsed as a quote. A SYN that is made from the result is parsed again.
#include "packet/tcp.hpp"

#include "fuzz/fuzz.hpp"
#include "multiping/address.hpp"

namespace {

namespace packet = multiping::packet;
using multiping::Address;
using multiping::fuzz::Bytes;
using multiping::fuzz::require;

Address address(bool ipv6, std::uint8_t last) {
  if (!ipv6) return Address::v4({192, 0, 2, last});
  return Address::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
}

void as_segment(Bytes bytes) {
  const auto segment = packet::parse_tcp(bytes);
  if (!segment) return;
  require(bytes.size() >= 20 && std::size_t{bytes[12]} / 16 * 4 <= bytes.size());
  const auto quoted = packet::parse_quoted_tcp(bytes);
  require(quoted && quoted->sequence == segment->sequence);
  require(quoted->source_port == segment->source_port && quoted->destination_port == segment->destination_port);
}

void as_quote(Bytes bytes, const Address& source, const Address& destination) {
  const auto quoted = packet::parse_quoted_tcp(bytes);
  require(quoted.has_value() == (bytes.size() >= 8));
  if (!quoted) return;
  const auto syn = packet::encode_tcp_syn(*quoted, source, destination);
  require(packet::tcp_checksum_ok(syn, source, destination));
  const auto segment = packet::parse_tcp(syn);
  require(segment && segment->syn && !segment->ack && !segment->rst);
  require(segment->source_port == quoted->source_port && segment->destination_port == quoted->destination_port);
  require(segment->sequence == quoted->sequence);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool ipv6 = (data[0] & 1U) != 0;
  const auto source = address(ipv6, 1), destination = address(ipv6, 2);
  const Bytes bytes{data + 1, size - 1};
  as_segment(bytes);
  as_quote(bytes, source, destination);
  require(bytes.size() >= 18 || !packet::tcp_checksum_ok(bytes, source, destination));
  return 0;
}
