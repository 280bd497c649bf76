// The options of multipingd's command line, checked. The daemon has no other configuration: it reads no file and
// nothing of the environment.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "apps/multipingd/icmp4em/client_prefix.hpp"
#include "apps/multipingd/icmp4em/listening_address.hpp"
#include "multiping/address.hpp"

namespace multiping::daemon {

struct Options {
  std::string socket = "/run/multiping/multiping.sock";
  mode_t mode = 0666;
  std::string socket_group{};  ///< Name or number; empty: the group is not changed.
  std::vector<std::string> allow_users{}, allow_groups{};
  std::string user{}, group{};  ///< Empty: "multiping" for a process of root, else the process keeps its own.
  std::size_t max_sockets = 4096;
  std::size_t max_sockets_per_user = 1024;
  std::size_t rate = 1000;
  std::size_t ready = 16;
  std::size_t receive_buffer = std::size_t{4} << 20U;
  bool activated = false;
  bool check = false;
  std::vector<ListeningAddress> icmp4em{};
  std::vector<ClientPrefix> icmp4em_allow{};
};

/// Text to print instead of serving: that of --help or --version.
struct Answer {
  std::string text{};
};

/// Throws std::invalid_argument with an option's name, value and range.
[[nodiscard]] std::variant<Options, Answer> parse_options(int argc, const char* const* argv);

}  // namespace multiping::daemon
