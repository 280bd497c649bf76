// The kernel answers a request during the call that sends it, so no read waits.
// See rtnetlink_client.hpp.
#include "os/rtnetlink_client.hpp"

#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "os/clock.hpp"
#include "os/netlink_message.hpp"
#include "os/probe_option_support.hpp"
#include "os/rtnetlink_answers.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

using namespace std::chrono_literals;
using netlink::Message;
using netlink::Request;

/// The kernel fills at most so much of a list into one read.
constexpr std::size_t one_read = 32'768;
/// Of a longer list of routes or neighbours, the rest is not read: it would take longer than all other questions.
constexpr std::size_t longest_list = 2 * one_read;
/// No more is asked after so much time of this processor, or so much time at all: a question may wait for a change of
/// the network that is under way.
constexpr Duration most_work = 2ms, longest_questioning = 50ms;

unsigned char family_number(Family family) noexcept { return family == Family::ipv4 ? AF_INET : AF_INET6; }

/// The way of one packet, or the route that it matches, with all its next hops.
enum class Wanted : unsigned { way = 0, route = RTM_F_FIB_MATCH };

Request<rtmsg> way_question(const Address& to, const ProbeOptions& probe, std::uint32_t device,
                            Wanted wanted) noexcept {
  const bool v4 = to.family() == Family::ipv4;
  const Address& source = source_of(probe, to.family());
  rtmsg route{};
  route.rtm_family = family_number(to.family());
  route.rtm_dst_len = static_cast<unsigned char>(8 * to.bytes().size());
  route.rtm_src_len = static_cast<unsigned char>(8 * source.bytes().size());
  route.rtm_flags = static_cast<unsigned>(wanted);
  if (v4) route.rtm_tos = static_cast<unsigned char>(probe.tos & IPTOS_TOS_MASK);
  Request<rtmsg> request{RTM_GETROUTE, 0, route};
  request.add(RTA_DST, to.bytes());
  if (source) request.add(RTA_SRC, source.bytes());
  if (device != 0) request.add(RTA_OIF, device);
  if (probe.mark) request.add(RTA_MARK, *probe.mark);
  return request;
}

Request<ndmsg> neighbour_question(const Address& address, std::uint32_t device) noexcept {
  ndmsg neighbour{};
  neighbour.ndm_family = family_number(address.family());
  neighbour.ndm_ifindex = static_cast<int>(device);
  Request<ndmsg> request{RTM_GETNEIGH, 0, neighbour};
  request.add(NDA_DST, address.bytes());
  return request;
}

}  // namespace

bool KernelNetwork::has_time() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID) - worked_ < most_work && monotonic_now() - began_ < longest_questioning;
}

