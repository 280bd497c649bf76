// Compares fields of /proc/self/status with the expected values, then makes calls that must fail.
// See sandbox_self_test.hpp.
#include "apps/multipingd/sandbox/sandbox_self_test.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr std::string_view no_capabilities = "0000000000000000";

/// The text without spaces and tabs around it. Those between words stay.
std::string trimmed(std::string_view text) {
  constexpr std::string_view space = " \t";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(space) + 1 - first)};
}

/// As /proc/PID/status has it: the real, effective, saved and file system ID.
std::string four_times(uid_t id) {
  const std::string one = std::to_string(id);
  return one + "\t" + one + "\t" + one + "\t" + one;
}

std::string text_of(int file) {
  std::string text(std::size_t{8192}, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

bool opens(const char* path) noexcept {
  return static_cast<bool>(os::FileDescriptor{::open(path, O_RDONLY | O_CLOEXEC)});
}

/// A finding that holds when an attempt failed; errno must be that of the attempt.
Finding refused(std::string what, bool done) {
  return {.what = std::move(what), .found = done ? "allowed" : std::strerror(errno), .holds = !done};
}

bool socket_opens(int type, int protocol) noexcept {
  return static_cast<bool>(os::open_socket(Family::ipv4, type, protocol));
}

/// A bounding set that could not be emptied is listed too, as a finding that holds.
void add_capabilities(const std::string& status, bool bounding, std::vector<Finding>& findings) {
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    const bool kept = !bounding && std::string_view{set} == "CapBnd";
    const std::string found = status_field(status, set);
    findings.push_back({.what = set, .found = found, .holds = kept || found == no_capabilities});
  }
}

void add_status(const std::string& status, const Expectations& expected, std::vector<Finding>& findings) {
  const auto add = [&](const char* name, const std::string& wanted) {
    const std::string found = status_field(status, name);
    findings.push_back({.what = name, .found = found, .holds = found == wanted});
  };
  add("Uid", four_times(expected.account.user));
  add("Gid", four_times(expected.account.group));
  add("Groups", expected.left_groups ? "" : status_field(status, "Groups"));
  add("NoNewPrivs", "1");
  add("Seccomp", "2");
}

}  // namespace

std::string status_field(std::string_view status, std::string_view name) {
  while (!status.empty()) {
    const std::string_view line = status.substr(0, status.find('\n'));
    status.remove_prefix(std::min(line.size() + 1, status.size()));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(":"))
      return trimmed(line.substr(name.size() + 1));
  }
  return {};
}

SandboxSelfTest::SandboxSelfTest() : status_{::open("/proc/self/status", O_RDONLY | O_CLOEXEC)} {
  if (!status_) os::fail("cannot open /proc/self/status");
}

void SandboxSelfTest::try_files() { files_forbidden_ = !opens("/") && !opens("/proc/self/status"); }

std::vector<Finding> SandboxSelfTest::run(const Expectations& expected) {
  std::vector<Finding> findings;
  const std::string status = text_of(status_.value());
  add_status(status, expected, findings);
  add_capabilities(status, expected.emptied_bounding, findings);
  findings.push_back(refused("raw socket", socket_opens(SOCK_RAW, IPPROTO_ICMP)));
  findings.push_back(refused("TCP socket", socket_opens(SOCK_STREAM, IPPROTO_TCP)));
  findings.push_back(refused("UDP socket", socket_opens(SOCK_DGRAM, IPPROTO_UDP)));
  findings.push_back(refused("open /etc/passwd", opens("/etc/passwd")));
  findings.push_back(refused("become root", ::setresuid(0, 0, 0) == 0));
  const char* found = !expected.landlock ? "not to be had here" : files_forbidden_ ? "no file opens" : "files open";
  findings.push_back({.what = "Landlock", .found = found, .holds = files_forbidden_ || !expected.landlock});
  return findings;
}

}  // namespace multiping::daemon
