// Measures one ping of one host, with a bare socket and with the library in turn: opened for each ping, then kept open.
// Each way takes turns with its own bare socket alone, so that no other way displaces it from the processor's caches.
// Usage: one_ping raw|ping 4|6 ROUNDS. Prints one line of name=value pairs: the times in microseconds (p50 and p95),
// then the ratios of the medians and of the p95.
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <multiping/multiping.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "bare_socket.hpp"

namespace {

using namespace multiping;
using namespace std::chrono_literals;

/// The times of one way to ping.
class Times {
 public:
  template <class Ping>
  void take(Ping ping) {
    const auto start = std::chrono::steady_clock::now();
    failed_ = !ping() || failed_;
    times_.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] double at(double share) {
    const auto place = times_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(times_.size() - 1));
    std::nth_element(times_.begin(), place, times_.end());
    return *place;
  }

 private:
  std::vector<double> times_;
  bool failed_ = false;
};

struct Ways {
  Times bare, ping, bare_kept, ping_kept, batch_kept, prober_kept;
};

Options with(std::shared_ptr<Transport> transport) {
  Options options;
  options.transport = std::move(transport);
  return options;
}

bool ask(MultiPing& batch) {
  batch.reset();
  batch.send();
  return !batch.receive(1s).responses.empty();
}

bool ask(Prober& prober, const Address& to) {
  static_cast<void>(prober.submit(to, ProbeOptions{}, 1s));
  for (;;)
    for (const auto& done : prober.poll(1s)) return done.result.answered();
}

/// Drops CAP_NET_RAW: from now on this process can open ping sockets but no raw sockets, as that of an ordinary user.
bool give_up_raw_sockets() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct rights[2]{};
  if (::syscall(SYS_capget, &header, rights) != 0) return false;
  rights[0].effective &= ~(1U << CAP_NET_RAW);
  return ::syscall(SYS_capset, &header, rights) == 0;
}

/// ping() without a transport tries raw sockets first, and takes the first kind that it can open.
Ways measure(bool raw, bool v4, int rounds) {
  const Target host{v4 ? "127.0.0.1" : "::1"};
  const Address to = *Address::parse(host.host());
  const TransportOptions kind{.kinds = {raw ? TransportKind::raw : TransportKind::ping_socket}};
  const Options kept = with(open_transport(kind));
  bench::BareSocket socket{raw, v4};
  MultiPing batch{host, kept};
  Prober prober{kept};
  Ways ways;
  for (int i = 0; i < rounds; ++i) {
    ways.bare.take([&] { return bench::BareSocket{raw, v4}.ask(); });
    ways.ping.take([&] { return ping(host, 1s).answered(); });
  }
  for (int i = 0; i < rounds; ++i) {
    ways.bare_kept.take([&] { return socket.ask(); });
    ways.ping_kept.take([&] { return ping(host, 1s, kept).answered(); });
  }
  for (int i = 0; i < rounds; ++i) {
    ways.batch_kept.take([&] { return ask(batch); });
    ways.prober_kept.take([&] { return ask(prober, to); });
  }
  return ways;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) return 2;
  const bool raw = std::string_view{argv[1]} == "raw";
  if (!raw && !give_up_raw_sockets()) return std::fprintf(stderr, "cannot give up a capability\n"), 1;
  Ways ways = measure(raw, std::string_view{argv[2]} == "4", std::atoi(argv[3]));
  const std::pair<const char*, Times*> all[] = {{"bare", &ways.bare},
                                                {"ping", &ways.ping},
                                                {"bare_kept", &ways.bare_kept},
                                                {"ping_kept", &ways.ping_kept},
                                                {"batch_kept", &ways.batch_kept},
                                                {"prober_kept", &ways.prober_kept}};
  for (const auto& [name, times] : all) {
    if (times->failed()) return std::fprintf(stderr, "%s: no answer\n", name), 1;
    std::printf("%s=%.1f %s_p95=%.1f ", name, times->at(0.5), name, times->at(0.95));
  }
  std::printf("anew=%.2f anew_p95=%.2f kept=%.2f kept_p95=%.2f\n", ways.ping.at(0.5) / ways.bare.at(0.5),
              ways.ping.at(0.95) / ways.bare.at(0.95), ways.ping_kept.at(0.5) / ways.bare_kept.at(0.5),
              ways.ping_kept.at(0.95) / ways.bare_kept.at(0.95));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
