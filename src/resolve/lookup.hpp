// One lookup, of a name's addresses or of an address's name, as the pool of threads sees it.
// The system's resolver stands behind it (resolver_asio.cpp), or a test's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::resolver {

/// A name, whose addresses are asked for, or an address, whose name is.
using Question = std::variant<std::string, Address>;

/// What a lookup found. Neither addresses nor a name means an error.
struct Answer {
  std::vector<Address> addresses{};
  std::error_code error{};
  bool try_again = false;  ///< The error may pass.
  std::string name{};      ///< As the name server gave it: any text at all.
};

/// Looks names and addresses up, one at a time, on the thread that made it.
class Lookup {
 public:
  virtual ~Lookup() = default;
  [[nodiscard]] virtual Answer look_up(const std::string& name, Family family) = 0;
  [[nodiscard]] virtual Answer look_up(const Address& address) = 0;
};

/// Called on each thread that looks something up.
using LookupFactory = std::function<std::unique_ptr<Lookup>()>;

/// The system's resolver. Changes resolver settings of the calling thread: a silent name server holds it for a second,
/// and for two where an address is looked up.
[[nodiscard]] std::unique_ptr<Lookup> system_lookup();

}  // namespace multiping::resolver
