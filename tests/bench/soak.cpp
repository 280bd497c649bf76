// A monitor that keeps running while its host changes: thousands of targets with 5 % loss, an uplink that is dialled
// anew twice, and a name server that is silent for a while. Memory, threads and descriptors must not grow. Usage: soak
// [MINUTES] [TARGETS] (10, 10000). Needs root; it sends only inside network namespaces of its own. Exit status: 0 when
// nothing grew and all targets were found again, 1 when not, 2 when there was an error.
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <multiping/multiping.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int names = 20;
constexpr const char* name_server = "10.200.255.53";

// The times of the events, as parts of the whole time.
constexpr double redials[] = {0.25, 0.7}, silent_from = 0.45, silent_until = 0.6;
// The windows that are compared: before the first redial, between that and the silence, and at the end.
struct Window {
  double from = 0, to = 0;
};
constexpr Window warm{0.1, 0.25}, redialled_once{0.35, 0.45}, the_end{0.9, 2};
constexpr auto hang_up_time = 2s;

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

// ---- The world: the other end of the uplink, in a process and a network namespace of its own ----

/// Makes the uplink "up0" between this namespace and that of the process `near`; a redial makes it under the same name.
void dial(pid_t near) {
  const std::string there = "nsenter --net=/proc/" + std::to_string(near) + "/ns/net ";
  run("ip link add far0 type veth peer name up0 netns " + std::to_string(near));
  run("ip addr add 10.199.0.2/30 dev far0 && ip link set far0 up");
  run(there + "ip addr add 10.199.0.1/30 dev up0 && " + there + "ip link set up0 up");
  run(there + "ip route add 10.200.0.0/16 via 10.199.0.2");
}

/// Makes all of 10.200.0.0/16 answer, except to one request in twenty.
void furnish_far_side() {
  run("ip link set lo up && ip route add local 10.200.0.0/16 dev lo");
  run("nft add table inet soak && nft 'add chain inet soak in { type filter hook input priority 0; }'");
  run("nft add rule inet soak in icmp type echo-request numgen random mod 100 \\< 5 drop");
}

/// The answer to a question for "h7.soak": 10.200.200.7 for an IPv4 address, otherwise no record. RFC 1035.
std::vector<std::uint8_t> dns_answer(std::span<const std::uint8_t> query) {
  constexpr std::size_t header = 12;
  std::size_t end = header;
  while (end < query.size() && query[end] != 0) end += query[end] + std::size_t{1};
  end += 5;  // the root label, type and class
  if (end > query.size()) return {};
  std::vector<std::uint8_t> answer{query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end)};
  const bool wants_v4 = query[end - 3] == 1;
  const std::array<std::uint8_t, 10> counts{0x81, 0x80, 0, 1, 0, wants_v4 ? std::uint8_t{1} : std::uint8_t{0},
                                            0,    0,    0, 0};
  std::ranges::copy(counts, answer.begin() + 2);
  const std::string label{query.begin() + header + 2, query.begin() + header + 1 + query[header]};
  const auto number = static_cast<std::uint8_t>(std::atoi(label.c_str()));
  if (wants_v4) answer.insert(answer.end(), {0xc0, header, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 200, 200, number});
  return answer;
}

class NameServer {
 public:
  NameServer() : socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(53);
    ::inet_pton(AF_INET, name_server, &here.sin_addr);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) fail("name server");
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() { ::close(socket_); }

  /// Waits a tenth of a second for one question and answers it; when `silent`, it reads the question but does not
  /// answer.
  void serve(bool silent) const {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) return;
    std::array<std::uint8_t, 512> query{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket_, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0 || silent) return;
    const auto answer = dns_answer({query.data(), static_cast<std::size_t>(got)});
    ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }

 private:
  int socket_;
};

/// Writes a byte to `ready` when it is ready. Then plays the events of `length`, and runs on until it is killed.
void be_the_world(pid_t near, int ready, Seconds length) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::unshare(CLONE_NEWNET) != 0) fail("unshare");
  furnish_far_side();
  dial(near);
  const NameServer server;
  if (::write(ready, "", 1) != 1) fail("write");
  const auto start = Clock::now();
  for (std::size_t redialled = 0;;) {
    const double now = Seconds(Clock::now() - start) / length;
    server.serve(now >= silent_from && now < silent_until);
    if (redialled == std::size(redials) || now < redials[redialled]) continue;
    run("ip link del far0");
    std::this_thread::sleep_for(hang_up_time);
    dial(near);
    ++redialled;
  }
}

