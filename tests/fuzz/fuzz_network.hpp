// A network that the fuzzer controls: it records what is sent, and delivers what the script says.
// For harnesses that drive whole objects of the library, from the public interface down to the codec.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <span>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "net/packet_transport.hpp"

namespace multiping::fuzz {

using namespace std::chrono_literals;

constexpr std::uint16_t our_id = 0x4242;

/// Reads the input byte by byte; after its end come zeros.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_{bytes} {}
  [[nodiscard]] bool ended() const noexcept { return at_ >= bytes_.size(); }
  std::uint8_t next() noexcept { return ended() ? std::uint8_t{0} : bytes_[at_++]; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

struct SentProbe {
  Address to;
  std::vector<std::uint8_t> message;
  Instant at;
};

struct Packet {
  std::vector<std::uint8_t> bytes;
  Address from;
};

/// The state that a harness and its sockets share.
struct Network {
  Instant now{1000s};
  std::vector<SentProbe> sent;
  std::deque<Packet> arriving;
  bool refuse = false;
  bool passes = false;  ///< What is refused may be sent later.
};

/// One socket of ICMP over IPv4. As with a ping socket there is no IP header: every byte of a packet belongs to the
/// ICMP message.
class FuzzIo final : public net::PacketIo {
 public:
  explicit FuzzIo(Network& network) : network_{network} {}

  Instant now() noexcept override { return network_.now; }
  void set_profile(net::ProfileNumber, const ProbeOptions&) override {}
  net::SendPath way(Family family, net::ProfileNumber, unsigned) override {
    if (family == Family::ipv4) return {.kind = net::SendPath::Kind::socket_id};
    return {.error = std::make_error_code(std::errc::address_family_not_supported), .doing = "no IPv6"};
  }
  std::span<const net::SocketId> sockets() const noexcept override { return {&socket_id_, 1}; }
  const net::Channel& channel(net::SocketId) const noexcept override { return channel_; }
  Address source(net::SocketId, const Address&, net::ProfileNumber) override { return {}; }
  net::SendReport send(net::SocketId, std::span<const net::Outgoing> messages) override {
    net::SendReport report{.accepted = 0, .refused = {}, .started = network_.now, .finished = network_.now};
    if (network_.refuse) {
      report.refused =
          std::make_error_code(network_.passes ? std::errc::no_buffer_space : std::errc::network_unreachable);
      return report;
    }
    for (const auto& message : messages)
      network_.sent.push_back({*message.to, {message.bytes.begin(), message.bytes.end()}, network_.now});
    report.accepted = messages.size();
    return report;
  }
  std::span<const net::Incoming> receive(net::SocketId, bool& more) override {
    more = false;
    handed_.assign(network_.arriving.begin(), network_.arriving.end());
    network_.arriving.clear();
    views_.clear();
    for (const Packet& packet : handed_)
      views_.push_back(
          {.bytes = packet.bytes, .from = packet.from, .arrival = {.read = network_.now, .stamp = network_.now}});
    return views_;
  }
  std::span<const net::QueuedError> receive_errors(net::SocketId, bool& more) override {
    more = false;
    return {};
  }
  std::error_code connect(const net::Connecting&) override {
    return std::make_error_code(std::errc::operation_not_supported);
  }
  std::span<const net::Connected> connections(bool& more) override {
    more = false;
    return {};
  }
  void abandon(std::uint64_t) noexcept override {}
  void wait(Instant until) override { network_.now = std::max(network_.now, std::min(until, network_.now + 1s)); }
  void wake() noexcept override {}
  net::Drops drops() noexcept override { return {}; }
  int native_handle() noexcept override { return -1; }

 private:
  Network& network_;
  net::SocketId socket_id_ = 0;
  net::Channel channel_{.family = Family::ipv4, .protocol = Protocol::icmp, .id = our_id, .receive_room = 8};
  std::vector<Packet> handed_;
  std::vector<net::Incoming> views_;
};

class FuzzTransport final : public Transport {
 public:
  explicit FuzzTransport(Network& network) : network_{network} {}
  Capabilities capabilities() const noexcept override { return {.ipv4 = true}; }
  std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded& request) const override {
    return std::make_unique<net::PacketTransport>(std::make_unique<FuzzIo>(network_), request,
                                                  packet::SipKey{.bytes = {1, 2, 3}});
  }

 private:
  Network& network_;
};

/// Makes packets about the probes that were sent, true and changed ones, as the script says.
class Forge {
 public:
  Forge(Script& script, Network& network) : script_{script}, network_{network} {}

  /// Returns the probe that the script chooses; null before the first was sent.
  const SentProbe* choose() {
    chosen_ = network_.sent.empty() ? 0 : script_.next() % network_.sent.size();
    return network_.sent.empty() ? nullptr : &network_.sent[chosen_];
  }
  [[nodiscard]] std::size_t chosen() const noexcept { return chosen_; }

  Packet reply() {
    const SentProbe* probe = choose();
    if (probe == nullptr) return random_packet();
    Packet reply{probe->message, probe->to};
    reply.bytes[0] = 0;
    return reply;
  }
  Packet changed(Packet packet, const Address& other) {
    const std::uint8_t what = script_.next();
    const auto bits = static_cast<std::uint8_t>(script_.next() | 1U);
    if (what == 0) {
      packet.from = other;
    } else if (!packet.bytes.empty()) {
      packet.bytes[what % packet.bytes.size()] ^= bits;
    }
    if (script_.next() % 8 == 0) packet.bytes.resize(packet.bytes.size() / 2);
    return packet;
  }
  Packet error_about_a_probe() {
    const SentProbe* probe = choose();
    if (probe == nullptr) return random_packet();
    const auto to = probe->to.bytes();
    Packet error{{static_cast<std::uint8_t>(script_.next() % 2 == 0 ? 3 : 11), 0, 0, 0, 0, 0, 0, 0},
                 Address::v4({10, 0, 0, 100})};
    error.bytes.insert(error.bytes.end(), {0x45, 0, 0, 44, 0, 0, 0, 0, 1, 1, 0, 0, 10, 0, 0, 250});
    error.bytes.insert(error.bytes.end(), to.begin(), to.end());
    error.bytes.insert(error.bytes.end(), probe->message.begin(), probe->message.end());
    return error;
  }
  Packet random_packet() {
    Packet packet{std::vector<std::uint8_t>(script_.next() % 64),
                  Address::v4({10, 0, 0, static_cast<std::uint8_t>(script_.next() % 5 + 1)})};
    for (std::uint8_t& byte : packet.bytes) byte = script_.next();
    return packet;
  }

  /// Returns whether a packet answers the chosen probe, by the simplest rule: all bytes up to the end of the tag are as
  /// they were sent. The checksum is left out, since the kernel checks it for these sockets. Bytes after the tag may
  /// change.
  [[nodiscard]] bool answers_chosen(const Packet& packet) const {
    constexpr std::ptrdiff_t end_of_tag = 16;
    if (network_.sent.empty() || std::ssize(packet.bytes) < end_of_tag) return false;
    const SentProbe& probe = network_.sent[chosen_];
    auto expected = probe.message;
    expected[0] = 0;
    std::copy_n(packet.bytes.begin() + 2, 2, expected.begin() + 2);
    return packet.from == probe.to && std::equal(expected.begin(), expected.begin() + end_of_tag, packet.bytes.begin());
  }
  void deliver(Packet packet) {
    if (network_.arriving.size() < 64) network_.arriving.push_back(std::move(packet));
  }

 private:
  Script& script_;
  Network& network_;
  std::size_t chosen_ = 0;
};

}  // namespace multiping::fuzz
