// Measures the peak memory of multi_ping() over a vector of N IPv4 strings, and the time of a ping() of one host.
// Usage: one_call N. Prints one line of name=value pairs.
#include <multiping/multiping.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "figures.hpp"

namespace {

using namespace std::chrono_literals;

std::vector<std::string> hosts(unsigned count) {
  std::vector<std::string> names(count);
  unsigned i = 0x7f000001;
  for (std::string& name : names) {
    name = std::to_string(i >> 24) + '.' + std::to_string(i >> 16 & 255) + '.' + std::to_string(i >> 8 & 255) + '.' +
           std::to_string(i & 255);
    ++i;
  }
  return names;
}

/// The median time of 101 calls of ping() for one host, each of which opens everything anew, in microseconds.
double one_ping() {
  std::vector<double> times;
  for (int i = 0; i < 101; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (!multiping::ping("127.0.0.1").answered()) return -1;
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::nth_element(times, times.begin() + 50);
  return times[50];
}

}  // namespace

int main(int argc, char** argv) {
  const auto names = hosts(argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1U);
  const multiping::Batch batch = multiping::multi_ping(names, 60s);
  std::printf("answered=%zu memory_kib=%ld one_ping=%.1f\n", batch.responses.size(), bench::peak_memory(), one_ping());
}
