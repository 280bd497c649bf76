// Each wake-up handles a bounded number of packets, so that other users of the loop have their turn.
// See icmp4em_server.hpp.
#include "apps/multipingd/icmp4em/icmp4em_server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/multipingd/icmp4em/blocked_sources.hpp"
#include "apps/multipingd/icmp4em/icmp4em_sockets.hpp"
#include "os/control_message.hpp"
#include "os/error_queue.hpp"
#include "os/sendmmsg_arrays.hpp"
#include "os/socket_basics.hpp"
#include "packet/icmp.hpp"
#include "packet/siphash.hpp"

namespace multiping::daemon {
namespace {

using Bytes = std::span<const std::uint8_t>;
using namespace std::chrono_literals;

constexpr std::size_t packets_at_once = 32, largest_packet = 65536;
constexpr std::size_t errors_at_once = 16, largest_error = 512;  // only the beginning of an error is needed
constexpr int most_batches = 8;                                  // for one wake-up
constexpr int most_send_tries = 3;
constexpr std::size_t send_room = std::size_t{16} << 20U;
constexpr Duration between_expiries = 100ms;

packet::SipKey random_key() {
  packet::SipKey key;
  os::fill_random(key.bytes.data(), key.bytes.size());
  return key;
}

std::string text_of(const Icmp4emClient& client) {
  const std::string address = icmp4em::numeric_text(client.address);
  const bool v6 = client.address.family() == Family::ipv6;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(client.port);
}

}  // namespace

class Icmp4emServer::Impl {
 public:
  Impl(os::EventLoop& loop, Log& log, Icmp4emServerSetup setup)
      : loop_{loop},
        log_{log},
        policy_{std::move(setup.policy)},
        udp_{std::move(setup.udp)},
        udp_is_v6_{family_of(udp_.value()) == AF_INET6},
        relay_{policy_.limits, random_key(), setup.v4.id} {
    add(Family::ipv4, std::move(setup.v4));
    add(Family::ipv6, std::move(setup.v6));
    loop_.watch(udp_.value(), [this] { read_requests(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    if (timer_) loop_.cancel(*timer_);
    if (release_timer_) loop_.cancel(*release_timer_);
    stop_accepting();
    for (const Prober& prober : {std::cref(v4_), std::cref(v6_)}) {
      if (prober.ping.socket) loop_.unwatch(prober.ping.socket.value());
    }
  }

  void stop_accepting() noexcept { loop_.unwatch(udp_.value()); }
  [[nodiscard]] std::size_t pending() const noexcept { return relay_.pending(); }
  [[nodiscard]] const Icmp4emFigures& figures() const noexcept { return figures_; }

 private:
  /// The ping socket for the probes of one family.
  struct Prober {
    Family family = Family::any;
    os::PingSocket ping{};
  };

  [[nodiscard]] Prober& prober_of(Family family) noexcept { return family == Family::ipv4 ? v4_ : v6_; }

  void add(Family family, os::PingSocket ping) {
    Prober& prober = prober_of(family);
    prober.ping = std::move(ping);
    if (!prober.ping.socket) return;
    os::raise_buffer(prober.ping.socket.value(), SO_SNDBUF, SO_SNDBUFFORCE, send_room);
    loop_.watch(prober.ping.socket.value(), [this, &prober] { read_answers(prober); });
  }

  [[nodiscard]] bool may_ask(const Address& client) const noexcept {
    if (policy_.clients.empty()) return is_loopback(client);
    return std::ranges::any_of(policy_.clients, [&](const ClientPrefix& network) { return network.contains(client); });
  }

  /// Reads answers after each batch of requests: else they could fill the receive buffers of the ping sockets.
  void read_requests() {
    int got = static_cast<int>(packets_at_once);
    for (int batches = 0; batches < most_batches && got == static_cast<int>(packets_at_once); ++batches) {
      got = read(udp_.value(), batch_, 0);
      const Instant now = os::EventLoop::now();
      for (int i = 0; i < got; ++i) serve(static_cast<std::size_t>(i), now);
      if (got == static_cast<int>(packets_at_once) && is_crowded(udp_.value())) blame(now);
      if (v4_.ping.socket) read_answers(v4_);
      if (v6_.ping.socket) read_answers(v6_);
    }
    expire_later();
  }

  /// The number of packets read. 0 also on an error: that is one of an earlier packet, and the socket stays usable.
  static int read(int socket, os::RecvmmsgArrays& batch, int flags) noexcept {
    const std::span<mmsghdr> room = batch.fresh(true);
    const int got = ::recvmmsg(socket, room.data(), static_cast<unsigned>(room.size()), flags | MSG_DONTWAIT, nullptr);
    batch.filled(static_cast<std::size_t>(std::max(got, 0)));
    return std::max(got, 0);
  }

  void serve(std::size_t packet, Instant now) {
    const Icmp4emClient client{.address = batch_.from(packet), .port = batch_.port(packet)};
    const Bytes datagram = batch_.bytes(packet);
    if (throttle_.is_muted(client)) return;  // arrived before the filter was set
    ++figures_.requests;
    if (!may_ask(client.address)) {
      ++figures_.denied;
      return reject("icmp4em denied", client, "not of a network that may ask", now);
    }
    const icmp4em::ParsedIcmp4emRequest parsed = icmp4em::parse_icmp4em_request(datagram);
    if (parsed.fault != icmp4em::Icmp4emFault::none) return reject(client, parsed.fault, now);
    const auto ticket = relay_.accept(client, parsed.request, now);
    if (ticket.refused == Icmp4emLimit::none) return send_probe(client, parsed.request, ticket.sequence);
    ++figures_.limited;
    if (relay_.may_tell(client, now)) refuse(client, parsed.request, datagram.size());
    reject("icmp4em limit", client, to_string(ticket.refused), now);
  }

  void reject(const Icmp4emClient& client, icmp4em::Icmp4emFault fault, Instant now) {
    if (fault == icmp4em::Icmp4emFault::other_type) {
      ++figures_.passed_over;
      return hold_against(client, now);
    }
    ++figures_.faulty;
    reject("icmp4em fault", client, to_string(fault), now);
  }

  void reject(std::string_view kind, const Icmp4emClient& client, const char* reason, Instant now) {
    report(kind, client, reason, now);
    hold_against(client, now);
  }

  void hold_against(const Icmp4emClient& client, Instant now) {
    if (throttle_.refused(client, now)) mute(client, now);
  }

  /// Keeps the datagrams of muted clients out of the receive buffer. All clients share it, and the fastest sender would
  /// fill it. If the system refuses the filter, these datagrams still arrive and serve() drops them.
  void mute(const Icmp4emClient& client, Instant now) {
    ++figures_.muted;
    report("icmp4em mute", client, "it goes on asking, and is not listened to for a while", now);
    set_filter();
    release_later();
  }

  /// Called when requests come faster than this process serves them, though they may be within the rates. Counts the
  /// requests of a client that sent more than half of the batch as refused, which may mute the client.
  void blame(Instant now) {
    std::array<Icmp4emClient, packets_at_once> clients{};
    for (std::size_t i = 0; i < clients.size(); ++i) clients.at(i) = {batch_.from(i), batch_.port(i)};
    for (const Icmp4emClient& client : {clients.front(), clients.at(packets_at_once / 2), clients.back()}) {
      const auto share = std::ranges::count(clients, client);
      if (2 * static_cast<std::size_t>(share) <= packets_at_once || throttle_.is_muted(client)) continue;
      bool muted = false;
      for (auto left = share; left > 0 && !muted; --left) muted = throttle_.refused(client, now);
      if (!muted) return;
      mute(client, now);
      const auto place = std::ranges::find(clients, client) - clients.begin();
      return quench(client, batch_.bytes(static_cast<std::size_t>(place)), now);
    }
  }

  /// Sends source quench for a request although its probe was sent: RFC 792 allows that too.
  void quench(const Icmp4emClient& client, Bytes datagram, Instant now) {
    const icmp4em::ParsedIcmp4emRequest parsed = icmp4em::parse_icmp4em_request(datagram);
    if (parsed.fault == icmp4em::Icmp4emFault::none && relay_.may_tell(client, now))
      refuse(client, parsed.request, datagram.size());
  }

  void set_filter() {
    std::vector<DatagramSource> sources;
    for (const Icmp4emClient& client : throttle_.muted()) sources.push_back({client.address, client.port});
    static_cast<void>(refuse_sources(udp_.value(), sources));
  }

  void release_later() {
    if (release_timer_) loop_.cancel(*release_timer_);
    release_timer_.reset();
    const auto next = throttle_.next_release();
    if (!next) return;
    release_timer_ =
        loop_.once(std::max(Duration{*next - os::EventLoop::now()}, Duration::zero()), [this] { release(); });
  }

  /// Ends mutes. A client gets no tokens for the time of its mute: else its flood would return in one burst.
  void release() {
    release_timer_.reset();
    const Instant now = os::EventLoop::now();
    for (const Icmp4emClient& client : throttle_.release(now)) relay_.empty_bucket(client, now);
    set_filter();
    release_later();
  }

  void report(std::string_view kind, const Icmp4emClient& client, const char* reason, Instant now) {
    log_.limited_line(kind, "icmp4em: refused a request of " + text_of(client) + ": " + reason, now);
  }

  /// The error is no larger than the request, or than an error without payload. So small requests with a forged source
  /// address cannot cause larger traffic to that address.
  void refuse(const Icmp4emClient& client, const icmp4em::Icmp4emRequest& request, std::size_t datagram_size) {
    const std::size_t room = std::max(datagram_size, icmp4em::smallest_icmp4em_error) - icmp4em::smallest_icmp4em_error;
    tell(client, request, icmp4em_refused, room);
  }

  void tell(const Icmp4emClient& client, const icmp4em::Icmp4emRequest& request, const Icmp4emVerdict& verdict,
            std::size_t room) {
    const bool v4 = request.destination.family() == Family::ipv4;
    send_to_client(
        client, encode(icmp4em::Icmp4emError{.type = verdict.type,
                                             .code = verdict.code,
                                             .mtu = verdict.mtu,
                                             .destination = v4 ? request.destination : Address{},
                                             .id = request.id,
                                             .sequence = request.sequence,
                                             .checksum = request.checksum,
                                             .payload_size = request.payload.size(),
                                             .quoted = request.payload.first(std::min(request.payload.size(), room))}));
  }

  void send_probe(const Icmp4emClient& client, const icmp4em::Icmp4emRequest& request, std::uint16_t sequence) {
    Prober& prober = prober_of(request.destination.family());
    const auto refused =
        prober.ping.socket ? send(prober, request, sequence) : std::make_error_code(std::errc::network_unreachable);
    if (!refused) {
      ++figures_.sent;
      return;
    }
    ++figures_.send_failed;
    relay_.withdraw(request.destination, sequence);
    tell(client, request, icmp4em_verdict(refused), icmp4em::most_icmp4em_quoted);
  }

  /// An error of sendmsg(2) may be one of an earlier probe. So it is tried again, and the last error counts.
  std::error_code send(Prober& prober, const icmp4em::Icmp4emRequest& request, std::uint16_t sequence) {
    std::error_code refused;
    for (int tries = 0; tries < most_send_tries; ++tries) {
      refused = send_echo(prober.ping.socket.value(), request, sequence);
      if (!refused || refused == std::errc::resource_unavailable_try_again) return refused;
      read_errors(prober);
    }
    return refused;
  }

  void read_answers(Prober& prober) {
    read_errors(prober);
    for (int batches = 0; batches < most_batches; ++batches) {
      const int got = read(prober.ping.socket.value(), batch_, 0);
      const Instant now = os::EventLoop::now();
      for (int i = 0; i < got; ++i) pass_on(prober, static_cast<std::size_t>(i), now);
      if (got < static_cast<int>(packets_at_once)) return;
    }
  }

  void pass_on(const Prober& prober, std::size_t packet, Instant now) {
    const auto message = packet::parse_icmp(batch_.bytes(packet));
    const auto type = prober.family == Family::ipv4 ? packet::icmpv4::echo_reply : packet::icmpv6::echo_reply;
    if (!message || message->type != type || message->code != 0) {
      ++figures_.disowned;
      return;
    }
    icmp4em::Icmp4emReply reply{.id = message->word1, .sequence = message->word2, .payload = message->body};
    const auto delivery = relay_.answered(batch_.from(packet), reply, now);
    if (!delivery) {
      ++figures_.disowned;
      return;
    }
    reply.id = delivery->id;
    reply.sequence = delivery->sequence;
    ++figures_.answered;
    send_to_client(delivery->client, encode(reply));
  }

  /// Uses a batch of its own, since it may be called while a packet of `batch_` is served.
  void read_errors(Prober& prober) {
    take_pending_error(prober.ping.socket.value());
    for (int batches = 0; batches < most_batches; ++batches) {
      const int got = read(prober.ping.socket.value(), error_batch_, MSG_ERRQUEUE);
      const Instant now = os::EventLoop::now();
      for (int i = 0; i < got; ++i) pass_error_on(prober.family, static_cast<std::size_t>(i), now);
      if (got < static_cast<int>(errors_at_once)) return;
    }
  }

  void pass_error_on(Family family, std::size_t packet, Instant now) {
    const auto control = os::read_control(error_batch_.header(packet));
    const auto error = os::queued_error(error_batch_, packet, control);
    if (!error) return;
    const auto verdict = icmp4em_verdict(family, error->type, error->code, error->mtu);
    const auto quote = packet::parse_quoted_icmp_header(family, error->quoted);
    if (!verdict || !quote) return;
    const auto complaint = relay_.failed(error->destination, *quote, *verdict, now);
    if (!complaint) return;
    ++figures_.errors;
    send_to_client(complaint->client, encode(complaint->error));
  }

  void send_to_client(const Icmp4emClient& client, Bytes datagram) noexcept {
    if (!send_datagram(udp_.value(), udp_is_v6_, client, datagram)) ++figures_.untold;
  }

  /// Runs a timer only while probes are pending, so that an idle daemon does not wake up.
  void expire_later() {
    if (timer_ || relay_.pending() == 0) return;
    timer_ = loop_.once(between_expiries, [this] {
      timer_.reset();
      figures_.expired += relay_.expire(os::EventLoop::now());
      expire_later();
    });
  }

  os::EventLoop& loop_;
  Log& log_;
  Icmp4emPolicy policy_;
  os::FileDescriptor udp_;
  bool udp_is_v6_;
  Icmp4emRelay relay_;
  Prober v4_{.family = Family::ipv4}, v6_{.family = Family::ipv6};
  os::RecvmmsgArrays batch_{packets_at_once, largest_packet};
  os::RecvmmsgArrays error_batch_{errors_at_once, largest_error};
  Icmp4emFigures figures_{};
  Icmp4emThrottle throttle_{policy_.throttle};
  std::optional<os::EventLoop::TimerId> timer_{}, release_timer_{};
};

Icmp4emServer::Icmp4emServer(os::EventLoop& loop, Log& log, Icmp4emServerSetup setup)
    : impl_{std::make_unique<Impl>(loop, log, std::move(setup))} {}

Icmp4emServer::~Icmp4emServer() = default;

void Icmp4emServer::stop_accepting() noexcept { impl_->stop_accepting(); }
std::size_t Icmp4emServer::pending() const noexcept { return impl_->pending(); }
const Icmp4emFigures& Icmp4emServer::figures() const noexcept { return impl_->figures(); }

}  // namespace multiping::daemon
