// Measures how soon calls about very many targets end: after a stop, and when a budget is used up.
// Usage: stops TARGETS ROUTES. TARGETS of 127.0.0.0/8 answer; ROUTES of 10.64.0.0/10 lead to no host. Prints one line
// of name=value pairs, times in milliseconds.
#include <multiping/multiping.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace multiping;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::vector<std::string> hosts(std::uint32_t first, std::uint32_t count) {
  std::vector<std::string> names;
  names.reserve(count);
  const auto octet = [](std::uint32_t bits, int place) { return static_cast<std::uint8_t>(bits >> (8 * place)); };
  for (std::uint32_t i = first; i < first + count; ++i)
    names.push_back(Address::v4({octet(i, 3), octet(i, 2), octet(i, 1), octet(i, 0)}).to_string());
  return names;
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// How long a call went on after a stop that came while it was under way, in milliseconds.
template <class Call>
double after_stop(std::stop_source& source, Duration wait, Call call) {
  Clock::time_point stopped_at{};
  std::thread stopper{[&] {
    std::this_thread::sleep_for(wait);
    stopped_at = Clock::now();
    source.request_stop();
  }};
  call();
  const Clock::time_point back = Clock::now();
  stopper.join();
  return std::chrono::duration<double, std::milli>(back - stopped_at).count();
}

void measure_stop(std::uint32_t count) {
  std::stop_source source;
  MultiPing batch{hosts(0x7f000001, count), {.threads = 1, .stop = source.get_token()}};
  const auto send_time = std::chrono::microseconds{count};  // less than the time that the sending takes
  const double send = after_stop(source, send_time, [&] { batch.send(); });
  const auto start = Clock::now();
  const Batch taken = batch.receive(1s);
  const double receive = milliseconds_since(start);
  const auto copying = Clock::now();
  const std::vector<Result> copy = taken.no_responses;
  std::printf("targets=%u send_after_stop=%.1f receive=%.1f copying_its_results=%.1f ", count, send, receive,
              milliseconds_since(copying));
}

void measure_budget(std::uint32_t count) {
  const auto names = hosts(0x0a400001, count);
  const auto start = Clock::now();
  const auto routes = traceroute(names, {.max_ttl = 30, .budget = 2s});
  const double whole = milliseconds_since(start);
  const auto copying = Clock::now();
  const auto copy = routes;
  const double copied = milliseconds_since(copying);
  std::size_t hops = 0;
  for (const Route& route : copy) hops += route.hops.size();
  std::printf("routes=%u hops=%zu budget=2000 traceroute=%.0f copying_its_results=%.0f\n", count, hops, whole, copied);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  measure_stop(static_cast<std::uint32_t>(std::atoi(argv[1])));
  measure_budget(static_cast<std::uint32_t>(std::atoi(argv[2])));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
