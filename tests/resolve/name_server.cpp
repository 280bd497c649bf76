// Supports only as much of RFC 1035 as one question in a datagram needs, with its addresses or name. See
// name_server.hpp. Queries come from the C library of the test itself, so they are not checked.
#include "resolve/name_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "netns/namespace.hpp"
#include "os/socket_basics.hpp"

namespace multiping::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t dns_header_size = 12;
constexpr std::uint16_t type_a = 1, type_ptr = 12, type_aaaa = 28;

/// The name from `at` on; moves `at` to the end of the name.
std::string read_name(std::span<const std::uint8_t> query, std::size_t& at) {
  std::string name;
  while (const std::size_t length = query[at++]) {
    if (!name.empty()) name += '.';
    for (std::size_t i = 0; i < length; ++i) name += static_cast<char>(query[at++]);
  }
  return name;
}

Family family_of(std::uint16_t type) {
  if (type == type_a) return Family::ipv4;
  return type == type_aaaa ? Family::ipv6 : Family::any;
}

void append_record(Bytes& message, std::uint16_t type, std::span<const std::uint8_t> octets) {
  // The question's name, type, class IN, a minute to live, length.
  const Bytes head{0xc0, dns_header_size,
                   0,    static_cast<std::uint8_t>(type),
                   0,    1,
                   0,    0,
                   0,    60,
                   0,    static_cast<std::uint8_t>(octets.size())};
  message.insert(message.end(), head.begin(), head.end());
  message.insert(message.end(), octets.begin(), octets.end());
}

/// The name in wire format, without compression; whether it is valid is not checked.
Bytes labels_of(std::string_view name) {
  Bytes octets;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    octets.push_back(static_cast<std::uint8_t>(label.size()));
    octets.insert(octets.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  octets.push_back(0);
  return octets;
}

void append_records(Bytes& message, const Response& response, Family family) {
  for (const auto& address : response.addresses) {
    if (address.family() != family) continue;
    append_record(message, family == Family::ipv4 ? type_a : type_aaaa, address.bytes());
    ++message[7];
  }
}

Bytes message_of(std::span<const std::uint8_t> header_and_question, const Response& response, Family family) {
  Bytes message(header_and_question.begin(), header_and_question.end());
  message[2] |= 0x80;  // a response
  message[3] = static_cast<std::uint8_t>(0x80 | static_cast<unsigned>(response.code));
  std::fill(message.begin() + 6, message.begin() + dns_header_size, std::uint8_t{0});
  append_records(message, response, family);
  if (family == Family::any && !response.pointer.empty()) {
    append_record(message, type_ptr, labels_of(response.pointer));
    ++message[7];
  }
  return message;
}

int open_server_socket(const std::string& text) {
  const int server = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (server < 0) os::fail("cannot open the name server's socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  if (::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    os::fail("cannot bind to port 53");
  return server;
}

}  // namespace

void make_resolver_files(const std::string& hosts) {
  if (::mount("none", "/etc", "tmpfs", 0, nullptr) != 0) os::fail("cannot mount /etc");
  write_file("/etc/nsswitch.conf", "hosts: files dns\n");
  write_file("/etc/resolv.conf", "nameserver 127.0.0.1\n");
  write_file("/etc/hosts", hosts);
  write_file("/etc/host.conf", "multi on\n");
}

NameServer::NameServer(Answers answers, const std::string& address)
    : answers_{std::move(answers)}, socket_{open_server_socket(address)}, wake_{::eventfd(0, EFD_CLOEXEC)} {
  thread_ = std::thread{[this] { serve(); }};
}

NameServer::~NameServer() {
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(socket_);
  ::close(wake_);
}

void NameServer::serve() {
  std::array<pollfd, 2> ready{{{socket_, POLLIN, 0}, {wake_, POLLIN, 0}}};
  while (::poll(ready.data(), ready.size(), -1) >= 0 && ready[1].revents == 0) {
    std::array<std::uint8_t, 1500> query{};
    sockaddr_in client{};
    socklen_t length = sizeof client;
    auto* const from = reinterpret_cast<sockaddr*>(&client);
    const auto size = ::recvfrom(socket_, query.data(), query.size(), 0, from, &length);
    if (size < static_cast<ssize_t>(dns_header_size)) continue;
    const auto message = respond(std::span{query}.first(static_cast<std::size_t>(size)));
    if (message) ::sendto(socket_, message->data(), message->size(), 0, from, length);
  }
}

std::optional<Bytes> NameServer::respond(std::span<const std::uint8_t> query) {
  std::size_t at = dns_header_size;
  const auto name = read_name(query, at);
  const auto type = static_cast<std::uint16_t>(query[at] << 8 | query[at + 1]);
  const auto family = family_of(type);
  const auto response = answers_({name, family, count(name, family)});
  if (!response) return std::nullopt;
  return message_of(query.first(at + 4), *response, family);
}

int NameServer::count(const std::string& name, Family family) {
  const std::lock_guard lock{mutex_};
  return ++counts_[name][family];
}

int NameServer::questions(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = counts_.find(name);
  if (found == counts_.end()) return 0;
  int most = 0;
  for (const auto& [family, count] : found->second) most = std::max(most, count);
  return most;
}

}  // namespace multiping::test
