// The system's resolver as this thread sees it, resolver(3): how long it waits, whom it asks, how it reads names.
// What only glibc has is here and nowhere else; without it, lookups are slower to fail, and names are ASCII.
#pragma once

#include <locale.h>

#include <string_view>

#include "multiping/duration.hpp"

namespace multiping::resolver {

/// Reads the settings of the system anew, as they may have changed, and lets the next lookup of this thread wait for
/// one second, once, for each name server that is silent.
void renew_resolver_state() noexcept;

/// Whether every name server of this thread's resolver turns queries down, or cannot be reached, and says so within
/// `wait`. It asks them. False when that is not known.
[[nodiscard]] bool name_servers_refuse(Duration wait) noexcept;

/// The flag of getaddrinfo(3) for a name that is not in ASCII (IDNA, RFC 5891); 0: there is none.
[[nodiscard]] int flag_for(std::string_view name) noexcept;

/// getaddrinfo(3) reads a name as the locale of its thread says: while this lives, as UTF-8, where the program's locale
/// knows ASCII alone.
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
