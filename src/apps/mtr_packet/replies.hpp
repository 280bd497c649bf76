// The replies of mtr-packet's protocol: from results to lines. Pure: no I/O.
// mtr-packet(8) lists the words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "multiping/result.hpp"
#include "multiping/transport.hpp"

namespace multiping::mtr_packet {

/// Whose words are said; mtr 0.95 knows fewer than mtr 0.96.
enum class Dialect : std::uint8_t { mtr_0_95, mtr_0_96 };

/// Appends "TOKEN WORDS" and a newline.
void append_reply(std::string& out, std::int64_t token, std::string_view words);

/// Appends the line that tells the result of a probe. Pending probes, which only a program that ends has, tell nothing.
void append_result(std::string& out, std::int64_t token, const Result& result, Dialect dialect);

/// What this process can do.
struct Support {
  Capabilities can{};
  bool sctp = false;  ///< SCTP probes can be sent, also now that privileges are given up.
  bool mark = false;  ///< The same for a mark.
};
/// Returns what check-support tells of the feature: "ok", "no", or the version.
[[nodiscard]] std::string_view support_of(std::string_view feature, const Support& support) noexcept;

}  // namespace multiping::mtr_packet
