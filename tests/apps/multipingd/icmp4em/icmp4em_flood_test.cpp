// Tests the icmp4em server under load and abuse: datagrams of any kind, floods, very many clients, and clients that
// never read. An ordinary client is always answered.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iomanip>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "apps/multipingd/icmp4em/icmp4em_peers.hpp"
#include "netns/namespace.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;
using Clock = std::chrono::steady_clock;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_flood, *precondition(needs_root))

/// The resident memory of this process, in KiB.
long resident_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  return 0;
}

/// Datagrams that the kernel dropped at the server's socket, for instance because its buffer was full: the last column
/// of its line in /proc/net/udp.
std::uint64_t kernel_drops(const RunningServer& server) {
  std::ifstream table{"/proc/net/udp"};
  std::ostringstream port;
  port << ':' << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << server.port();
  for (std::string line; std::getline(table, line);) {
    std::istringstream words{line};
    std::string slot, local, last;
    words >> slot >> local;
    if (!local.ends_with(port.str())) continue;
    while (words >> last) {
    }
    return std::stoull(last);
  }
  return 0;
}

bool is_reply_to(const std::optional<Bytes>& datagram, std::uint16_t sequence) {
  const auto reply = datagram ? icmp4em::parse_icmp4em_reply(*datagram) : std::nullopt;
  return reply && reply->sequence == sequence;
}

/// Asks up to four times, as an ordinary client does. False when no reply came.
bool is_answered(const Asker& asker, std::uint16_t sequence, std::chrono::milliseconds limit = 2s) {
  for (int tries = 0; tries < 4; ++tries) {
    asker.ask("127.0.0.1", 0xb0b0, sequence);
    for (auto datagram = asker.receive(limit); datagram; datagram = asker.receive(limit))
      if (is_reply_to(datagram, sequence)) return true;
  }
  return false;
}

Bytes request() {
  return icmp4em::encode(
      icmp4em::Icmp4emRequest{.destination = address("127.0.0.1"), .id = 0x1234, .sequence = 0x10, .payload = {}});
}

BOOST_AUTO_TEST_CASE(datagrams_of_any_length) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server}, other{server}, good{server};
    const Bytes lengths[] = {
        {}, {0}, {9}, hex("0009"), hex("ffff"), Bytes(65507, 0), Bytes(65507, 0xff), hex("0000") + Bytes(8, 0)};
    for (const Bytes& datagram : lengths) asker.send(datagram);
    for (unsigned length = 0; length < 0x10000; length += 0x101) {
      Bytes datagram = request();
      datagram[0] = static_cast<std::uint8_t>(length >> 8);
      datagram[1] = static_cast<std::uint8_t>(length);
      (length < 0x8000 ? asker : other).send(datagram);
    }
    BOOST_TEST(is_answered(good, 1, patience));  // waits long, since a second request would count too
    const Icmp4emFigures figures = server.figures();
    BOOST_TEST(figures.requests == std::size(lengths) + 256 + 1);
    BOOST_TEST(figures.faulty + figures.passed_over == std::size(lengths) + 256);
  });
}

Bytes mutated(std::mt19937& random) {
  Bytes bytes = request() + Bytes(random() % 16, 0x55);
  for (auto steps = random() % 3 + 1; steps > 0; --steps)
    bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
  if (random() % 8 == 0) bytes.resize(random() % bytes.size());
  return bytes;
}

BOOST_AUTO_TEST_CASE(fifty_thousand_mutated_requests) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    std::mt19937 random{39};  // NOLINT: the same in each run
    BOOST_TEST(is_answered(asker, 1));
    const auto round = [&] {
      for (int clients = 0; clients < 250; ++clients) {
        const Asker other{server};  // a new client each time, because one that sends too many is muted
        for (int i = 0; i < 100; ++i) other.send(mutated(random));
      }
      BOOST_TEST(is_answered(asker, 2));
    };
    round();
    const long before = resident_memory();
    round();
    BOOST_TEST(server.figures().faulty > 0U);
    if (!sanitized) BOOST_TEST(resident_memory() < before + 4096);
  });
}

/// Sends requests as fast as it can until it is destroyed.
class Flood {
 public:
  explicit Flood(const RunningServer& server) : asker_{server}, thread_{[this] { run(); }} {}
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  ~Flood() { stop(); }

  void stop() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_; }

 private:
  void run() {
    const Bytes datagram = request();
    while (!done_) {
      for (int i = 0; i < 64; ++i, ++sent_) asker_.send(datagram);
      for (auto answer = asker_.receive(0ms); answer; answer = asker_.receive(0ms)) {
        const auto error = icmp4em::parse_icmp4em_error(*answer);
        refusals_ += error && error->type == 4 ? 1U : 0U;
      }
    }
  }

  Asker asker_;
  std::atomic<bool> done_ = false;
  std::atomic<std::uint64_t> sent_ = 0, refusals_ = 0;
  std::thread thread_;
};

struct Measured {
  std::size_t pings = 0;
  std::uint64_t unanswered = 0;  ///< Requests of all tries that have no reply so far.
  int lost = 0;
  Clock::duration median{}, p99{};
};

