// Small helpers for tests that run batches in namespaces.
// They count outcomes, make lists of hosts, and measure time.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "netns/through_broker.hpp"

namespace multiping::test {

[[nodiscard]] inline std::size_t count(std::span<const Result> results, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(results, outcome, &Result::outcome));
}

/// "10.1.0.<first>" to "10.1.0.<last>", for prefix "10.1.0.".
[[nodiscard]] inline std::vector<std::string> hosts(const std::string& prefix, int first, int last) {
  std::vector<std::string> names;
  for (int i = first; i <= last; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

/// The first `count` addresses of 127.1.0.0/16, from 127.1.0.1 on: hosts that answer.
[[nodiscard]] inline std::vector<Address> loopback_hosts(std::size_t count) {
  std::vector<Address> block = expand("127.1.0.0/16");
  block.resize(std::min(block.size(), count));
  return block;
}

[[nodiscard]] inline std::error_code error_of(int number) { return {number, std::system_category()}; }

[[nodiscard]] inline Options options_for(TransportKind kind) {
  Options options;
  options.transport = open_transport({.kinds = {kind_here(kind)}});
  return options;
}

/// Measures the time since the object was made, by the monotonic clock.
class Stopwatch {
 public:
  [[nodiscard]] Duration elapsed() const {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Processor time of this process so far.
[[nodiscard]] inline Duration processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace multiping::test
