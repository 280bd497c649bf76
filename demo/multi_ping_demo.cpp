// The first program of the README: which of these hosts answer, how far away are they, and who stays silent?
// Usage: multi_ping_demo HOST...
#include <multiping/multiping.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <span>
#include <vector>

namespace {

using namespace std::chrono_literals;

void print(const multiping::Batch& batch) {
  for (const auto& r : batch.responses)
    std::cout << "  " << r.host << " (" << r.address << ") responded in " << multiping::milliseconds(r.rtt) << " ms\n";
  for (const auto& r : batch.no_responses) std::cout << "  " << r << '\n';
}

void step_by_step(const std::vector<const char*>& hosts) {
  multiping::MultiPing mp{hosts, {.ignore_lookup_errors = true}};
  std::cout << "One probe to each, and up to a second for the answers:\n";
  mp.send();
  print(mp.receive(1s));
  if (mp.unanswered() == 0) return;

  std::cout << "Once more to the " << mp.unanswered() << " without an answer:\n";
  mp.send();
  print(mp.receive(1s));
}

void in_one_call(const std::vector<const char*>& hosts) {
  std::cout << "All that in one call, with three retries within two seconds:\n";
  print(multiping::multi_ping(hosts, 2s, 3, {.ignore_lookup_errors = true}));
}

}  // namespace

int main(int argc, char** argv) try {
  const auto arguments = std::span{argv, static_cast<std::size_t>(argc)}.subspan(1);
  const std::vector<const char*> hosts(arguments.begin(), arguments.end());
  step_by_step(hosts);
  in_one_call(hosts);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
