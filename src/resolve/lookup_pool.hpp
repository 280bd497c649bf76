// Many lookups at once, on threads of their own, within a deadline and until a stop request.
// Knows threads and time, and no resolver: that is the factory's.
#pragma once

#include <stop_token>
#include <vector>

#include "multiping/options.hpp"
#include "resolve/lookup.hpp"

namespace multiping::resolver {

/// One Answer for each of the distinct `questions`, in order. See resolve_names() for what becomes of those that are
/// pending when time is up. The factory, and what it makes, may outlive the call.
[[nodiscard]] std::vector<Answer> look_up_all(std::vector<Question> questions, const ResolveOptions& options,
                                              const LookupFactory& factory, const std::stop_token& stop);

}  // namespace multiping::resolver
