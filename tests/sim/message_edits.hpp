// Changes messages as a scenario says, and finishes them into packets.
// See Edit.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/scenario.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// splitmix64: small, seeded, and the same everywhere.
[[nodiscard]] std::uint64_t mix(std::uint64_t value);

/// Makes one change, but for the checksum. `random` fills random payloads.
void apply(const Edit& edit, Protocol protocol, std::uint64_t random, Bytes& message);

[[nodiscard]] bool spoils(const std::vector<Edit>& edits);

/// A message of ip.protocol, with its length and checksum, in its packet.
[[nodiscard]] Bytes finish(const IpHeader& ip, Bytes message, bool spoil);

}  // namespace multiping::test
