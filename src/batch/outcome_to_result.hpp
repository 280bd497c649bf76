// Translates the engine's record of a target into the caller's Result.
// Batches and single probes share these functions.
#pragma once

#include <chrono>

#include "engine/cause_rules.hpp"
#include "engine/probe_table.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "values/protocol_traits.hpp"

namespace multiping {

/// The wall-clock time of an instant. `offset` is ProbeTransport::wall_offset(), read once for all results of a call.
[[nodiscard]] inline std::chrono::sys_time<Duration> wall_time(Instant at, Duration offset) noexcept {
  return std::chrono::sys_time<Duration>{at.time_since_epoch() + offset};
}

/// Writes what the target is asked.
inline void copy_question(const ProbeOptions& probe, Result& result) noexcept {
  result.protocol = probe.protocol;
  result.port = destination_port(probe);
}

/// Writes all members of `result` that tell an outcome. `detail` may be null. The cause of a silence is unknown until
/// SilenceCauses finds it.
inline void copy_outcome(const engine::TargetRecord& record, const engine::Detail* detail, Duration wall_offset,
                         Result& result) {
  result.outcome = record.outcome;
  result.rtt = record.rtt;
  result.attempt = record.attempt;
  result.reply_ttl = record.reply_ttl;
  result.timestamps = record.timestamps;
  result.auth_bits = record.auth_bits;
  result.payload_altered = record.payload_altered;
  result.reply_tos = record.has_tos ? std::optional{record.reply_tos} : std::nullopt;
  result.responder = detail != nullptr ? detail->responder : Address{};
  if (record.answered() && !result.responder) result.responder = record.address;
  result.icmp = detail != nullptr ? detail->icmp : nullptr;
  result.error = detail != nullptr ? detail->error : std::error_code{};
  result.reply_size = static_cast<std::uint32_t>(record.reply_size);
  result.at =
      record.outcome == Outcome::pending ? std::chrono::sys_time<Duration>{} : wall_time(record.at(), wall_offset);
  result.cause = engine::has_cause(record.outcome) ? Cause::unknown : Cause::none;
  result.cause_address = {};
}

}  // namespace multiping
