// Text from outside (host names, address blocks) made fit for one line of a message.
// Nothing here changes what is probed; it is for errors and printing only.
#pragma once

#include <string>
#include <string_view>

namespace multiping {

/// The text as it is where it is UTF-8 with neither white space, quotes nor control characters; else in double quotes,
/// with the bytes that would upset a terminal or end the line as \xNN.
[[nodiscard]] std::string readable(std::string_view text);

}  // namespace multiping
