// The public resolve(): checks the options and hands the names to the resolver.
// How names are looked up is the business of resolve/.
#include "multiping/resolve.hpp"

#include "option_checks.hpp"
#include "resolve/resolver.hpp"

namespace multiping {

std::vector<Resolution> resolve(const std::vector<std::string>& names, const ResolveOptions& options) {
  check(options);
  return resolver::resolve_names(names, options);
}

}  // namespace multiping