class World {
 public:
  explicit World(Seconds length) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) fail("pipe");
    const pid_t near = ::getpid();
    process_ = ::fork();
    if (process_ == 0) {
      try {
        be_the_world(near, ready[1], length);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "soak: %s\n", error.what());
      }
      ::_exit(2);
    }
    ::close(ready[1]);
    char byte = 0;
    const bool works = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    if (!works) throw std::runtime_error("the far side could not be made");
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_ = -1;
};

// ---- The monitor, and the resources that it takes ----

struct Sample {
  double at = 0;  ///< Seconds.
  long memory = 0, threads = 0, descriptors = 0;
  double answered = 0;  ///< Share of the targets that answered in the last round, 0 to 1.
};

Sample look(Clock::time_point start) {
  Sample sample{.at = Seconds(Clock::now() - start).count()};
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) sample.memory = std::atol(line.c_str() + 6);
    if (line.starts_with("Threads:")) sample.threads = std::atol(line.c_str() + 8);
  }
  status.close();
  const auto open = std::filesystem::directory_iterator{"/proc/self/fd"};
  sample.descriptors = std::distance(open, std::filesystem::directory_iterator{}) - 1;  // without the folder's own
  return sample;
}

/// Takes samples in a thread of its own, also while the monitor waits, and prints some of them.
class Watch {
 public:
  Watch(Clock::time_point start, Seconds length)
      : thread_{[this, start, length](const std::stop_token& over) { watch(over, start, length); }} {}
  void tell(int round, double answered) noexcept {
    round_ = round;
    answered_ = answered;
  }
  void stop() {
    thread_.request_stop();
    thread_.join();
  }
  /// To be called after stop().
  [[nodiscard]] const std::vector<Sample>& samples() const noexcept { return samples_; }

 private:
  void watch(const std::stop_token& over, Clock::time_point start, Seconds length) {
    std::printf("%8s %7s %10s %12s %8s %12s\n", "seconds", "round", "answered", "memory KiB", "threads", "descriptors");
    for (double next = 0; !over.stop_requested(); std::this_thread::sleep_for(200ms)) {
      samples_.push_back(look(start));
      Sample& last = samples_.back();
      last.answered = answered_;
      if (last.at < next) continue;
      next += std::max(2.0, length.count() / 40);
      std::printf("%8.1f %7d %8.2f %% %12ld %8ld %12ld\n", last.at, round_.load(), last.answered * 100, last.memory,
                  last.threads, last.descriptors);
      std::fflush(stdout);
    }
  }

  std::atomic<int> round_ = 0;
  std::atomic<double> answered_ = 0;
  std::vector<Sample> samples_;
  std::jthread thread_;
};

/// Half of the targets use the device; the last ones are given by name.
std::vector<multiping::Target> targets(int count) {
  std::vector<multiping::Target> all;
  for (int i = 1; i + names <= count; ++i) {
    const std::string host = "10.200." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1);
    all.emplace_back(host, multiping::ProbeOptions{.device = i % 2 == 0 ? "up0" : ""});
  }
  for (int i = 1; i <= names; ++i) all.emplace_back("h" + std::to_string(i) + ".soak");
  return all;
}

/// Probes all targets each second; returns the statistics of all of them together.
multiping::Statistics monitor(int count, Seconds length, Watch& watch, Clock::time_point start) {
  multiping::SeriesOptions options{.count = 0, .interval = 1s, .timeout = 1s, .resolve_every = 5s};
  options.ping.ignore_lookup_errors = true;
  multiping::PingSeries series{targets(count), options};
  for (const multiping::Round& round : series) {
    const auto answered = std::ranges::count_if(round.results, &multiping::Result::answered);
    watch.tell(round.number + 1, static_cast<double>(answered) / static_cast<double>(round.results.size()));
    if (Clock::now() - start >= length) break;
  }
  watch.stop();  // while the series still exists
  multiping::Statistics sum;
  for (const multiping::Series& each : series.series()) sum += each.statistics;
  return sum;
}

// ---- The verdict ----

class Verdict {
 public:
  Verdict(const std::vector<Sample>& all, Seconds length) : all_{all}, length_{length.count()} {}

