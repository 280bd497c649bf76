// The resolver settings of this thread, resolver(3): how long it waits, which servers it asks, how it reads names.
// All code that only glibc supports is here; without glibc, lookups take longer to fail, and names are ASCII only.
#pragma once

#include <locale.h>

#include <string_view>

#include "multiping/duration.hpp"

namespace multiping::resolver {

/// Reads the settings of the system again, since they may have changed. The next lookup of this thread then waits for
/// one second, once, for each silent name server.
void renew_resolver_state() noexcept;

/// Asks every name server of this thread's resolver; true when each one turns queries down or proves to be unreachable
/// within `wait`. False when that is not known.
[[nodiscard]] bool name_servers_refuse(Duration wait) noexcept;

/// The flag of getaddrinfo(3) for a name that is not in ASCII (IDNA, RFC 5891); 0: there is none.
[[nodiscard]] int flag_for(std::string_view name) noexcept;

/// While this object lives, getaddrinfo(3) on this thread reads names as UTF-8 when the thread's locale knows only
/// ASCII. Other locales stay as they are.
class NamesInUtf8 {
 public:
  NamesInUtf8() noexcept;
  NamesInUtf8(const NamesInUtf8&) = delete;
  NamesInUtf8& operator=(const NamesInUtf8&) = delete;
  ~NamesInUtf8();

 private:
  ::locale_t before_{};
};

}  // namespace multiping::resolver
