// One lookup of one name, as the pool of threads sees it.
// The system's resolver stands behind it (resolver_asio.cpp), or a test's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::resolver {

/// What a lookup found. No addresses means an error.
struct Answer {
  std::vector<Address> addresses{};
  std::error_code error{};
  bool try_again = false;  ///< The error may pass.
};

/// Looks names up, one at a time, on the thread that made it.
class Lookup {
 public:
  virtual ~Lookup() = default;
  [[nodiscard]] virtual Answer look_up(const std::string& name, Family family) = 0;
};

/// Called on each thread that looks names up.
using LookupFactory = std::function<std::unique_ptr<Lookup>()>;

/// The system's resolver. Changes resolver settings of the calling thread: a silent name server holds it for a second.
[[nodiscard]] std::unique_ptr<Lookup> system_lookup();

}  // namespace multiping::resolver