/// Asks up to ten times, and counts each request and each reply, also late ones. False when no reply came.
bool ping_once(const Asker& asker, std::uint16_t sequence, Measured& measured) {
  for (int tries = 0; tries < 10; ++tries) {
    asker.ask("127.0.0.1", 0xb0b0, sequence);
    ++measured.unanswered;
    for (auto datagram = asker.receive(1s); datagram; datagram = asker.receive(1s)) {
      if (icmp4em::parse_icmp4em_reply(*datagram)) --measured.unanswered;
      if (is_reply_to(datagram, sequence)) return true;
    }
  }
  return false;
}

/// Sends 500 pings, each with up to nine retries. On a busy machine it ends after 5 seconds, with at least one ping.
Measured measure(const Asker& asker) {
  Measured measured;
  std::vector<Clock::duration> times;
  const auto end = Clock::now() + 5s;
  for (std::uint16_t sequence = 0; sequence == 0 || (sequence < 500 && Clock::now() < end); ++sequence) {
    const auto start = Clock::now();
    measured.lost += ping_once(asker, sequence, measured) ? 0 : 1;
    times.push_back(Clock::now() - start);
    std::this_thread::sleep_for(1ms);  // the pace of an ordinary client
  }
  std::ranges::sort(times);
  measured.pings = times.size();
  measured.median = times[times.size() / 2];
  measured.p99 = times[times.size() * 99 / 100];
  return measured;
}

void print(const char* when, const Measured& measured) {
  const auto us = [](Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  };
  BOOST_TEST_MESSAGE(when << ": " << measured.pings << " pings, median " << us(measured.median) << " us, p99 "
                          << us(measured.p99) << " us, tries without reply " << measured.unanswered << ", lost "
                          << measured.lost);
}

BOOST_AUTO_TEST_CASE(one_floods_while_another_measures) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker bob{server};
    print("alone", measure(bob));
    Flood flood{server};
    Measured measured = measure(bob);
    for (const auto end = Clock::now() + patience; flood.refusals() == 0 && Clock::now() < end;)
      std::this_thread::sleep_for(1ms);
    flood.stop();
    print("beside a flood", measured);
    const Icmp4emFigures figures = server.figures();
    const std::uint64_t drops = kernel_drops(server);
    BOOST_TEST_MESSAGE("flood: " << flood.sent() << " sent, " << flood.refusals() << " refusals told, "
                                 << figures.limited << " limited, muted " << figures.muted << " times, " << drops
                                 << " dropped by the kernel");
    BOOST_TEST(measured.lost == 0);
    for (bool more = true; more && measured.unanswered > drops;) {  // replies may be late
      more = bob.receive().has_value();
      measured.unanswered -= more ? 1U : 0U;
    }
    BOOST_TEST(measured.unanswered <= drops);  // all other requests were answered
    BOOST_TEST(figures.muted > 0U);
    BOOST_TEST(flood.refusals() > 0U);
    BOOST_TEST(flood.refusals() <= figures.limited + figures.muted);
  });
}

/// Sends malformed datagrams until the server has muted clients `times` times; on a slow machine perhaps once more.
void be_muted(const Asker& asker, RunningServer& server, std::uint64_t times) {
  for (const auto end = Clock::now() + patience; server.figures().muted < times && Clock::now() < end;)
    for (int i = 0; i < 16; ++i) asker.send(hex("ffff"));
  BOOST_REQUIRE(server.figures().muted >= times);
}

/// True when a short mute ended while a long one lasted. On a busy machine the test may miss that.
bool short_pause_ends_in_a_long_one() {
  constexpr daemon::ThrottleRules rules{.most_refusals = 16, .first_pause = 10ms, .longest_pause = 10s};
  RunningServer server{address("127.0.0.1"), {.throttle = rules}};
  const Asker notorious{server}, first_offender{server};
  be_muted(notorious, server, 9);  // the ninth mute lasts 2.56 seconds
  be_muted(first_offender, server, server.figures().muted + 1);
  if (!is_answered(first_offender, 1, 500ms)) return false;
  notorious.ask("127.0.0.1", 1, 1);
  return is_answered(first_offender, 2) && !notorious.receive(0ms);  // it is still muted
}

BOOST_AUTO_TEST_CASE(a_short_pause_ends_while_another_client_has_a_long_one) {
  in_namespace([] {
    allow_ping_sockets();
    bool seen = false;
    for (int tries = 0; tries < 5 && !seen; ++tries) seen = short_pause_ends_in_a_long_one();
    BOOST_TEST(seen);
  });
}

BOOST_AUTO_TEST_CASE(a_client_that_never_reads) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker deaf{server}, other{server};
    for (int i = 0; i < 50'000; ++i) deaf.send(request());
    BOOST_TEST(is_answered(other, 1));
    const long before = resident_memory();
    for (int i = 0; i < 50'000; ++i) deaf.send(request());
    BOOST_TEST(is_answered(other, 2));
    if (!sanitized) BOOST_TEST(resident_memory() < before + 4096);
  });
}

BOOST_AUTO_TEST_CASE(a_thousand_clients) {
  in_namespace([] {
    const rlimit many{.rlim_cur = 4096, .rlim_max = 4096};
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &many) == 0);
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    std::vector<std::unique_ptr<Asker>> askers;
    for (int i = 0; i < 1000; ++i) askers.push_back(std::make_unique<Asker>(server));
    for (std::size_t i = 0; i < askers.size(); ++i)
      askers[i]->ask("127.0.0.1", 1, 1, {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    for (std::size_t i = 0; i < askers.size(); ++i)
      check_reply(*askers[i], 1, 1, {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    for (const auto& asker : askers) BOOST_TEST(!asker->receive(0ms));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
