// UDP probes from many source ports, each of which is a socket: the time of a probe must not grow with their number.
// Usage: source_ports PROBES SOURCE_PORTS OPEN_PORT. Prints one line of name=value pairs, times in microseconds.
#include <multiping/multiping.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "figures.hpp"

namespace {

using namespace multiping;
using namespace std::chrono_literals;

constexpr int first_port = 20'000;

std::vector<Target> targets(std::uint32_t probes, std::uint32_t source_ports, int port) {
  std::vector<Target> samples;
  for (std::uint32_t i = 0; i < source_ports; ++i)
    samples.emplace_back(
        "", ProbeOptions{.protocol = Protocol::udp, .port = port, .source_port = first_port + static_cast<int>(i)});
  std::vector<Target> list;
  list.reserve(probes);
  for (std::uint32_t n = 0; n < probes; ++n) {
    const std::uint32_t bits = 0x7f010001U + n;
    const auto octet = [bits](int place) { return static_cast<std::uint8_t>(bits >> (8 * place)); };
    const Address address = Address::v4({octet(3), octet(2), octet(1), octet(0)});
    list.emplace_back(address.to_string(), *samples[n % source_ports].probe());
  }
  return list;
}

void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  allow_many_descriptors();
  const auto list = targets(static_cast<std::uint32_t>(std::atoi(argv[1])),
                            static_cast<std::uint32_t>(std::atoi(argv[2])), std::atoi(argv[3]));
  bench::Laps laps;
  MultiPing batch{list};
  const auto setup = laps.lap();
  batch.send();
  const auto sending = laps.lap();
  const Batch result = batch.receive(10s);
  const auto receiving = laps.lap();
  std::printf("answered=%zu setup=%.1f send=%.1f receive=%.1f wall=%.1f cpu=%.1f\n", result.responses.size(),
              setup.wall, sending.wall, receiving.wall, sending.wall + receiving.wall, sending.cpu + receiving.cpu);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
