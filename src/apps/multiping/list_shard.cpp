// The hash of a target's text, and the numbers of a part from the environment.
// See list_shard.hpp.
#include "apps/multiping/list_shard.hpp"

#include <limits>
#include <stdexcept>
#include <string>

#include "apps/multiping/option_values.hpp"

namespace multiping::command {
namespace {

constexpr std::uint64_t most_parts = std::numeric_limits<std::uint32_t>::max();

std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char each : text) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
  // FNV leaves the low bits of similar texts alike, and a part is a remainder.
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccd;
  return hash ^ (hash >> 33U);
}

Shard checked(std::string_view text, std::uint64_t index, std::uint64_t count) {
  if (index >= count) refuse_value("--shard", text, "I/N with I from 0 to N - 1");
  return {.index = index, .count = count};
}

/// Tasks of a job array: their numbers go from min to max by step.
Shard from_slurm(const std::string& task, const Environment& environment) {
  const auto number = [&](std::string_view name, std::uint64_t otherwise) {
    const auto text = environment(name);
    return text ? to_number(name, *text, {0, most_parts}) : otherwise;
  };
  const std::uint64_t least = number("SLURM_ARRAY_TASK_MIN", 0), step = number("SLURM_ARRAY_TASK_STEP", 1);
  const std::uint64_t at = to_number("SLURM_ARRAY_TASK_ID", task, {0, most_parts});
  const std::uint64_t count = number("SLURM_ARRAY_TASK_COUNT", 0);
  if (count == 0) throw std::invalid_argument{"--shard auto: SLURM_ARRAY_TASK_COUNT is not set"};
  if (step == 0 || at < least || (at - least) % step != 0)
    throw std::invalid_argument{"--shard auto: SLURM_ARRAY_TASK_ID is " + task +
                                ", which does not fit SLURM_ARRAY_TASK_MIN and SLURM_ARRAY_TASK_STEP"};
  return checked("auto: " + task, (at - least) / step, count);
}

Shard automatic(std::string_view text, const Environment& environment) {
  const bool has_count = text.starts_with("auto/");
  const auto slurm = environment("SLURM_ARRAY_TASK_ID");
  if (slurm && !has_count) return from_slurm(*slurm, environment);
  const auto kubernetes = environment("JOB_COMPLETION_INDEX");
  if (!kubernetes && has_count)
    throw std::invalid_argument{"--shard " + std::string{text} + ": JOB_COMPLETION_INDEX is not set"};
  if (!kubernetes)
    throw std::invalid_argument{"--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"};
  if (!has_count)
    throw std::invalid_argument{"--shard auto: Kubernetes does not say how many parts there are; write auto/N"};
  const std::uint64_t count = to_number("--shard auto/N", text.substr(5), {1, most_parts});
  return {.index = to_number("JOB_COMPLETION_INDEX", *kubernetes, {0, count - 1}), .count = count};
}

}  // namespace

Shard to_shard(std::string_view text, const Environment& environment) {
  if (text == "auto" || text.starts_with("auto/")) return automatic(text, environment);
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) refuse_value("--shard", text, "I/N, auto or auto/N");
  return checked(text, to_number("--shard", text.substr(0, slash), {0, most_parts}),
                 to_number("--shard", text.substr(slash + 1), {1, most_parts}));
}

bool is_in_shard(std::string_view target, const Shard& shard) noexcept {
  return shard.count <= 1 || hash_of(target) % shard.count == shard.index;
}

}  // namespace multiping::command
