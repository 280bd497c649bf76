// Derives the facts of a profile once, when its options are set.
// See profile_table.hpp.
#include "net/profile_table.hpp"

#include <algorithm>
#include <utility>

#include "packet/icmp.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"
#include "values/protocol_traits.hpp"

namespace multiping::net {
namespace {

std::size_t message_size(Protocol protocol, std::size_t payload_size) noexcept {
  switch (protocol) {
    case Protocol::udp:
      return payload_size;
    case Protocol::tcp:
      return packet::tcp_syn_size;
    case Protocol::sctp:
      return packet::sctp_init_size;
    case Protocol::icmp:
      break;
  }
  return packet::icmp_header_size + payload_size;
}

}  // namespace

Route route_of(const SendPath& way) noexcept {
  switch (way.kind) {
    case SendPath::Kind::socket_id:
      return {.state = Route::State::socket_id, .socket_id = way.socket_id};
    case SendPath::Kind::connection:
      return {.state = Route::State::connection};
    case SendPath::Kind::none:
      break;
  }
  return {.state = Route::State::none, .error = way.error};
}

void ProfileTable::make_room_for_random(ProfileFacts& facts, std::size_t size) {
  const auto bytes = std::make_shared<std::vector<std::uint8_t>>(size);
  facts.random = *bytes;
  facts.image = *bytes;
  facts.image_owner = bytes;
}

ProfileFacts ProfileTable::facts_of(const ProbeOptions& options) {
  ProfileFacts facts{.protocol = options.protocol,
                     .port = destination_port(options),
                     .source_port = static_cast<std::uint16_t>(options.source_port),
                     .may_be_cut = !options.dont_fragment};
  const bool has_payload = traits(options.protocol).has_payload;
  if (has_payload && options.random_payload)
    make_room_for_random(facts, options.payload_size);
  else if (has_payload)
    facts.image = images_.image(options.pattern, options.payload_size, facts.image_owner);
  facts.message_size = message_size(facts.protocol, facts.image.size());
  if (facts.protocol == Protocol::icmp || (connects(options) && facts.source_port == 0)) facts.flow = options.flow;
  if (facts.protocol == Protocol::udp && facts.source_port == 0 && !options.flow) facts.turns = udp_turns;
  return facts;
}

void ProfileTable::set(ProfileNumber profile, const ProbeOptions& options) {
  ProfileFacts facts = facts_of(options);
  if (profile >= facts_.size()) facts_.resize(std::size_t{profile} + 1);
  if (profile >= routes_.size()) routes_.resize(facts_.size());
  facts_[profile] = std::move(facts);
  routes_[profile] = {};
  has_udp_ = has_udp_ || options.protocol == Protocol::udp;
  largest_message_ = std::max(largest_message_, facts_[profile].message_size);
}

}  // namespace multiping::net