void KernelNetwork::begin() {
  began_ = monotonic_now();
  worked_ = read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void KernelNetwork::end() noexcept {
  socket_ = {};
  calls_.end();
}

void KernelNetwork::call(const Address& next_hop, std::uint32_t device, const Address& to, const ProbeOptions& probe) {
  calls_.call({device, next_hop}, to, probe);
}

std::optional<Instant> KernelNetwork::answered_call(const Address& next_hop, std::uint32_t device) {
  return calls_.answered({device, next_hop});
}

Instant KernelNetwork::now() { return monotonic_now(); }

std::uint32_t KernelNetwork::device(const std::string& name) { return ::if_nametoindex(name.c_str()); }

/// A socket whose list was not read to its end is closed: the rest of the list goes with it.
bool KernelNetwork::ask(Bytes request) {
  if (room_.empty()) room_.resize(one_read);
  if (!socket_) socket_ = FileDescriptor{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket_) return false;
  ++asked_;
  return ::send(socket_.value(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size());
}

KernelNetwork::Bytes KernelNetwork::read_some() {
  const ssize_t got = ::recv(socket_.value(), room_.data(), room_.size(), MSG_DONTWAIT);
  return Bytes{room_}.first(got > 0 ? static_cast<std::size_t>(got) : 0);
}

/// Calls `read(message)` for each entry of the list that `request` asks for.
template <class Read>
KernelNetwork::End KernelNetwork::list(Bytes request, Read read) {
  if (!ask(request)) return End::failed;
  for (std::size_t total = 0; total < longest_list;) {
    Bytes bytes = read_some();
    total += std::max(bytes.size(), sizeof(nlmsghdr));
    if (bytes.empty()) break;
    while (const auto message = netlink::take_message(bytes)) {
      if (message->sequence != sequence_) continue;
      if (message->type == NLMSG_DONE) return End::whole;
      if (message->type == NLMSG_ERROR) return End::failed;
      read(*message);
    }
  }
  socket_ = {};
  return End::too_long;
}

/// Calls `read(message)` for the answer; returns the kernel's error instead, or EAGAIN when there is no answer.
template <class Read>
std::error_code KernelNetwork::question(Bytes request, Read read) {
  if (!ask(request)) return {EAGAIN, std::generic_category()};
  Bytes bytes = read_some();
  while (const auto message = netlink::take_message(bytes)) {
    if (message->sequence != sequence_) continue;
    if (message->type != NLMSG_ERROR) return read(*message), std::error_code{};
    const auto error = message->fixed<int>();
    return {error ? -*error : EAGAIN, std::generic_category()};
  }
  return {EAGAIN, std::generic_category()};
}

/// True when there are only the rules that each namespace begins with, so that no mark, source or TOS chooses a table.
bool KernelNetwork::has_plain_rules(Family family) {
  fib_rule_hdr rule{};
  rule.family = family_number(family);
  Request<fib_rule_hdr> request{RTM_GETRULE, NLM_F_DUMP, rule};
  bool plain = true;
  const End end = list(request.bytes(++sequence_),
                       [&](const Message& message) { plain = plain && kernel::is_first_rule(message); });
  return end == End::whole && plain;
}

std::optional<std::vector<net::RouteEntry>> KernelNetwork::routes(Family family) {
  if (!has_plain_rules(family)) return std::nullopt;
  rtmsg route{};
  route.rtm_family = family_number(family);
  Request<rtmsg> request{RTM_GETROUTE, NLM_F_DUMP, route};
  std::vector<net::RouteEntry> routes;
  const End end = list(request.bytes(++sequence_), [&](const Message& message) {
    if (auto entry = kernel::route_in(message)) routes.push_back(*entry);
  });
  if (end != End::whole) return std::nullopt;
  return routes;
}

std::optional<net::WayOut> KernelNetwork::way_out(const Address& to, const ProbeOptions& probe) {
  const std::uint32_t asked_for = probe.device.empty() ? to.scope_id() : device(probe.device);
  Request<rtmsg> request = way_question(to, probe, asked_for, Wanted::way);
  std::optional<net::WayOut> way;
  const std::error_code error =
      question(request.bytes(++sequence_), [&](const Message& message) { way = kernel::way_in(message); });
  if (error == std::errc::resource_unavailable_try_again) return std::nullopt;
  if (error) way = net::WayOut{.error = error};
  if (!way) return way;
  if (!way->source) way->source = source_of(probe, to.family());
  if (!way->gateway) return way;
  Request<rtmsg> route = way_question(to, probe, asked_for, Wanted::route);
  const std::error_code unanswered =
      question(route.bytes(++sequence_), [&](const Message& message) { way->several = kernel::has_several(message); });
  if (unanswered) way->several = true;  // it may have
  return way;
}

std::optional<net::Neighbour> KernelNetwork::neighbour(const Address& address, std::uint32_t device) {
  Request<ndmsg> request = neighbour_question(address, device);
  std::optional<net::Neighbour> found;
  const std::error_code none =
      question(request.bytes(++sequence_), [&](const Message& message) { found = kernel::neighbour_in(message); });
  return none ? std::nullopt : found;
}

std::vector<net::Neighbour> KernelNetwork::neighbours(Family family, std::uint32_t device) {
  ndmsg neighbour{};
  neighbour.ndm_family = family_number(family);
  Request<ndmsg> request{RTM_GETNEIGH, NLM_F_DUMP, neighbour};
  request.add(NDA_IFINDEX, device);
  std::vector<net::Neighbour> found;
  static_cast<void>(list(request.bytes(++sequence_), [&](const Message& message) {
    if (auto entry = kernel::neighbour_in(message); entry && entry->device == device) found.push_back(*entry);
  }));
  return found;
}

std::optional<net::Link> KernelNetwork::link(std::uint32_t device) {
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(device);
  Request<ifinfomsg> request{RTM_GETLINK, 0, link};
  std::optional<net::Link> found;
  const std::error_code none =
      question(request.bytes(++sequence_), [&](const Message& message) { found = kernel::link_in(message); });
  return none ? std::nullopt : found;
}

}  // namespace multiping::os
