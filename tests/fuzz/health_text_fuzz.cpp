// Fuzzes the saved state of a HealthTracker: no text may crash the reader, and what it takes is written as it was.
// A tracker that was read goes on, whatever the file said.
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "multiping/health.hpp"

namespace {

using namespace multiping;

std::string saved(const HealthTracker& tracker) {
  std::ostringstream out;
  tracker.save(out);
  return out.str();
}

HealthTracker loaded(const std::string& text) {
  std::istringstream in{text};
  return HealthTracker::load(in);
}

/// Some rounds in which all hosts are silent, and then answer.
void go_on(HealthTracker& tracker) {
  std::vector<Result> round;
  for (const std::string& host : tracker.hosts()) round.push_back({.host = host, .outcome = Outcome::no_reply});
  for (int i = 0; i < 8; ++i) {
    for (Result& each : round) each.outcome = i < 4 ? Outcome::no_reply : Outcome::reply;
    static_cast<void>(tracker.observe(round));
    fuzz::require(saved(loaded(saved(tracker))) == saved(tracker));
  }
  for (const std::string& group : tracker.groups()) fuzz::require(tracker.up(group) <= tracker.size(group));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    HealthTracker tracker = loaded(std::string(reinterpret_cast<const char*>(data), size));
    fuzz::require(saved(loaded(saved(tracker))) == saved(tracker));
    go_on(tracker);
  } catch (const std::runtime_error&) {
  }
  return 0;
}
