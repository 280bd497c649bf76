// The names of causes, and how many results have each.
// See multiping/cause.hpp.
#include "multiping/cause.hpp"

#include <ostream>

#include "multiping/result.hpp"

namespace multiping {

std::string_view to_string(Cause cause) noexcept {
  switch (cause) {
    case Cause::none:
      return "none";
    case Cause::unknown:
      return "unknown";
    case Cause::no_route:
      return "no-route";
    case Cause::link_down:
      return "link-down";
    case Cause::no_source_address:
      return "no-source-address";
    case Cause::gateway_silent:
      return "gateway-silent";
    case Cause::neighbour_silent:
      return "neighbour-silent";
    case Cause::firewall:
      return "firewall";
    case Cause::local_limit:
      return "local-limit";
    case Cause::remote:
      return "remote";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, Cause cause) { return out << to_string(cause); }

bool is_local(Cause cause) noexcept {
  switch (cause) {
    case Cause::no_route:
    case Cause::link_down:
    case Cause::no_source_address:
    case Cause::gateway_silent:
    case Cause::firewall:
    case Cause::local_limit:
      return true;
    case Cause::none:
    case Cause::unknown:
    case Cause::neighbour_silent:
    case Cause::remote:
      return false;
  }
  return false;
}

std::map<Cause, std::size_t> causes(std::span<const Result> results) {
  std::map<Cause, std::size_t> counted;
  for (const Result& result : results) ++counted[result.answered() ? Cause::none : result.cause];
  return counted;
}

}  // namespace multiping
