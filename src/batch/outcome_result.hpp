// Translates the engine's record of a target into the caller's Result.
// Batches and single probes share this function.
#pragma once

#include "engine/probe_table.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// Writes all members of `result` except its host and its address. `detail` may be null.
inline void copy_outcome(const engine::TargetRecord& record, const engine::Detail* detail, Result& result) {
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
}

}  // namespace multiping
