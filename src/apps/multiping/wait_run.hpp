// --wait: until so many targets are up, or time is over.
#pragma once

#include <cstddef>

#include "apps/multiping/run_inputs.hpp"

namespace multiping::command {

/// Asks all targets again and again, each as soon as its address is known. Names are looked up again meanwhile: here
/// RunFigures::targets has those without an address too. Reports what comes up; and at the end, where too few did, each
/// target that did not, with the reason. Throws std::invalid_argument where the list is shorter than --wait N.
void run_wait(const RunInputs& support);
/// How many targets must be up for --wait; of a part of a list at most all.
[[nodiscard]] std::size_t wanted_of(const RunFigures& view) noexcept;

}  // namespace multiping::command
