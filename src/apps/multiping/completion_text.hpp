// Completions of the command line for bash, zsh and fish, made from the table of options. Pure.
// The package installs a file for each shell that asks the program for this text.
#pragma once

#include <string>
#include <string_view>

namespace multiping::command {

/// The text for "bash", "zsh" or "fish". Throws std::invalid_argument for another shell.
[[nodiscard]] std::string completion_text(std::string_view shell);

}  // namespace multiping::command
