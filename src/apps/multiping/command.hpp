// Wires the parts of the command together: a run from the options to its exit status.
#pragma once

#include <memory>

#include "apps/multiping/command_options.hpp"
#include "apps/multiping/output_streams.hpp"
#include "multiping/transport.hpp"

namespace multiping::command {

/// What the program ends with, as fping does.
struct ExitStatus {
  static constexpr int all_reachable = 0, some_unreachable = 1, some_unresolved = 2, usage = 3, failure = 4;
};

/// True for options that need CAP_NET_RAW when probes are sent, not only when the first sockets are opened.
[[nodiscard]] bool needs_privilege_later(const CommandOptions& options) noexcept;

/// True where probes leave through another process, whose address the user gives: that needs no privilege, and none may
/// be shown there.
[[nodiscard]] bool needs_no_privilege(const CommandOptions& options) noexcept;

/// Opens the way to send, and what a long list needs of it. To be called before privileges are given up.
[[nodiscard]] std::shared_ptr<Transport> open_way(const CommandOptions& options);

/// Runs until the end and returns the exit status. Privileges were given up before.
[[nodiscard]] int run_command(const CommandOptions& options, std::shared_ptr<Transport> transport, Outputs outputs);

}  // namespace multiping::command
