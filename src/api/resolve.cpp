// resolve() and reverse_resolve() check the options, and hand names and addresses to the resolver in resolve/.
// See multiping/resolve.hpp.
#include "multiping/resolve.hpp"

#include "resolve/resolve_names.hpp"
#include "values/option_checks.hpp"

namespace multiping {

std::vector<Resolution> resolve(const std::vector<std::string>& names, const ResolveOptions& options) {
  check(options);
  return resolver::resolve_names(names, options);
}

std::vector<ReverseResolution> reverse_resolve(const std::vector<Address>& addresses, const ResolveOptions& options) {
  check(options);
  return resolver::reverse_names(addresses, options);
}

}  // namespace multiping
