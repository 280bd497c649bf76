// Derives the facts of a shape once, when its options are set.
// See shape_table.hpp.
#include "net/shape_table.hpp"

#include <algorithm>
#include <utility>

#include "net/destination_port.hpp"
#include "packet/icmp.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"

namespace multiping::net {
namespace {

Carrier carrier_of(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::udp:
      return Carrier::udp;
    case Protocol::tcp:
      return Carrier::tcp;
    case Protocol::sctp:
      return Carrier::sctp;
    case Protocol::icmp:
      break;
  }
  return Carrier::icmp;
}

std::size_t message_size(Carrier carrier, std::size_t payload_size) noexcept {
  switch (carrier) {
    case Carrier::udp:
      return payload_size;
    case Carrier::tcp:
      return packet::tcp_syn_size;
    case Carrier::sctp:
      return packet::sctp_init_size;
    case Carrier::icmp:
      break;
  }
  return packet::icmp_header_size + payload_size;
}

}  // namespace

Route route_of(const Way& way) noexcept {
  switch (way.kind) {
    case Way::Kind::lane:
      return {.state = Route::State::lane, .lane = way.lane};
    case Way::Kind::connection:
      return {.state = Route::State::connection};
    case Way::Kind::none:
      break;
  }
  return {.state = Route::State::none, .error = way.error};
}

ShapeFacts ShapeTable::facts_of(const ProbeOptions& options) {
  ShapeFacts facts{.carrier = carrier_of(options.protocol),
                   .port = destination_port(options),
                   .source_port = static_cast<std::uint16_t>(options.source_port),
                   .may_be_cut = !options.dont_fragment};
  const bool has_payload = facts.carrier == Carrier::icmp || facts.carrier == Carrier::udp;
  if (has_payload) facts.image = images_.image(options.pattern, options.payload_size, facts.image_owner);
  facts.message_size = message_size(facts.carrier, facts.image.size());
  const bool connects = facts.carrier == Carrier::tcp && !options.half_open && facts.source_port == 0;
  if (facts.carrier == Carrier::icmp || connects) facts.flow = options.flow;
  if (facts.carrier == Carrier::udp && facts.source_port == 0 && !options.flow) facts.turns = udp_turns;
  return facts;
}

void ShapeTable::set(ShapeNumber shape, const ProbeOptions& options) {
  ShapeFacts facts = facts_of(options);
  if (shape >= facts_.size()) facts_.resize(std::size_t{shape} + 1);
  if (shape >= routes_.size()) routes_.resize(facts_.size());
  facts_[shape] = std::move(facts);
  routes_[shape] = {};
  largest_message_ = std::max(largest_message_, facts_[shape].message_size);
}

}  // namespace multiping::net
