// Serves the proxy protocol of icmp4em at one address, for one option --icmp4em.
// The constructor opens the sockets, so it must run while the daemon still has its privileges.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "apps/multipingd/icmp4em/client_prefix.hpp"
#include "apps/multipingd/icmp4em/icmp4em_server.hpp"
#include "apps/multipingd/icmp4em/listening_address.hpp"
#include "base/log.hpp"
#include "os/event_loop.hpp"

namespace multiping::daemon {

struct Icmp4emSetup {
  ListeningAddress address{};
  std::vector<ClientPrefix> clients{};
  std::size_t receive_buffer = 0;
};

class Icmp4emListener {
 public:
  /// Throws std::system_error when the address is in use, or is no address of this host.
  Icmp4emListener(os::EventLoop& loop, Log& log, const Icmp4emSetup& setup);

  void stop_accepting() const noexcept { server_->stop_accepting(); }
  /// "127.0.0.1:63312"
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The descriptor of the UDP socket for requests, which stays open as long as this object. The server sets filters on
  /// it, see lock_down().
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// The counters as one line of text.
  [[nodiscard]] std::string figures() const;

 private:
  std::string name_;
  int descriptor_ = -1;
  std::unique_ptr<daemon::Icmp4emServer> server_;
};

}  // namespace multiping::daemon
