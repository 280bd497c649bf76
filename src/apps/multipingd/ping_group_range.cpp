// Uses pread(2) and pwrite(2), so that one open file serves all reads and writes.
// See ping_group_range.hpp.
#include "apps/multipingd/ping_group_range.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr const char* range_path = "/proc/sys/net/ipv4/ping_group_range";

bool is_space(char letter) noexcept { return letter == ' ' || letter == '\t' || letter == '\n'; }

std::optional<gid_t> take_group(std::string_view& text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  gid_t group = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), group);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && !is_space(text.front())) return std::nullopt;
  return group;
}

}  // namespace

std::optional<PingGroupRange> parse_group_range(std::string_view text) noexcept {
  const auto first = take_group(text);
  const auto last = first ? take_group(text) : std::nullopt;
  if (!last) return std::nullopt;
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text.empty() ? std::optional{PingGroupRange{.first = *first, .last = *last}} : std::nullopt;
}

PingGroupRangeFile::PingGroupRangeFile() : file_{::open(range_path, O_RDWR | O_CLOEXEC)} {
  if (file_) return;
  // A process that may not write the setting, or has it on a read-only mount, may have no need to write it.
  write_refusal_ = errno;
  file_ = os::FileDescriptor{::open(range_path, O_RDONLY | O_CLOEXEC)};
  if (!file_) os::fail(std::string{"cannot open "} + range_path);
}

std::optional<PingGroupRange> PingGroupRangeFile::read() const noexcept {
  std::array<char, 64> text{};
  const ssize_t size = ::pread(file_.value(), text.data(), text.size(), 0);
  return size > 0 ? parse_group_range({text.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

bool PingGroupRangeFile::write(const PingGroupRange& range) const noexcept {
  if (write_refusal_ != 0) {
    errno = write_refusal_;
    return false;
  }
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%u %u\n", range.first, range.last);
  return ::pwrite(file_.value(), text.data(), static_cast<std::size_t>(size), 0) == size;
}

}  // namespace multiping::daemon
