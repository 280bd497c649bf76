// Makes text from outside (host names, address blocks) fit for one line of a message.
// For errors and printing only; it does not change which hosts are probed.
#pragma once

#include <string>
#include <string_view>

namespace multiping {

/// The same text when it is UTF-8, not empty, and without spaces, double quotes, backslashes and control characters.
/// Otherwise the text in double quotes, with each byte of a control character and each byte that is not UTF-8 as \xNN.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace multiping
