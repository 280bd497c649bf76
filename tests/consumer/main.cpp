// A user's program at its smallest: pings this host, and says so. A machine that lets nobody ping, or has its loopback
// interface down, is no failure here.
#include <chrono>
#include <exception>
#include <iostream>
#include <system_error>

#include <multiping/multiping.hpp>

int main() try {
  const auto [responses, no_responses] = multiping::multi_ping({"127.0.0.1"}, std::chrono::seconds{2});
  for (const auto& result : responses) std::cout << result << '\n';
  bool down = false;
  for (const auto& result : no_responses) {
    std::cout << result << '\n';
    down = result.error == std::errc::network_unreachable;
  }
  return responses.size() == 1 || down ? 0 : 1;
} catch (const multiping::PermissionError& error) {
  std::cout << "not permitted: " << error.what() << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cout << error.what() << '\n';
  return 1;
}
