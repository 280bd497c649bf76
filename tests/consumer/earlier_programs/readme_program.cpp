#include <multiping/multiping.hpp>

#include <iostream>

using namespace std::chrono_literals;

int main() try {
  const auto [responses, no_responses] =
      multiping::multi_ping({"127.0.0.1", "localhost", "::1", "fe80::1%lo"}, 2s, 3, {.ignore_lookup_errors = true});
  for (const auto& r : responses) std::cout << r.host << " responded in " << r.rtt.count() / 1e6 << " ms\n";
  for (const auto& r : no_responses) std::cout << r << '\n';
} catch (const multiping::PermissionError& error) {
  std::cerr << error.what() << '\n';  // each line is one way to let this process ping
  return 1;
}
