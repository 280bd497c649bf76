// The program: its name lookups hang, being its own getaddrinfo(3), until the plugin is unloaded. What runs then is the
// plugin's code, in a thread that the plugin's call has left behind.
#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <iostream>
#include <thread>

namespace {

using namespace std::chrono_literals;

std::atomic<bool> began = false;
std::promise<void> unloaded;
std::shared_future<void> after_unloading = unloaded.get_future().share();

long threads() {
  const std::filesystem::directory_iterator tasks{"/proc/self/task"};
  return std::distance(begin(tasks), end(tasks));
}

int fail(const char* what) {
  std::cout << what << '\n';
  return 1;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  began = true;
  after_unloading.wait();
  return EAI_NONAME;
}

int main() {
  void* const plugin = ::dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) return fail(::dlerror());
  auto* const look_up = reinterpret_cast<bool (*)()>(::dlsym(plugin, "look_up"));
  if (look_up == nullptr) return fail("the plugin does not look names up");
  for (int tries = 0; tries < 100 && !began; ++tries)
    if (!look_up()) return fail("the lookup did not time out");
  if (!began) return fail("no lookup is under way");
  if (::dlclose(plugin) != 0) return fail(::dlerror());
  unloaded.set_value();
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (threads() > 1 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  if (threads() > 1) return fail("the lookup did not end");
  std::cout << "the plugin is gone, and its lookup has ended\n";
}
