// Reads a packet(7) socket and parses the IP headers.
// See sniffer.hpp.
#include "os/sniffer.hpp"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

#include "multiping/address.hpp"
#include "netns/through_broker.hpp"

namespace multiping::test {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> octets(const Bytes& packet, std::size_t from) {
  std::array<std::uint8_t, N> taken{};
  std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(from), N, taken.begin());
  return taken;
}

Bytes behind(const Bytes& packet, std::size_t header) {
  return {packet.begin() + static_cast<std::ptrdiff_t>(header), packet.end()};
}

WireHeader read_v4(const Bytes& packet) {
  return {.version = 4,
          .ttl = packet[8],
          .tos = packet[1],
          .protocol = packet[9],
          .dont_fragment = (packet[6] & 0x40) != 0,
          .source = Address::v4(octets<4>(packet, 12)).to_string(),
          .target = Address::v4(octets<4>(packet, 16)).to_string(),
          .message = behind(packet, (packet[0] & 0xfU) * 4U)};
}

WireHeader read_v6(const Bytes& packet) {
  return {.version = 6,
          .ttl = packet[7],
          .tos = (packet[0] & 0xf) << 4 | packet[1] >> 4,
          .protocol = packet[6],
          .flow_label = (packet[1] & 0xfU) << 16U | static_cast<std::uint32_t>(packet[2]) << 8U | packet[3],
          .source = Address::v6(octets<16>(packet, 8)).to_string(),
          .target = Address::v6(octets<16>(packet, 24)).to_string(),
          .message = behind(packet, 40)};
}

}  // namespace

Sniffer::Sniffer(const std::string& device) {
  const AsRoot root;
  socket_ = os::FileDescriptor{::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL))};
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(device.c_str()));
  if (::bind(socket_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"cannot watch " + device};
}

std::vector<WireHeader> Sniffer::sent(int protocol) {
  std::vector<WireHeader> found;
  Bytes packet(70'000);
  for (;;) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(socket_.value(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) return found;
    if (from.sll_pkttype != PACKET_OUTGOING || got < 20) continue;
    const Bytes bytes{packet.begin(), packet.begin() + got};
    WireHeader header = bytes[0] >> 4 == 4 ? read_v4(bytes) : read_v6(bytes);
    if (header.protocol == protocol) found.push_back(std::move(header));
  }
}

}  // namespace multiping::test
