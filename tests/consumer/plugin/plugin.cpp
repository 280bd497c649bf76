// The plugin: looks a name up, and does not wait long. True when that was not enough.
#include <chrono>

#include <multiping/error.hpp>
#include <multiping/resolve.hpp>

extern "C" [[gnu::visibility("default")]] bool look_up() {
  using namespace std::chrono_literals;
  return multiping::resolve({"hangs.invalid"}, {.timeout = 50ms}).front().error == multiping::Errc::lookup_timeout;
}
