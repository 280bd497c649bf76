// Pings hosts with MultiPing and multi_ping(): says which hosts answer, in what time, and which stay silent.
// Usage: multi_ping_demo HOST...
// Exit status: 0 when every host answered, 1 when not, 2 when there was an error.
#include <multiping/multiping.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage =
    "usage: multi_ping_demo HOST...\n"
    "Pings names and addresses, IPv4 and IPv6, all at once: in steps, then in one call with retries.\n"
    "Exit status: 0 when every host answered, 1 when not, 2 when there was an error.\n";

void print(const multiping::Batch& batch) {
  for (const auto& r : batch.responses)
    std::cout << "  " << r.host << " (" << r.address << ") responded in " << multiping::to_milliseconds(r.rtt)
              << " ms\n";
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

bool in_one_call(const std::vector<const char*>& hosts) {
  std::cout << "All that in one call, with three retries within two seconds:\n";
  const multiping::Batch batch = multiping::multi_ping(hosts, 2s, 3, {.ignore_lookup_errors = true});
  print(batch);
  return batch.no_responses.empty();
}

}  // namespace

int main(int argc, char** argv) try {
  const auto arguments = std::span{argv, static_cast<std::size_t>(argc)}.subspan(1);
  const std::vector<const char*> hosts(arguments.begin(), arguments.end());
  const bool help = !hosts.empty() && hosts.front() == std::string_view{"--help"};
  if (help || hosts.empty() || *hosts.front() == '-') {
    (help ? std::cout : std::cerr) << usage;
    return help ? 0 : 2;
  }
  step_by_step(hosts);
  return in_one_call(hosts) ? 0 : 1;
} catch (const std::exception& error) {  // the text of a PermissionError names the remedies
  std::cerr << error.what() << '\n';
  return 2;
}
