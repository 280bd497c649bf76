// Fuzzes the messages between the broker and its clients: no bytes may crash the parser, and a valid message is written
// back as the same bytes.
#include <algorithm>
#include <array>

#include "broker/broker_frames.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace multiping;
using namespace multiping::broker;

void check_request(fuzz::Bytes bytes) {
  const auto request = parse_broker_request(bytes);
  if (!request) return;
  if (request->version != broker_version) return fuzz::require(*request == BrokerRequest{.version = request->version});
  fuzz::require(request->family == Family::ipv4 || request->family == Family::ipv6);
  fuzz::require(request->count >= 1 && request->count <= most_sockets_at_once);
  fuzz::require(!request->source || request->source.family() == request->family);
  fuzz::require(std::ranges::equal(encode(*request), bytes));
}

void check_reply(fuzz::Bytes bytes) {
  const auto reply = parse_broker_reply(bytes);
  if (reply) fuzz::require(std::ranges::equal(encode(*reply), bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Bytes bytes{data, size};
  check_request(bytes);
  check_reply(bytes);
  return 0;
}
