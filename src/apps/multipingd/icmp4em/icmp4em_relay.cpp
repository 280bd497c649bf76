// Finds a probe by destination and sequence number, and counts the probes of each client and each address.
// See icmp4em_relay.hpp.
#include "apps/multipingd/icmp4em/icmp4em_relay.hpp"

#include <algorithm>
#include <iterator>

#include "packet/internet_checksum.hpp"
#include "packet/writer.hpp"

namespace multiping::daemon {
namespace {

constexpr int most_sequence_tries = 64;
constexpr std::uint8_t most_errors_told = 4;  // of one probe: errors are easily forged or repeated
constexpr std::size_t packet_payload = 1472;  // bytes, of an echo in an IPv4 packet of 1500 bytes
constexpr std::size_t network_half = 8;       // octets of an IPv6 address that are its network's, a /64

/// The key under which all clients of this client's address are counted; its port is 0.
Icmp4emClient one_address(const Icmp4emClient& client) noexcept {
  const auto octets = client.address.bytes();
  if (client.address.family() == Family::ipv4)
    return {.address = octets[0] == 127 ? Address::v4({127, 0, 0, 0}) : client.address};
  std::array<std::uint8_t, 16> network{};
  std::copy_n(octets.begin(), std::min(octets.size(), network_half), network.begin());
  return {.address = Address::v6(network, client.address.scope_id())};
}

std::uint64_t hash_of(const packet::SipKey& key, const Address& address, std::uint16_t number) noexcept {
  std::array<std::uint8_t, 24> bytes{};
  packet::Writer out{bytes};
  out.u16(number);
  out.u16(static_cast<std::uint16_t>(address.family()));
  out.u32(address.scope_id());
  out.bytes(address.bytes());
  return packet::siphash(key, bytes);
}

}  // namespace

const char* to_string(Icmp4emLimit limit) noexcept {
  switch (limit) {
    case Icmp4emLimit::rate:
      return "too many requests";
    case Icmp4emLimit::pending_of_client:
      return "too many probes of this client without an answer";
    case Icmp4emLimit::pending_of_address:
      return "too many probes of this address without an answer";
    case Icmp4emLimit::pending:
      return "too many probes without an answer";
    case Icmp4emLimit::sequences:
      return "too many probes of one destination without an answer";
    case Icmp4emLimit::none:
      break;
  }
  return "none";
}

std::size_t Icmp4emRelay::KeyHash::operator()(const Key& of) const noexcept {
  return static_cast<std::size_t>(hash_of(key, of.destination, of.sequence));
}

std::size_t Icmp4emRelay::ClientHash::operator()(const Icmp4emClient& client) const noexcept {
  return static_cast<std::size_t>(hash_of(key, client.address, client.port));
}

Icmp4emRelay::Icmp4emRelay(const Icmp4emLimits& limits, const packet::SipKey& key, std::uint16_t wire_id)
    : limits_{limits},
      key_{key},
      wire_id_{wire_id},
      codec_{key},
      by_key_(0, KeyHash{key}),
      of_client_(0, ClientHash{key}),
      of_address_(0, ClientHash{key}),
      client_rates_{limits.requests_of_client, limits.clients},
      assured_rates_{limits.assured_to_client, limits.clients},
      address_rates_{limits.requests_of_address, limits.clients},
      reserve_rates_{limits.reserve_of_address, limits.clients},
      notice_rates_{limits.notices_of_address, limits.clients} {}

bool Icmp4emRelay::in_rate(const Icmp4emClient& client, std::size_t payload_size, Instant now) {
  const Icmp4emClient address = one_address(client);
  const std::size_t packets = std::max<std::size_t>(1, (payload_size + packet_payload - 1) / packet_payload);
  for (std::size_t packet = 0; packet < packets; ++packet) {
    // The client's rate comes first, so that its excess requests use up nothing of its address's rate.
    if (client_rates_.take(client, now) > Duration::zero()) return false;
    if (address_rates_.take(address, now) > Duration::zero() && !is_assured(client, now)) return false;
  }
  return true;
}

bool Icmp4emRelay::is_assured(const Icmp4emClient& client, Instant now) {
  return assured_rates_.take(client, now) <= Duration::zero() &&
         reserve_rates_.take(one_address(client), now) <= Duration::zero();
}

Icmp4emLimit Icmp4emRelay::limit_of(const Icmp4emClient& client, std::size_t payload_size, Instant now) {
  const auto count = [](const auto& counts, const Icmp4emClient& of) {
    const auto found = counts.find(of);
    return found == counts.end() ? std::size_t{0} : found->second;
  };
  if (!in_rate(client, payload_size, now)) return Icmp4emLimit::rate;
  if (count(of_client_, client) >= limits_.pending_of_client) return Icmp4emLimit::pending_of_client;
  if (count(of_address_, one_address(client)) >= limits_.pending_of_address) return Icmp4emLimit::pending_of_address;
  return probes_.size() >= limits_.pending ? Icmp4emLimit::pending : Icmp4emLimit::none;
}

/// The number is a keyed permutation of a serial number. It repeats only after 65,536 numbers, and a client that has
/// seen some cannot predict the next.
std::optional<std::uint16_t> Icmp4emRelay::free_sequence(const Address& destination) {
  for (int tries = 0; tries < most_sequence_tries; ++tries) {
    const std::uint16_t sequence = codec_.sequence(next_serial_++);
    if (!by_key_.contains({destination, sequence})) return sequence;
  }
  return std::nullopt;
}

Icmp4emRelay::Ticket Icmp4emRelay::accept(const Icmp4emClient& client, const icmp4em::Icmp4emRequest& request,
                                          Instant now) {
  if (const Icmp4emLimit limit = limit_of(client, request.payload.size(), now); limit != Icmp4emLimit::none)
    return {.refused = limit};
  const auto sequence = free_sequence(request.destination);
  if (!sequence) return {.refused = Icmp4emLimit::sequences};
  Probe probe{.key = {request.destination, *sequence},
              .client = client,
              .sent = now,
              .payload_hash = packet::siphash(key_, request.payload),
              .payload_size = static_cast<std::uint32_t>(request.payload.size()),
              .id = request.id,
              .sequence = request.sequence,
              .checksum = request.checksum,
              .wire_checksum = wire_checksum(*sequence, request.payload)};
  std::copy_n(request.payload.begin(), std::min(request.payload.size(), head_size), probe.head.begin());
  insert(probe);
  return {.sequence = *sequence};
}

bool Icmp4emRelay::may_tell(const Icmp4emClient& client, Instant now) {
  return notice_rates_.take(one_address(client), now) <= Duration::zero();
}

void Icmp4emRelay::empty_bucket(const Icmp4emClient& client, Instant now) {
  const Rate& rate = limits_.requests_of_client;
  if (rate.per_second <= 0) return;
  for (double taken = 0; taken <= rate.burst && client_rates_.take(client, now) <= Duration::zero();) ++taken;
}

std::uint16_t Icmp4emRelay::wire_checksum(std::uint16_t sequence,
                                          std::span<const std::uint8_t> payload) const noexcept {
  packet::Checksum sum;
  sum.add_u16(packet::icmpv4::echo_request << 8);
  sum.add_u16(wire_id_);
  sum.add_u16(sequence);
  sum.add(payload);
  return sum.value();
}

Icmp4emRelay::Probe* Icmp4emRelay::find(const Address& destination, std::uint16_t sequence, Instant now) {
  const auto found = by_key_.find({destination, sequence});
  if (found == by_key_.end() || now >= after(found->second->sent, limits_.wait)) return nullptr;
  return &*found->second;
}

std::optional<Icmp4emRelay::Delivery> Icmp4emRelay::answered(const Address& source, const icmp4em::Icmp4emReply& reply,
                                                             Instant now) {
  const Probe* probe = find(source, reply.sequence, now);
  if (probe == nullptr || probe->payload_size != reply.payload.size()) return std::nullopt;
  if (probe->payload_hash != packet::siphash(key_, reply.payload)) return std::nullopt;
  const Delivery delivery{.client = probe->client, .id = probe->id, .sequence = probe->sequence};
  withdraw(source, reply.sequence);
  return delivery;
}

/// A quote can be cut anywhere, and can have padding after the end of the payload.
bool Icmp4emRelay::agrees(const Probe& probe, const packet::QuotedEcho& quote) noexcept {
  const std::size_t size = std::min({quote.payload.size(), head_size, std::size_t{probe.payload_size}});
  // The checksum of ICMPv6 depends on the source address, which only the kernel knows.
  const bool v4 = probe.key.destination.family() == Family::ipv4;
  return (!v4 || quote.checksum == probe.wire_checksum) &&
         std::equal(quote.payload.begin(), std::next(quote.payload.begin(), static_cast<std::ptrdiff_t>(size)),
                    probe.head.begin());
}

std::optional<Icmp4emRelay::Complaint> Icmp4emRelay::failed(const Address& destination, const packet::QuotedEcho& quote,
                                                            const Icmp4emVerdict& verdict, Instant now) {
  Probe* probe = find(destination, quote.sequence, now);
  if (probe == nullptr || probe->errors_told >= most_errors_told || !agrees(*probe, quote)) return std::nullopt;
  ++probe->errors_told;
  const std::size_t quoted =
      std::min({quote.payload.size(), std::size_t{probe->payload_size}, icmp4em::most_icmp4em_quoted});
  return Complaint{.client = probe->client,
                   .error = {.type = verdict.type,
                             .code = verdict.code,
                             .mtu = verdict.mtu,
                             .destination = destination.family() == Family::ipv4 ? destination : Address{},
                             .id = probe->id,
                             .sequence = probe->sequence,
                             .checksum = probe->checksum,
                             .payload_size = probe->payload_size,
                             .quoted = quote.payload.first(quoted)}};
}

void Icmp4emRelay::insert(const Probe& probe) {
  probes_.push_back(probe);
  by_key_.emplace(probe.key, std::prev(probes_.end()));
  ++of_client_[probe.client];
  ++of_address_[one_address(probe.client)];
}

void Icmp4emRelay::erase(Probes::iterator probe) {
  const auto take_one = [](auto& counts, const Icmp4emClient& of) {
    const auto found = counts.find(of);
    if (--found->second == 0) counts.erase(found);
  };
  take_one(of_client_, probe->client);
  take_one(of_address_, one_address(probe->client));
  by_key_.erase(probe->key);
  probes_.erase(probe);
}

void Icmp4emRelay::withdraw(const Address& destination, std::uint16_t sequence) {
  const auto found = by_key_.find({destination, sequence});
  if (found != by_key_.end()) erase(found->second);
}

std::size_t Icmp4emRelay::expire(Instant now) {
  const std::size_t before = probes_.size();
  while (!probes_.empty() && now >= after(probes_.front().sent, limits_.wait)) erase(probes_.begin());
  return before - probes_.size();
}

}  // namespace multiping::daemon
