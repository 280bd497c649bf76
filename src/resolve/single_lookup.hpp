// One lookup of a name's addresses or of an address's name, as the pool of threads uses it.
// The system's resolver implements it (getaddrinfo_lookup.cpp), or a test does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::resolver {

/// A name to find the addresses of, or an address to find the name of.
using Question = std::variant<std::string, Address>;

/// The result of a lookup. An answer without addresses and without a name is an error.
struct Answer {
  std::vector<Address> addresses{};
  std::error_code error{};
  bool try_again = false;  ///< The error may pass: the lookup can be made again.
  std::string name{};      ///< As the name server gave it: it may be any text.
};

/// Looks names and addresses up, one at a time, on the thread that made this object.
class Lookup {
 public:
  virtual ~Lookup() = default;
  [[nodiscard]] virtual Answer look_up(const std::string& name, Family family) = 0;
  [[nodiscard]] virtual Answer look_up(const Address& address) = 0;
};

/// Called on each thread that looks something up.
using LookupFactory = std::function<std::unique_ptr<Lookup>()>;

/// The system's resolver. Changes the resolver settings of the calling thread: it waits one second for a silent name
/// server, and two when it looks an address up.
[[nodiscard]] std::unique_ptr<Lookup> system_lookup();

}  // namespace multiping::resolver
