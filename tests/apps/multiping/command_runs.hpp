// Runs the command as a shell does, for tests of what it prints.
// MULTIPING_COMMAND is its path.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "netns/namespace.hpp"

namespace multiping::test {

struct CommandRun {
  int status = -1;
  std::string out{}, err{};
};

/// A folder that ends with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "multiping_command_XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_{};
};

/// Runs a shell command line and waits for its end.
[[nodiscard]] inline CommandRun shell_run(const std::string& line) {
  const TestFolder folder;
  const std::string out = folder / "out", err = folder / "err";
  const int status = std::system(("{ " + line + "\n} >" + out + " 2>" + err + " </dev/null").c_str());
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .out = read_file(out), .err = read_file(err)};
}

[[nodiscard]] inline CommandRun command_run(const std::string& arguments) {
  return shell_run(std::string{MULTIPING_COMMAND} + " " + arguments);
}

[[nodiscard]] inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// For tests that call make_command_network().
inline boost::test_tools::assertion_result needs_command_network(boost::unit_test::test_unit_id test) {
  static const Precondition needs_nft = needs_to_work("nft add table inet test");
  return needs_nft(test);
}

/// This namespace, a router and a far host, as make_router() makes them; the router is silent about 10.9.0.0/16 and
/// says "host unreachable" about 10.7.0.0/16.
inline void make_command_network() {
  make_router();
  run("nsenter --net=/run/netns/router ip route add blackhole 10.9.0.0/16");
  // The kernel's own "unreachable" routes limit their errors to one a second.
  run("nsenter --net=/run/netns/router ip route add 10.7.0.0/16 via 10.2.0.2");
  run("nsenter --net=/run/netns/router nft 'add table inet no_way; add chain inet no_way through { type filter hook "
      "forward priority 0; }; add rule inet no_way through ip daddr 10.7.0.0/16 reject with icmp host-unreachable'");
}

}  // namespace multiping::test
