// Fuzzes the frames of icmp4em's proxy protocol, those of clients and those of the server. Input: a datagram.
// A valid message has the same content after it is written and read again.
#include "icmp4em/icmp4em_frames.hpp"

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "values/address_kinds.hpp"

namespace {

using namespace multiping;
using namespace multiping::icmp4em;

void check_request(fuzz::Bytes bytes) {
  const auto parsed = parse_icmp4em_request(bytes);
  if (parsed.fault != Icmp4emFault::none) return;
  const Icmp4emRequest& request = parsed.request;
  fuzz::require_inside(request.payload, bytes);
  fuzz::require(request.payload.size() <= most_icmp4em_payload && !is_no_host(request.destination));
  const auto written = encode(request);
  const auto again = parse_icmp4em_request(written);
  fuzz::require(again.fault == Icmp4emFault::none && again.request.destination == request.destination);
  fuzz::require(again.request.id == request.id && again.request.sequence == request.sequence);
  fuzz::require(std::ranges::equal(again.request.payload, request.payload));
}

/// Only the checksum may differ: zero has two forms there.
void check_reply(fuzz::Bytes bytes) {
  const auto reply = parse_icmp4em_reply(bytes);
  if (!reply) return;
  fuzz::require_inside(reply->payload, bytes);
  const auto written = encode(*reply);
  fuzz::require(written.size() == bytes.size() &&
                std::ranges::equal(fuzz::Bytes{written}.subspan(4), bytes.subspan(4)));
}

void check_error(fuzz::Bytes bytes) {
  const auto error = parse_icmp4em_error(bytes);
  if (!error) return;
  fuzz::require_inside(error->quoted, bytes);
  fuzz::require(error->quoted.size() <= error->payload_size && error->destination.family() != Family::ipv6);
  const auto written = encode(*error);
  fuzz::require(written.size() <= smallest_icmp4em_error + most_icmp4em_quoted);
  const auto again = parse_icmp4em_error(written);
  fuzz::require(again.has_value() && again->type == error->type && again->code == error->code);
  fuzz::require(again->id == error->id && again->sequence == error->sequence && again->mtu == error->mtu);
  fuzz::require(again->destination == error->destination && again->checksum == error->checksum);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Bytes bytes{data, size};
  check_request(bytes);
  check_reply(bytes);
  check_error(bytes);
  return 0;
}
