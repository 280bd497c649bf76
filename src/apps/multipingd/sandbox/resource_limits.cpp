// Calls Landlock by syscall(2), without a library.
// See resource_limits.hpp.
#include "apps/multipingd/sandbox/resource_limits.hpp"

#include <linux/landlock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "os/file_descriptor.hpp"
#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool shadows_memory = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool shadows_memory = true;
#else
constexpr bool shadows_memory = false;
#endif
#else
constexpr bool shadows_memory = false;
#endif

constexpr rlim_t most_memory = rlim_t{256} << 20U;

void require(bool done, const char* doing) {
  if (!done) os::fail(doing);
}

void limit(__rlimit_resource resource, rlim_t most, const char* doing) {
  rlimit now{};
  require(::getrlimit(resource, &now) == 0, doing);
  const rlim_t value = std::min(most, now.rlim_max);
  const rlimit wanted{.rlim_cur = value, .rlim_max = value};
  require(::setrlimit(resource, &wanted) == 0, doing);
}

bool is_file(int descriptor) noexcept {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

/// The attributes of linux/landlock.h since version 6. Older kernels accept them when those they do not know are zero.
struct Ruleset {
  std::uint64_t files = 0, network = 0, scopes = 0;
};

constexpr std::uint64_t lowest_bits(unsigned count) noexcept { return (std::uint64_t{1} << count) - 1; }

Ruleset everything(int version) noexcept {
  Ruleset rules{.files = lowest_bits(13)};           // from EXECUTE to MAKE_SYM
  if (version >= 2) rules.files = lowest_bits(14);   // REFER
  if (version >= 3) rules.files = lowest_bits(15);   // TRUNCATE
  if (version >= 5) rules.files = lowest_bits(16);   // IOCTL_DEV
  if (version >= 4) rules.network = lowest_bits(2);  // BIND_TCP, CONNECT_TCP
  if (version >= 6) rules.scopes = lowest_bits(2);   // ABSTRACT_UNIX_SOCKET, SIGNAL
  return rules;
}

}  // namespace

std::size_t take_all_descriptors() noexcept {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return 0;
  now.rlim_cur = now.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &now);  // fails only when the hard limit is above fs.nr_open
  return now.rlim_max == RLIM_INFINITY ? SIZE_MAX : static_cast<std::size_t>(now.rlim_max);
}

void limit_resources(std::size_t descriptors) {
  limit(RLIMIT_NOFILE, descriptors, "cannot limit the descriptors");
  limit(RLIMIT_CORE, 0, "cannot forbid core files");
  limit(RLIMIT_NPROC, 0, "cannot forbid children");
  limit(RLIMIT_MEMLOCK, 0, "cannot forbid locked memory");
  limit(RLIMIT_MSGQUEUE, 0, "cannot forbid message queues");
  // When the log or the output of --check is a file, this limit would end the process at its next line.
  if (!is_file(STDERR_FILENO) && !is_file(STDOUT_FILENO)) limit(RLIMIT_FSIZE, 0, "cannot forbid files");
  // A sanitizer maps terabytes of memory, and never uses most of it.
  if (!shadows_memory) limit(RLIMIT_AS, most_memory, "cannot limit the memory");
}

int forbid_files() {
  const auto version =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version <= 0) return 0;
  const Ruleset rules = everything(version);
  const os::FileDescriptor ruleset{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0))};
  require(static_cast<bool>(ruleset), "cannot make the Landlock rules");
  require(::syscall(SYS_landlock_restrict_self, ruleset.value(), 0) == 0, "cannot apply the Landlock rules");
  return version;
}

}  // namespace multiping::daemon
