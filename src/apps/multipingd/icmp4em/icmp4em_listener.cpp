// Opens the UDP socket and a ping socket of each family, and gives them to a daemon::Icmp4emServer.
// See icmp4em_listener.hpp.
#include "apps/multipingd/icmp4em/icmp4em_listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <system_error>
#include <utility>

#include "os/ping_socket_source.hpp"
#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

std::string name_of(const ListeningAddress& address) {
  const std::string host = address.host.to_string(), port = std::to_string(address.port);
  return address.host.family() == Family::ipv4 ? host + ":" + port : "[" + host + "]:" + port;
}

os::FileDescriptor bound_udp(const Icmp4emSetup& setup, const std::string& name) {
  const Family family = setup.address.host.family();
  os::FileDescriptor socket = os::open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (!socket || !os::bind_to(socket.value(), family, setup.address.host, setup.address.port))
    os::fail("cannot serve icmp4em at " + name);
  os::raise_buffer(socket.value(), SO_RCVBUF, SO_RCVBUFFORCE, setup.receive_buffer);
  return socket;
}

}  // namespace

Icmp4emListener::Icmp4emListener(os::EventLoop& loop, Log& log, const Icmp4emSetup& setup)
    : name_{name_of(setup.address)} {
  os::FileDescriptor udp = bound_udp(setup, name_);
  descriptor_ = udp.value();
  server_ = std::make_unique<daemon::Icmp4emServer>(
      loop, log,
      daemon::Icmp4emServerSetup{.udp = std::move(udp),
                                 .v4 = os::open_ping_socket(Family::ipv4, {}, setup.receive_buffer),
                                 .v6 = os::open_ping_socket(Family::ipv6, {}, setup.receive_buffer),
                                 .policy = {.clients = setup.clients}});
}

std::string Icmp4emListener::figures() const {
  const daemon::Icmp4emFigures& figures = server_->figures();
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
