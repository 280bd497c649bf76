// --shard: a stable split of a list among machines that share it. Pure; the environment is an argument.
// Slurm sets SLURM_ARRAY_TASK_*, an indexed job of Kubernetes JOB_COMPLETION_INDEX.
#pragma once

#include <cstdint>
#include <string_view>

#include "apps/multiping/command_line.hpp"

namespace multiping::command {

/// Parses "I/N" (I from 0), "auto" and "auto/N". Throws std::invalid_argument, also where the environment says nothing.
[[nodiscard]] Shard to_shard(std::string_view text, const Environment& environment);

/// True where the target belongs to this part: by a hash of its text (FNV-1a, 64 bits, and a final mix), which is the
/// same on every machine and in every version.
[[nodiscard]] bool is_in_shard(std::string_view target, const Shard& shard) noexcept;

}  // namespace multiping::command
