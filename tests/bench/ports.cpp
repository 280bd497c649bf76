// Measures the library over the same N probes as ports_floor.cpp, from the first send() to the last receive().
// Usage: ports tcp|udp|half-open N OPEN_PORT THREADS. Prints one line of name=value pairs, times in microseconds.
#include <multiping/multiping.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <vector>

#include "figures.hpp"

namespace {

using namespace multiping;
using namespace std::chrono_literals;

std::vector<Target> targets(const ProbeOptions& open, std::uint32_t count) {
  ProbeOptions closed = open;
  ++closed.port;
  const Target samples[] = {{"", open}, {"", closed}};
  std::vector<Target> list;
  list.reserve(count);
  for (std::uint32_t n = 0; n < count; ++n) {
    const std::uint32_t bits = 0x7f010001U + n / 2;
    const auto octet = [bits](int place) { return static_cast<std::uint8_t>(bits >> (8 * place)); };
    const Address address = Address::v4({octet(3), octet(2), octet(1), octet(0)});
    list.emplace_back(address.to_string(), *samples[n % 2].probe());
  }
  return list;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) return 2;
  const std::string_view how = argv[1];
  ProbeOptions probe{.protocol = how == "udp" ? Protocol::udp : Protocol::tcp, .port = std::atoi(argv[3])};
  probe.half_open = how == "half-open";
  const auto list = targets(probe, static_cast<std::uint32_t>(std::atoi(argv[2])));
  bench::Laps laps;
  MultiPing batch{list, {.threads = std::atoi(argv[4])}};
  const auto setup = laps.lap();
  batch.send();
  const Batch result = batch.receive(2s);
  const auto spent = laps.lap();
  const auto open = std::ranges::count(result.responses, Outcome::reply, &Result::outcome);
  const auto closed = std::ranges::count(result.responses, Outcome::refused, &Result::outcome);
  std::printf("open=%td closed=%td wall=%.1f cpu=%.1f setup=%.1f memory_kib=%ld\n", open, closed, spent.wall, spent.cpu,
              setup.wall, bench::peak_memory());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
