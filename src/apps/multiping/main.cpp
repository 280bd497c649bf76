// multiping: pings many hosts at once, with the habits of fping. This file prepares the process: the way to send is
// opened, then all privileges are given up, then files and names are read. command.hpp has the rest.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "apps/multiping/command.hpp"
#include "apps/multiping/command_line.hpp"
#include "apps/multiping/option_values.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/trace_mtu_runs.hpp"
#include "apps/privileges/privileges.hpp"
#include "multiping/error.hpp"

namespace {

using namespace multiping;  // NOLINT(google-build-using-namespace)
using command::ExitStatus;

/// If a descriptor below 3 were closed, the first socket would get its number, and texts would be written to it.
void hold_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != descriptor) std::_Exit(ExitStatus::failure);
}

std::optional<std::string> variable(std::string_view name) {
  const char* value = std::getenv(std::string{name}.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

/// --check: before anything is given up, since it says what this program may do.
int check(const command::CommandOptions& options, command::Output& out) {
  const command::SelfCheck found = command::check_this_machine(options.transport);
  out.write(found.text);
  out.commit();
  return found.complete ? ExitStatus::all_reachable : ExitStatus::some_unreachable;
}

int run(const command::CommandOptions& options) {
  command::Output err{STDERR_FILENO, "the standard error stream"};
  command::Output out{STDOUT_FILENO, "the standard output"};
  if (options.mode == command::Mode::check) return check(options, out);
  if (command::needs_no_privilege(options)) apps::drop_capabilities();
  auto transport = command::open_way(options);
  apps::drop_capabilities(command::needs_privilege_later(options));
  std::optional<command::Output> file;
  if (!options.output.empty()) file.emplace(options.output);
  command::Output& results = file ? *file : out;
  const int status = command::run_command(options, std::move(transport), {.out = results, .err = err});
  results.commit();
  err.commit();
  return status;
}

/// In whose name messages are written, and where.
struct Who {
  std::string program{};
  bool plugin = false;  ///< check_icmp
};

Who who_is(int argc, const char* const* argv) {
  Who who{.program = argc > 0 ? argv[0] : "multiping"};
  who.program.erase(0, who.program.rfind('/') + 1);
  try {
    who.plugin = command::personality_from(argc, argv) == command::Personality::check_icmp;
  } catch (const std::invalid_argument&) {  // it is told when the command line is parsed
    who.plugin = false;
  }
  if (who.plugin) who.program = "check_icmp";
  return who;
}

/// A monitoring system reads the standard output alone, and 3 is its greatest status: unknown.
int complain(const Who& who, const std::string& what, int status) {
  (who.plugin ? std::cout : std::cerr) << who.program << ": " << command::in_options(what) << std::endl;
  return who.plugin ? ExitStatus::usage : status;
}

int print(const command::Answer& answer) {
  command::Output out{STDOUT_FILENO, "the standard output"};
  out.write(answer.text);
  out.commit();
  return answer.status;
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  Who who = who_is(argc, argv);
  try {
    const auto asked = command::parse_command_line(argc, argv, variable);
    if (const auto* answer = std::get_if<command::Answer>(&asked)) return print(*answer);
    const auto& options = std::get<command::CommandOptions>(asked);
    who.program = options.program;
    return run(options);
  } catch (const command::ClosedPipe&) {
    return ExitStatus::failure;
  } catch (const std::invalid_argument& error) {
    return complain(who, error.what(), ExitStatus::usage);
  } catch (const std::exception& error) {
    return complain(who, error.what(), ExitStatus::failure);
  }
}
