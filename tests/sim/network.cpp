// Finds the host that gets a request, and decides whether and when it answers. Routers are in routers.cpp, messages in
// host_messages.cpp. See network.hpp.
#include "sim/network.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "sim/host_messages.hpp"
#include "sim/message_edits.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

constexpr std::uint64_t router_purpose = 2;  // selects the random number for routers
constexpr std::uint64_t first_purpose = 17;  // selects the first of the random numbers for answers

// The rule for the port, else the rule for all ports of the protocol; null when there is none.
const PortRule* port_rule(const HostRule& host, const Datagram& request) {
  const PortRule* any = nullptr;
  for (const PortRule& rule : host.ports) {
    if (rule.protocol != request.protocol()) continue;
    if (rule.port == port_of(request)) return &rule;
    if (rule.port == 0) any = &rule;
  }
  return any;
}

}  // namespace

struct SimNetwork::Request {
  const Datagram& datagram;
  unsigned attempt = 0;
  mutable std::uint64_t purpose = first_purpose;  // a different one for each answer to this request
};

std::size_t SimNetwork::DestinationHash::operator()(const Destination& destination) const noexcept {
  const auto kind =
      (static_cast<std::uint64_t>(destination.protocol) << 16U) | static_cast<std::uint64_t>(destination.port);
  return static_cast<std::size_t>(std::hash<Address>{}(destination.address) ^ (kind * 0x9E3779B97F4A7C15U));
}

SimNetwork::SimNetwork(const Scenario& scenario) : scenario_{std::make_shared<const Scenario>(scenario)} {
  for (std::size_t i = 0; i < scenario.hosts.size(); ++i) rules_.add(scenario.hosts[i].block, i);
}

const HostRule* SimNetwork::rule_of(const Address& target) const {
  const auto index = rules_.find(target);
  return index ? &scenario_->hosts[*index] : nullptr;
}

std::uint64_t SimNetwork::draw(const Address& target, unsigned attempt, std::uint64_t purpose) const {
  std::uint64_t value = mix(scenario_->seed ^ (purpose << 32U) ^ attempt);
  for (const std::uint8_t octet : target.bytes()) value = mix(value ^ octet);
  return value;
}

bool SimNetwork::loses(const Address& target, unsigned attempt) const {
  const HostRule* rule = rule_of(target);
  return rule == nullptr || lost(*rule, target, attempt);
}

bool SimNetwork::lost(const HostRule& rule, const Address& target, unsigned attempt) const {
  if (std::ranges::find(rule.lost, attempt) != rule.lost.end()) return true;
  constexpr double whole = 18446744073709551616.0;  // 2^64
  return rule.loss > 0 && static_cast<double>(draw(target, attempt, 1)) < rule.loss * whole;
}

std::vector<Delivery> SimNetwork::answer(Instant now, ByteView packet, std::size_t largest_piece) {
  auto datagram = parse_datagram(packet);
  if (!datagram) return {};
  datagram->ip.largest_piece = largest_piece;
  if (!sound(*datagram)) {
    ++unsound_;
    return {};
  }
  if (!is_request(*datagram)) return {};
  ++requests_;
  const Address& target = datagram->ip.destination;
  const HostRule* rule = rule_of(target);
  if (rule == nullptr || !looks_like(rule->only_if, *datagram)) return {};
  const Request request{*datagram, ++attempts_[{target, datagram->protocol(), port_of(*datagram)}]};
  std::vector<Delivery> out;
  if (lost(*rule, target, request.attempt)) return out;
  const Routers::Passing passing{now, *datagram, draw(target, request.attempt, router_purpose)};
  if (routers_.pass(*rule, passing, out)) deliver(*rule, request, out);
  return out;
}

void SimNetwork::deliver(const HostRule& rule, const Request& request, std::vector<Delivery>& out) const {
  for (const RouterError& error : rule.errors) out.push_back({error.delay, error_packet(error, request.datagram)});
  if (request.datagram.protocol() != Protocol::icmp) {
    const PortRule* port = port_rule(rule, request.datagram);
    if (port != nullptr) deliver_to_port(*port, request, out);
    return;
  }
  if (request.attempt == 1) forge(rule.forgeries, request, out);
  for (const EchoReply& each : rule.replies) answer_as(each, request, accepting(request.datagram), out);
}

void SimNetwork::deliver_to_port(const PortRule& port, const Request& request, std::vector<Delivery>& out) const {
  for (const RouterError& error : port.errors) out.push_back({error.delay, error_packet(error, request.datagram)});
  for (const EchoReply& each : port.declines) answer_as(each, request, declining(request.datagram), out);
  for (const EchoReply& each : port.accepts) answer_as(each, request, accepting(request.datagram), out);
}

void SimNetwork::answer_as(const EchoReply& reply, const Request& request, Bytes message,
                           std::vector<Delivery>& out) const {
  const IpHeader& asked = request.datagram.ip;
  const std::uint64_t random = draw(asked.destination, request.attempt, request.purpose++);
  for (const Edit& edit : reply.edits) apply(edit, asked.protocol, random, message);
  IpHeader ip{reply.from ? reply.from : asked.destination, asked.source, reply.ttl, reply.tos, reply.ip_options};
  ip.protocol = asked.protocol;
  const Bytes packet = finish(ip, std::move(message), spoils(reply.edits));
  Duration delay = reply.delay;
  if (reply.jitter > Duration{}) delay += Duration{static_cast<Duration::rep>(random >> 1U) % reply.jitter.count()};
  for (unsigned copy = 0; copy < reply.copies; ++copy) out.push_back({delay + copy * reply.gap, packet});
}

void SimNetwork::forge(const Forgeries& forgeries, const Request& request, std::vector<Delivery>& out) const {
  const IpHeader& asked = request.datagram.ip;
  const IpHeader ip{asked.destination, asked.source};
  for (unsigned i = 0; i < forgeries.count; ++i) {
    Bytes icmp = accepting(request.datagram);
    const std::uint64_t random = draw(asked.destination, request.attempt, 1000 + i);
    const Edit tricks[] = {
        {Edit::Kind::add_to_id, 1}, {Edit::Kind::add_to_sequence, 1}, {Edit::Kind::random_payload, 0}};
    apply(tricks[i % 3], Protocol::icmp, random, icmp);
    out.push_back({forgeries.over * i / forgeries.count, finish(ip, std::move(icmp), false)});
  }
}

}  // namespace multiping::test
