// Opens the UDP socket and a ping socket of each family, and gives them to a proxy::Icmp4emServer.
// See icmp4em_front.hpp.
#include "multipingd/icmp4em_front.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <system_error>
#include <utility>

#include "linux/ping_socket.hpp"
#include "linux/socket.hpp"

namespace multiping::daemon {
namespace {

std::string name_of(const Icmp4emEndpoint& endpoint) {
  const std::string host = endpoint.host.to_string(), port = std::to_string(endpoint.port);
  return endpoint.host.family() == Family::ipv4 ? host + ":" + port : "[" + host + "]:" + port;
}

os::FileDescriptor bound_udp(const Icmp4emSetup& setup, const std::string& name) {
  const Family family = setup.endpoint.host.family();
  os::FileDescriptor socket = os::open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (!socket || !os::bind_to(socket.value(), family, setup.endpoint.host, setup.endpoint.port))
    os::fail("cannot serve icmp4em at " + name);
  os::raise_buffer(socket.value(), SO_RCVBUF, SO_RCVBUFFORCE, setup.receive_buffer);
  return socket;
}

}  // namespace

Icmp4emFront::Icmp4emFront(proxy::EventLoop& loop, proxy::Log& log, const Icmp4emSetup& setup)
    : name_{name_of(setup.endpoint)} {
  os::FileDescriptor udp = bound_udp(setup, name_);
  descriptor_ = udp.value();
  server_ = std::make_unique<proxy::Icmp4emServer>(
      loop, log,
      proxy::Icmp4emServerSetup{.udp = std::move(udp),
                                .v4 = os::open_ping_socket(Family::ipv4, {}, setup.receive_buffer),
                                .v6 = os::open_ping_socket(Family::ipv6, {}, setup.receive_buffer),
                                .policy = {.clients = setup.clients}});
}

std::string Icmp4emFront::figures() const {
  const proxy::Icmp4emFigures& figures = server_->figures();
  const auto told = [](const char* name, std::uint64_t value) { return name + std::to_string(value); };
  return "figures of icmp4em at " + name_ + ":" + told(" requests ", figures.requests) +
         told(", denied ", figures.denied) + told(", passed over ", figures.passed_over) +
         told(", faulty ", figures.faulty) + told(", limited ", figures.limited) + told(", muted ", figures.muted) +
         told(", sent ", figures.sent) + told(", not sent ", figures.send_failed) +
         told(", answered ", figures.answered) + told(", disowned ", figures.disowned) +
         told(", errors ", figures.errors) + told(", expired ", figures.expired) + told(", untold ", figures.untold) +
         ", pending " + std::to_string(server_->pending());
}

}  // namespace multiping::daemon
