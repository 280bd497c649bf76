// A user's program at its smallest: pings this host, and says so. A machine that lets nobody ping is no failure here.
#include <chrono>
#include <exception>
#include <iostream>

#include <multiping/multiping.hpp>

int main() try {
  const auto [responses, no_responses] = multiping::multi_ping({"127.0.0.1"}, std::chrono::seconds{2});
  for (const auto& result : responses) std::cout << result << '\n';
  for (const auto& result : no_responses) std::cout << result << '\n';
  return responses.size() == 1 ? 0 : 1;
} catch (const multiping::PermissionError& error) {
  std::cout << "not permitted: " << error.what() << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cout << error.what() << '\n';
  return 1;
}
