// A text that is a number is taken as an ID, without a lookup.
// See users_and_groups.hpp.
#include "apps/multipingd/sandbox/users_and_groups.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <stdexcept>

namespace multiping::daemon {
namespace {

constexpr const char* default_name = "multiping";

/// The highest number is no ID: chown(2) and setresuid(2) take it as "do not change".
std::optional<uid_t> to_id(const std::string& text) {
  uid_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id == static_cast<uid_t>(-1)) return std::nullopt;
  return id;
}

[[noreturn]] void unknown(const std::string& option, const std::string& what, const std::string& name) {
  throw std::invalid_argument{option + " is " + (name.empty() ? "empty" : name) + "; there is no such " + what +
                              " (make it, by systemd-sysusers or " + what + "add, or name another or its number)"};
}

void refuse_change(const std::string& option, const std::string& name) {
  throw std::invalid_argument{option + " is " + name + ", and only root can become another; leave it out"};
}

}  // namespace

uid_t user_id(const std::string& option, const std::string& name_or_number) {
  if (const auto id = to_id(name_or_number)) return *id;
  const passwd* entry = ::getpwnam(name_or_number.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (entry == nullptr) unknown(option, "user", name_or_number);
  return entry->pw_uid;
}

gid_t group_id(const std::string& option, const std::string& name_or_number) {
  if (const auto id = to_id(name_or_number)) return *id;
  const group* entry = ::getgrnam(name_or_number.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (entry == nullptr) unknown(option, "group", name_or_number);
  return entry->gr_gid;
}

Account account_of(const std::string& user, const std::string& group) {
  const bool root = ::geteuid() == 0;
  Account account{.user = ::geteuid(), .group = ::getegid()};
  if (root || !user.empty()) account.user = user_id("--user", user.empty() ? default_name : user);
  if (root || !group.empty()) account.group = group_id("--group", group.empty() ? default_name : group);
  if (!root && account.user != ::geteuid()) refuse_change("--user", user);
  if (!root && account.group != ::getegid()) refuse_change("--group", group);
  if (account.user == 0) throw std::invalid_argument{"--user is root; it must be a user without privileges"};
  if (account.group == 0) throw std::invalid_argument{"--group is root; it must be a group of the daemon's own"};
  return account;
}

}  // namespace multiping::daemon
