// multiping-packet: serves mtr, and other programs that speak the line protocol of mtr-packet(8).
// This file prepares the process: it opens everything, gives every privilege up, and only then reads a command.
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "apps/mtr_packet/session.hpp"
#include "apps/mtr_packet/streams.hpp"
#include "apps/privileges/privileges.hpp"
#include "multiping/version.hpp"

namespace {

using namespace multiping;  // NOLINT(google-build-using-namespace)

constexpr int exit_usage = 2;
constexpr std::string_view usage =
    "Usage: multiping-packet [--mtr 0.95|0.96] [--mark]\n"
    "Reads the commands of mtr-packet(8) on standard input and writes the replies to standard output.\n"
    "  --mtr VERSION  says the words that this version of mtr knows: 0.95 (the default) or 0.96\n"
    "  --mark         keeps CAP_NET_ADMIN, which the argument mark of send-probe needs\n"
    "  --help         prints this text\n"
    "  --version      prints the version\n";

struct Asked {
  mtr_packet::SessionOptions options{};
  std::string text{};  ///< What is printed instead of serving.
};

mtr_packet::Dialect dialect_of(std::string_view version) {
  if (version == "0.95") return mtr_packet::Dialect::mtr_0_95;
  if (version == "0.96") return mtr_packet::Dialect::mtr_0_96;
  throw std::invalid_argument{"--mtr is 0.95 or 0.96, not " + std::string{version}};
}

Asked read_options(int argc, char** argv) {
  Asked asked;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--help")
      asked.text = usage;
    else if (option == "--version")
      asked.text = "multiping-packet " + std::string{version()} + "\n";
    else if (option == "--mark")
      asked.options.mark = true;
    else if (option == "--mtr" && i + 1 < argc)
      asked.options.dialect = dialect_of(argv[++i]);
    else if (option.starts_with("--mtr="))
      asked.options.dialect = dialect_of(option.substr(6));
    else
      throw std::invalid_argument{"unknown option, or one without its value: " + std::string{option}};
  }
  return asked;
}

/// If a descriptor below 3 were closed, a socket would get its number.
void hold_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != descriptor)
      throw std::runtime_error{"a standard descriptor is closed, and /dev/null cannot take its place"};
}

/// With the set-user-ID bit any user could keep the capability.
void require_mark() {
  if (::getuid() != ::geteuid()) throw std::runtime_error{"--mark is not for a program with the set-user-ID bit"};
  if (!apps::has_capability(CAP_NET_ADMIN)) throw std::runtime_error{"--mark needs CAP_NET_ADMIN"};
}

void give_privileges_up(bool mark) {
  if (mark)
    apps::drop_privileges({}, {.net_admin = true, .user = true});
  else
    apps::drop_capabilities();
}

void serve(const Asked& asked) {
  hold_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  if (asked.options.mark) require_mark();
  mtr_packet::Session session{asked.options};
  static_cast<void>(session.descriptors());  // they are made by the first call
  give_privileges_up(asked.options.mark);
  mtr_packet::serve_streams(session);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Asked asked = read_options(argc, argv);
    if (asked.text.empty()) serve(asked);
    std::cout << asked.text << std::flush;
    return EXIT_SUCCESS;
  } catch (const std::invalid_argument& error) {
    std::cerr << "multiping-packet: " << error.what() << '\n' << usage;
    return exit_usage;
  } catch (const std::exception& error) {
    std::cerr << "multiping-packet: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
