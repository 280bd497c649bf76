// Asks the kernel about a device by RTM_GETLINK, over a netlink socket of its own for each request.
// See network_device.hpp.
#include "os/network_device.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "os/file_descriptor.hpp"
#include "os/netlink_message.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

using netlink::attribute;
using netlink::Bytes;
using netlink::read;

bool says(Bytes text, std::string_view word) noexcept {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin());
}

/// Writes the kernel's answer to RTM_GETLINK to `answer`. False when the kernel gives no answer at once.
bool ask(unsigned device, std::span<std::uint8_t> answer, std::size_t& length) noexcept {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = RTM_GETLINK;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.link.ifi_index = static_cast<int>(device);
  const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket || ::send(socket.value(), &question, sizeof question, 0) < 0) return false;
  const ssize_t got = ::recv(socket.value(), answer.data(), answer.size(), MSG_DONTWAIT);
  length = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got > 0;
}

/// The kernel's answer to RTM_GETLINK for one device, in a buffer of its own; empty when there is none.
class Answer {
 public:
  explicit Answer(unsigned device) noexcept {
    if (!ask(device, room_, length_)) length_ = 0;
  }
  [[nodiscard]] Bytes bytes() const noexcept { return Bytes{room_}.first(length_); }

 private:
  std::array<std::uint8_t, 16'384> room_;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by the kernel
  std::size_t length_ = 0;
};

bool may_be_of_vrf(unsigned device) noexcept { return is_of_vrf(Answer{device}.bytes()).value_or(true); }

/// The attributes of an answer to RTM_GETLINK; none when it is no such answer.
std::optional<Bytes> attributes_of(Bytes answer) noexcept {
  const auto header = read<nlmsghdr>(answer);
  if (!header || header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len > answer.size()) return std::nullopt;
  const Bytes link = netlink::after(answer.first(header->nlmsg_len), sizeof(nlmsghdr));
  if (link.size() < sizeof(ifinfomsg)) return std::nullopt;
  return netlink::after(link, sizeof(ifinfomsg));
}

}  // namespace

std::uint32_t master_in(Bytes answer) noexcept {
  const auto attributes = attributes_of(answer);
  return attributes ? read<std::uint32_t>(attribute(*attributes, IFLA_MASTER)).value_or(0) : 0;
}

std::uint32_t master_of(std::uint32_t device) noexcept { return master_in(Answer{device}.bytes()); }

std::optional<bool> is_of_vrf(Bytes answer) noexcept {
  const auto attributes = attributes_of(answer);
  if (!attributes) return std::nullopt;
  const Bytes kinds = attribute(*attributes, IFLA_LINKINFO);
  return says(attribute(kinds, IFLA_INFO_KIND), "vrf") || says(attribute(kinds, IFLA_INFO_SLAVE_KIND), "vrf");
}

bool send_through(int socket, Family family, const std::string& device) noexcept {
  const bool v4 = family == Family::ipv4;
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0 || may_be_of_vrf(index)) return false;
  return set_option(socket, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_UNICAST_IF : IPV6_UNICAST_IF,
                    static_cast<int>(htonl(index)));
}

}  // namespace multiping::os
