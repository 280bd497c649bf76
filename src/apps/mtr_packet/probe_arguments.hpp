// The arguments of send-probe: from words to what Prober::submit() takes. Pure: no I/O.
// mtr-packet(8) lists them; multiping-packet(8) says how they are read here.
#pragma once

#include <variant>

#include "apps/mtr_packet/command.hpp"
#include "multiping/prober.hpp"

namespace multiping::mtr_packet {

/// What a send-probe asks for.
struct AskedProbe {
  Address target{};
  Submission submission{};
};

/// Why a send-probe asks for nothing that can be sent.
enum class Refusal {
  argument,  ///< A value is malformed or out of range, or values exclude each other.
  version,   ///< There is neither ip-4 nor ip-6.
  protocol,  ///< This process cannot send probes of that protocol.
};

/// Returns the probe that the command asks for. Of an argument that is given twice, the last counts; an unknown one is
/// ignored.
[[nodiscard]] std::variant<AskedProbe, Refusal> read_probe(const Command& command);

}  // namespace multiping::mtr_packet