  /// Whether a resource did not grow. PendingLookups take some of it now and then, so the least value of each window
  /// counts; at any time there may be `peak` more.
  [[nodiscard]] bool flat(const char* name, long Sample::*what, long peak) const {
    const Taken taken{least(warm, what), least(the_end, what), most(what)};
    return say(name, taken, taken.after <= taken.before && taken.top <= taken.before + peak);
  }
  /// The first redial may take additional memory. The second may take only that for the results of one more round,
  /// which exist at the same time when this process is late. A leak of two bytes for each probe is more than that in
  /// ten minutes.
  [[nodiscard]] bool memory_flat(int targets) const {
    const Taken taken{least(redialled_once, &Sample::memory), least(the_end, &Sample::memory), most(&Sample::memory)};
    const long round = static_cast<long>(sizeof(multiping::Result)) * targets / 1024;
    return say("memory, KiB", taken, taken.after <= taken.before + taken.before / 20 + 1024 + round);
  }
  [[nodiscard]] bool found_again() const {
    const double before = answered(warm), after = answered(the_end);
    const bool holds = before > 0.5 && after > before - 0.02;
    std::printf("answered     %7.2f %% before the first redial, %7.2f %% at the end: %s\n", before * 100, after * 100,
                holds ? "all found again" : "NOT FOUND AGAIN");
    return holds;
  }

 private:
  [[nodiscard]] std::span<const Sample> in(Window window) const {
    const auto first = std::ranges::lower_bound(all_, window.from * length_, {}, &Sample::at);
    return {first, std::ranges::lower_bound(all_, window.to * length_, {}, &Sample::at)};
  }
  [[nodiscard]] long least(Window window, long Sample::*what) const {
    return (*std::ranges::min_element(in(window), {}, what)).*what;
  }
  [[nodiscard]] long most(long Sample::*what) const { return (*std::ranges::max_element(all_, {}, what)).*what; }
  [[nodiscard]] double answered(Window window) const {
    double sum = 0;
    for (const Sample& sample : in(window)) sum += sample.answered;
    return sum / static_cast<double>(in(window).size());
  }
  struct Taken {
    long before = 0, after = 0, top = 0;
  };
  static bool say(const char* name, const Taken& taken, bool holds) {
    std::printf("%-12s %9ld before, %9ld at the end, %9ld at most: %s\n", name, taken.before, taken.after, taken.top,
                holds ? "flat" : "NOT FLAT");
    return holds;
  }

  const std::vector<Sample>& all_;
  double length_;
};

bool judge(const std::vector<Sample>& all, Seconds length, int targets) {
  constexpr long lookups = 64;  // the most of a process at once; each has a socket, and sometimes a file
  const Verdict verdict{all, length};
  const bool parts[] = {verdict.found_again(), verdict.memory_flat(targets),
                        verdict.flat("threads", &Sample::threads, lookups),
                        verdict.flat("descriptors", &Sample::descriptors, 2 * lookups)};
  return std::ranges::all_of(parts, std::identity{});
}

/// Enters namespaces of its own, in which the resolver asks the world's name server.
void enter_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) fail("unshare");
  run("mount --make-rprivate / && ip link set lo up");
  std::string file = "/tmp/multiping_soak_XXXXXX";
  const int descriptor = ::mkstemp(file.data());
  if (descriptor < 0) fail("mkstemp");
  ::close(descriptor);
  std::ofstream{file} << "nameserver " << name_server << '\n';
  const std::string place = std::filesystem::canonical("/etc/resolv.conf").string();
  if (::mount(file.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) fail("mount");
  ::unlink(file.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  const Seconds length{(argc > 1 ? std::stod(argv[1]) : 10) * 60};
  const int count = argc > 2 ? std::stoi(argv[2]) : 10'000;
  enter_namespaces();
  const World world{length};
  const auto start = Clock::now();
  Watch watch{start, length};
  const auto figures = monitor(count, length, watch, start);
  std::printf("redials at %.0f and %.0f s, name server silent from %.0f to %.0f s\n", redials[0] * length.count(),
              redials[1] * length.count(), silent_from * length.count(), silent_until * length.count());
  std::printf("%llu rounds of a target, %llu sent, %llu received, loss %.2f %%, answered %.2f %%\n",
              static_cast<unsigned long long>(figures.rounds()), static_cast<unsigned long long>(figures.sent()),
              static_cast<unsigned long long>(figures.received()), figures.loss() * 100, figures.availability() * 100);
  return judge(watch.samples(), length, count) ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "soak: %s\n", error.what());
  return 2;
}
