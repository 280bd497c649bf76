// Text for a page of HTML that is well-formed XML too. Names are untrusted: everything is escaped.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "multiping/duration.hpp"

namespace multiping::command {

/// `text` for contents and for values of attributes in either kind of quotes.
[[nodiscard]] std::string escaped(std::string_view text);
/// A name as contents: fit for display (see printable()), escaped, and apart from the direction of the text around it.
[[nodiscard]] std::string name_html(std::string_view name);
/// "0.035 ms", "1.2 s"; "–" below zero.
[[nodiscard]] std::string time_html(Duration time);

/// The style sheet of the report: light and dark, phones, paper, and the order of the table.
[[nodiscard]] std::string_view report_style() noexcept;

}  // namespace multiping::command
