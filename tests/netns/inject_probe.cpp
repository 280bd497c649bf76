// A small pinger for strace(1), which makes single system calls of it fail. Its exit status is 0 for the results of a
// clean run, 2 when an error was reported by a result or an exception, and 3 for a wrong result.
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string_view>
#include <system_error>

#include "multiping/multiping.hpp"

namespace {

using namespace std::chrono_literals;
using multiping::Outcome;

constexpr int as_clean = 0, told = 2, wrong = 3;
constexpr auto nowhere = "10.66.1.1";

// A live host must answer, unless this host could not send to it. The host behind a blackhole route never answers.
int judge(const multiping::Result& result) {
  if (result.host == nowhere) return result.answered() ? wrong : as_clean;
  if (result.outcome == Outcome::send_failed) return told;
  return result.answered() ? as_clean : wrong;
}

int run(multiping::TransportKind kind) {
  std::vector<std::string> hosts{nowhere, "::1"};
  for (int i = 1; i <= 80; ++i) hosts.push_back("127.0.1." + std::to_string(i));
  const std::stop_source stop;
  multiping::Options options;
  options.threads = 1;
  options.stop = stop.get_token();
  options.transport = multiping::open_transport({.kinds = {kind}});
  const auto batch = multiping::multi_ping(hosts, 2s, 3, options);
  int worst = multiping::MultiPing{"127.0.0.1", options}.native_handle() < 0 ? told : as_clean;
  for (const auto& result : batch.responses) worst = std::max(worst, judge(result));
  for (const auto& result : batch.no_responses) {
    worst = std::max(worst, judge(result));
    std::cout << result << '\n';
  }
  return batch.responses.size() + batch.no_responses.size() == hosts.size() ? worst : wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc > 1 ? argv[1] : "";
  try {
    return run(kind == "ping-socket" ? multiping::TransportKind::ping_socket
               : kind == "automatic" ? multiping::TransportKind::automatic
                                     : multiping::TransportKind::raw);
  } catch (const std::system_error& error) {
    std::cout << "system_error: " << error.what() << '\n';
    return told;
  }
}
