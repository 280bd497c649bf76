// Measures a Prober with N probes to 127.0.0.1, all submitted before the first answer is taken. The probes have one
// size, or each has options of its own. Usage: sizes N one|own. Prints one line of name=value pairs.
#include <multiping/multiping.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "figures.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t sizes = 65'000;

multiping::ProbeOptions options(std::size_t number, bool own) {
  multiping::ProbeOptions probe;
  probe.payload_size = own ? number % sizes : sizes / 2;
  if (own) probe.tos = static_cast<int>(number / sizes) * 4;
  return probe;
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 1);
  const bool own = argc > 2 && argv[2] == std::string_view{"own"};
  const auto start = std::chrono::steady_clock::now();
  multiping::Prober prober;
  const auto host = *multiping::Address::parse("127.0.0.1");
  for (std::size_t i = 0; i < count; ++i) static_cast<void>(prober.submit(host, options(i, own), 60s));
  std::size_t answered = 0;
  while (prober.in_flight() > 0)
    for (const auto& [token, result] : prober.poll(1s)) answered += result.answered() ? 1U : 0U;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("answered=%zu seconds=%.2f memory_kib=%ld\n", answered, took.count(), bench::peak_memory());
}
