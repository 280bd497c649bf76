// Shared by the fuzz harnesses: the entry point that libFuzzer and replay_main.cpp call, and checks that end the
// process, so that both see a failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace multiping::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// Ends the process unless `holds`.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Ends the process unless `part` lies in `whole` or is empty.
inline void require_inside(Bytes part, Bytes whole) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace multiping::fuzz
