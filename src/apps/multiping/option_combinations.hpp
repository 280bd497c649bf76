// Which options go together.
#pragma once

#include <functional>
#include <string_view>

#include "apps/multiping/command_options.hpp"

namespace multiping::command {

/// Throws std::invalid_argument, which names the options, for those that exclude each other, and for one that has an
/// effect only with another. `given` says whether an option is on the command line, by its first name.
void check_combination(const CommandOptions& options, const std::function<bool(std::string_view)>& given);

}  // namespace multiping::command
