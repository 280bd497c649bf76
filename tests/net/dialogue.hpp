// A transport over a scripted kernel, and a book of probes: tests send, act as the network, and check the events.
// The functions here build the bytes of answers from the bytes that were sent.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "net/packet_transport.hpp"
#include "net/scripted_packet_io.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/writer.hpp"
#include "support/hosts.hpp"

namespace multiping::test {
inline namespace speakers {

inline std::uint16_t get16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline void put16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  packet::Writer{std::span{bytes}.subspan(at)}.u16(value);
}
inline std::uint32_t get32(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}
inline void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  packet::Writer{std::span{bytes}.subspan(at)}.u32(value);
}

/// An IPv4 packet as a raw socket gives it: TTL 57, TOS 16.
inline Bytes ipv4_packet(const Address& source, const Address& destination, std::uint8_t protocol,
                         const Bytes& message) {
  Bytes bytes(20);
  packet::Writer writer{bytes};
  writer.u16(0x4510);
  writer.u16(static_cast<std::uint16_t>(20 + message.size()));
  writer.u32(0x1234'4000);
  writer.u8(57);
  writer.u8(protocol);
  writer.u16(0);
  writer.bytes(source.bytes());
  writer.bytes(destination.bytes());
  return bytes + message;
}

inline Bytes ipv6_packet(const Address& source, const Address& destination, std::uint8_t protocol,
                         const Bytes& message) {
  Bytes bytes(40);
  packet::Writer writer{bytes};
  writer.u32(0x6000'0000);
  writer.u16(static_cast<std::uint16_t>(message.size()));
  writer.u8(protocol);
  writer.u8(57);
  writer.bytes(source.bytes());
  writer.bytes(destination.bytes());
  return bytes + message;
}

/// An ICMPv4 message with its checksum.
inline Bytes icmp_message(std::uint8_t type, std::uint8_t code, std::uint32_t rest, const Bytes& body) {
  Bytes bytes(8);
  packet::Writer writer{bytes};
  writer.u8(type);
  writer.u8(code);
  writer.u16(0);
  writer.u32(rest);
  bytes = std::move(bytes) + body;
  put16(bytes, 2, packet::internet_checksum(bytes));
  return bytes;
}

/// The reply to an echo request.
inline Bytes echo_reply(Bytes request, std::uint8_t type = 0) {
  request[0] = type;
  put16(request, 2, 0);
  put16(request, 2, packet::internet_checksum(request));
  return request;
}

/// An extension structure with one MPLS label: 16000, class 5, bottom of stack, TTL 1.
inline Bytes one_label_structure() {
  Bytes structure =
      hex("20 00 0000"  // version, checksum
          "0008 01 01"  // length, class, C-type: MPLS label stack
          "03e80b01");  // label, traffic class and bottom of stack, TTL
  put16(structure, 2, packet::internet_checksum(structure));
  return structure;
}
inline const MplsLabel mpls_label{.label = 16'000, .traffic_class = 5, .bottom_of_stack = true, .ttl = 1};

inline Bytes padded(Bytes bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}
inline Bytes first(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// The probes that a test has sent.
class TestBook final : public net::ProbeBook {
 public:
  struct Asked {
    Address to{};
    std::uint16_t profile = 0;
  };
  net::Serial start = 0;  ///< Probes with lower serials are forgotten.
  std::set<net::Serial> answered{};
  std::deque<Asked> asked{};

  [[nodiscard]] Window window() const noexcept override { return {start, asked.size()}; }
  [[nodiscard]] net::Probe probe(net::Serial serial) const noexcept override {
    const Asked& one = asked[static_cast<std::size_t>(serial)];
    const auto same = [&one](const Asked& other) { return other.to == one.to && other.profile == one.profile; };
    const auto target = static_cast<std::uint32_t>(std::ranges::find_if(asked, same) - asked.begin());
    return {.serial = serial, .to = &one.to, .profile = one.profile, .target = target};
  }
  [[nodiscard]] bool is_unanswered(net::Serial serial) const noexcept override { return !answered.contains(serial); }
  net::Probe add(const Address& to, std::uint16_t profile) {
    asked.push_back({to, profile});
    return probe(asked.size() - 1);
  }
};

struct Dialogue {
  explicit Dialogue(std::vector<ProbeOptions> profiles, std::size_t targets = 0) {
    auto scripted = std::make_unique<ScriptedPacketIo>(profiles);
    io = scripted.get();
    const net::SocketsNeeded request{.profiles = std::move(profiles), .targets = targets};
    transport = std::make_unique<net::PacketTransport>(std::move(scripted), request, packet::SipKey{{7, 1, 3}});
  }

  net::ProbeTransport::Sent send(const std::vector<net::Probe>& probes) {
    sent_at.assign(probes.size(), {});
    return transport->send(probes, sent_at);
  }
  /// Sends one probe, and returns the message that went out.
  ScriptedPacketIo::Sent ask(const Address& to, std::uint16_t profile = 0) {
    send({book.add(to, profile)});
    return io->sent.empty() ? ScriptedPacketIo::Sent{} : io->sent.back();
  }
  std::vector<ScriptedPacketIo::Sent> ask_times(std::size_t times, const Address& to) {
    std::vector<ScriptedPacketIo::Sent> sent(times);
    for (auto& each : sent) each = ask(to);
    return sent;
  }
  std::vector<net::Event> hear() {
    std::vector<net::Event> events;
    transport->receive(book, events);
    return events;
  }
  /// Delivers a message as an IPv4 raw socket does.
  void deliver(net::SocketId socket_id, const Address& from, std::uint8_t protocol, const Bytes& message) {
    const auto bytes = io->keep(ipv4_packet(from, io->host_v4, protocol, message));
    io->deliver(socket_id, {.bytes = bytes, .ip_header = true});
  }
  /// An entry of an error queue about a message: time exceeded, unless the test changes it.
  net::QueuedError queued(const ScriptedPacketIo::Sent& about, const Bytes& quoted) {
    const bool v4 = about.to.family() == Family::ipv4;
    return {.quoted = io->keep(quoted),
            .destination = about.to,
            .offender = v4 ? router_v4 : router_v6,
            .type = static_cast<std::uint8_t>(v4 ? 11 : 3)};
  }
  [[nodiscard]] Counters counters() const { return transport->counters(); }

  ScriptedPacketIo* io = nullptr;
  std::unique_ptr<net::PacketTransport> transport;
  TestBook book;
  std::vector<Instant> sent_at;
};

}  // namespace speakers
}  // namespace multiping::test
