// The order matters: the files are tried after Landlock forbids them, and before the filter refuses such calls too.
// See enter_sandbox.hpp.
#include "apps/multipingd/sandbox/enter_sandbox.hpp"

#include <linux/capability.h>
#include <unistd.h>

#include "apps/multipingd/sandbox/resource_limits.hpp"
#include "apps/multipingd/sandbox/seccomp_filter.hpp"

namespace multiping::daemon {

std::vector<Finding> lock_down(const Account& account, std::size_t descriptors, std::span<const int> filtered) {
  SandboxSelfTest verification;
  Expectations expected{
      .account = account, .left_groups = ::geteuid() == 0, .emptied_bounding = apps::has_capability(CAP_SETPCAP)};
  limit_resources(descriptors);
  apps::drop_privileges(account);
  expected.landlock = forbid_files() > 0;
  verification.try_files();
  apply_daemon_filter(filtered);
  return verification.run(expected);
}

}  // namespace multiping::daemon
