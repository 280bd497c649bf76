// A user's library that pings inside; its callers see nothing of multiping.
#include <iostream>

#include <multiping/multiping.hpp>

int ping_this_host();

int ping_this_host() try {
  std::cout << multiping::ping("127.0.0.1", std::chrono::seconds{2}) << '\n';
  return 0;
} catch (const multiping::PermissionError& error) {
  std::cout << "not permitted: " << error.what() << '\n';
  return 0;
}
