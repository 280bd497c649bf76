// Changes messages as a scenario asks, and makes packets of them.
// See Edit in scenario.hpp for the changes.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/scenario.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// splitmix64: a small seeded generator with the same numbers on every platform.
[[nodiscard]] std::uint64_t mix(std::uint64_t value);

/// Makes one change, except that of the checksum. `random` is the seed of random payloads.
void apply(const Edit& edit, Protocol protocol, std::uint64_t random, Bytes& message);

[[nodiscard]] bool spoils(const std::vector<Edit>& edits);

/// The packet of a message of ip.protocol, with its length and checksum. `spoil`: makes the checksum wrong.
[[nodiscard]] Bytes finish(const IpHeader& ip, Bytes message, bool spoil);

}  // namespace multiping::test
