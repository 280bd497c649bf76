// Fuzzes SCTP packets. Input: a packet from its common header on.
// The same bytes are also parsed as a quote. An INIT that is made from the result is parsed again.
#include "packet/sctp.hpp"

#include <algorithm>

#include "fuzz/fuzz.hpp"

namespace {

namespace packet = multiping::packet;
using multiping::fuzz::Bytes;
using multiping::fuzz::require;

void check_init(const packet::SctpInit& init) {
  const auto bytes = packet::encode_sctp_init(init);
  require(packet::sctp_checksum_ok(bytes));
  require(packet::parse_sctp(bytes).has_value());
  const auto quoted = packet::parse_quoted_sctp(bytes);
  require(quoted && quoted->initiate_tag == init.initiate_tag);
  require(quoted->source_port == init.source_port && quoted->destination_port == init.destination_port);
}

void as_packet(Bytes bytes) {
  const auto parsed = packet::parse_sctp(bytes);
  require(!parsed || bytes.size() >= 16);
  if (!parsed) return;
  require(parsed->chunk_type == bytes[12] && parsed->chunk_flags == bytes[13]);
  check_init({parsed->source_port, parsed->destination_port, std::max(parsed->verification_tag, 1U)});
}

void as_quote(Bytes bytes) {
  const auto quoted = packet::parse_quoted_sctp(bytes);
  if (!quoted) return;
  require(bytes.size() >= 8);
  if (!quoted->initiate_tag) return;
  require(bytes.size() >= 20 && *quoted->initiate_tag != 0);
  check_init({quoted->source_port, quoted->destination_port, *quoted->initiate_tag});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes{data, size};
  as_packet(bytes);
  as_quote(bytes);
  require(size >= 12 || !packet::sctp_checksum_ok(bytes));
  return 0;
}
