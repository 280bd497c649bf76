// Calls capset(2) and capget(2) by syscall(2), without a library.
// See privileges.hpp.
#include "apps/privileges/privileges.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace multiping::apps {
namespace {

void require(bool done, const char* doing) {
  if (!done) throw std::system_error{errno, std::generic_category(), doing};
}

using CapabilitySets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

__user_cap_header_struct header() noexcept { return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0}; }

constexpr std::uint32_t bit(unsigned capability) noexcept { return std::uint32_t{1} << (capability % 32U); }

/// Of capability sets, the first 32 capabilities.
using Kept = std::uint32_t;

void set_capabilities(Kept kept) {
  CapabilitySets sets{};
  sets[0].permitted = sets[0].effective = kept;
  auto head = header();
  require(::syscall(SYS_capset, &head, sets.data()) == 0, "cannot give the capabilities up");
}

/// The first number that the kernel does not know ends it.
void empty_bounding_set() {
  unsigned long capability = 0;
  while (::prctl(PR_CAPBSET_DROP, capability) == 0) ++capability;
  require(errno == EINVAL && capability > CAP_NET_RAW, "cannot empty the capability bounding set");
}

void become(const Account& account) {
  require(::setgroups(0, nullptr) == 0, "cannot leave the supplementary groups");
  require(::setresgid(account.group, account.group, account.group) == 0, "cannot become the group");
  require(::setresuid(account.user, account.user, account.user) == 0, "cannot become the user");
}

void lock_secure_bits() {
  constexpr unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED;
  require(::prctl(PR_SET_SECUREBITS, bits) == 0, "cannot lock the secure bits");
}

/// Empties the sets of capabilities and locks all ways to fill them again.
template <class Become>
void give_up(Kept kept, const Become& become_user) {
  if (has_capability(CAP_SETPCAP)) lock_secure_bits();
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // fails only on a kernel without ambient capabilities
  if (kept != 0) require(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "cannot keep a capability");
  become_user();
  set_capabilities(kept);
  require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "cannot set no_new_privs");
}

/// Of a program that belongs to another user and has the set-user-ID bit: back to the user who started it.
void become_real_user() {
  const gid_t group = ::getgid();
  const uid_t user = ::getuid();
  require(::setresgid(group, group, group) == 0, "cannot return to the group that started this program");
  require(::setresuid(user, user, user) == 0, "cannot return to the user who started this program");
}

bool has_other_capabilities(Kept kept) noexcept {
  CapabilitySets sets{};
  auto head = header();
  if (::syscall(SYS_capget, &head, sets.data()) != 0) return true;
  sets[0].effective &= ~kept;
  sets[0].permitted &= ~kept;
  for (const auto& set : sets)
    if ((set.effective | set.permitted | set.inheritable) != 0) return true;
  return false;
}

bool has_another_user() noexcept {
  uid_t real = 0, effective = 0, saved = 0;
  if (::getresuid(&real, &effective, &saved) != 0) return true;
  return effective != real || saved != real;
}

}  // namespace

bool has_capability(unsigned capability) noexcept {
  CapabilitySets sets{};
  auto head = header();
  if (::syscall(SYS_capget, &head, sets.data()) != 0) return false;
  return (sets.at(capability / 32U).effective & bit(capability)) != 0;
}

void drop_privileges(const Account& account, const Keeping& keeping) {
  if (has_capability(CAP_SETPCAP)) empty_bounding_set();
  give_up(keeping.net_admin ? bit(CAP_NET_ADMIN) : 0, [&] {
    if (::geteuid() == 0 && !keeping.user) become(account);
  });
  require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "cannot hide from other processes");
}

void drop_capabilities(bool keep_net_raw) {
  const Kept kept = keep_net_raw && has_capability(CAP_NET_RAW) ? bit(CAP_NET_RAW) : 0;
  give_up(kept, become_real_user);
  if (has_other_capabilities(kept) || has_another_user())
    throw std::system_error{EPERM, std::generic_category(), "privileges are left after they were given up"};
}

}  // namespace multiping::apps
