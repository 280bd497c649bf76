// Measures the library over the same N targets as floor.cpp, by phase: parse and open, send, receive, destroy.
// Usage: batch raw|ping|broker 4|6 N THREADS [--buffer BYTES] [--broker PATH]. Prints one line of name=value pairs,
// times in microseconds.
#include <multiping/multiping.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "figures.hpp"

namespace {

using namespace multiping;
using namespace std::chrono_literals;

std::vector<std::string> hosts(bool v4, std::uint32_t count) {
  std::vector<std::string> names;
  names.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t v4_bits = 0x7f000001U + i;
    const std::uint32_t v6_bits = i + 1;
    const auto octet = [](std::uint32_t bits, int place) { return static_cast<std::uint8_t>(bits >> (8 * place)); };
    const Address address =
        v4 ? Address::v4({octet(v4_bits, 3), octet(v4_bits, 2), octet(v4_bits, 1), octet(v4_bits, 0)})
           : Address::v6({0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, octet(v6_bits, 3), octet(v6_bits, 2),
                          octet(v6_bits, 1), octet(v6_bits, 0)});
    names.push_back(address.to_string());
  }
  return names;
}

double median_rtt(const Batch& batch) {
  std::vector<double> times;
  times.reserve(batch.responses.size());
  for (const Result& result : batch.responses) times.push_back(static_cast<double>(result.rtt.count()) / 1e3);
  if (times.empty()) return 0;
  const auto middle = times.begin() + std::ssize(times) / 2;
  std::ranges::nth_element(times, middle);
  return *middle;
}

TransportKind kind_of(std::string_view name) {
  if (name == "broker") return TransportKind::broker;
  return name == "raw" ? TransportKind::raw : TransportKind::ping_socket;
}

TransportOptions transport_options(int argc, char** argv) {
  TransportOptions options{.kinds = {kind_of(argv[1])}};
  for (int i = 5; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--buffer") options.receive_buffer = static_cast<std::size_t>(std::atol(argv[i + 1]));
    if (name == "--broker") options.broker = argv[i + 1];
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 5) return 2;
  const auto names = hosts(std::string_view{argv[2]} == "4", static_cast<std::uint32_t>(std::atoi(argv[3])));
  bench::Laps laps;
  Options options{.threads = std::atoi(argv[4])};
  options.transport = open_transport(transport_options(argc, argv));
  const auto open = laps.lap();
  auto batch = std::make_unique<MultiPing>(names, options);
  const auto setup = laps.lap();
  batch->send();
  const auto send = laps.lap();
  const Batch result = batch->receive(2s);
  const auto receive = laps.lap();
  const Counters counters = batch->counters();
  const double rtt = median_rtt(result);
  const auto kernel_stamps = std::ranges::count(result.responses, TimestampSource::kernel, &Result::timestamps);
  laps.lap();
  batch.reset();
  const auto destroy = laps.lap();
  std::printf(
      "answered=%zu wall=%.1f cpu=%.1f open=%.1f setup=%.1f send=%.1f receive=%.1f destroy=%.1f memory_kib=%ld "
      "drops=%llu "
      "rtt=%.3f kernel_stamps=%td\n",
      result.responses.size(), send.wall + receive.wall, send.cpu + receive.cpu, open.wall, open.wall + setup.wall,
      send.wall, receive.wall, destroy.wall, bench::peak_memory(),
      static_cast<unsigned long long>(counters.receive_drops), rtt, kernel_stamps);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
