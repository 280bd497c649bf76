// Fuzzes the library through the kernel. The sockets are in a network namespace, and every packet comes out of a TUN
// device, where it gets many forged answers, errors and extensions and some true ones. The library must believe the
// true ones alone. Needs root.
//
//   wire_fuzz SECONDS [raw|ping] [SEED]
//
// Without a kind, raw and ping sockets take turns. Prints the packets sent and their outcomes. Exit status: 0 no
// finding, 1 a finding, 77 it cannot run here. Build it with sanitizers, which end it at the first error that they
// find.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/wire_device.hpp"
#include "fuzz/wire_evidence.hpp"
#include "fuzz/wire_forge.hpp"
#include "multiping/multiping.hpp"
#include "sim/host_messages.hpp"

namespace {

using namespace std::chrono_literals;
using namespace multiping;
using Clock = std::chrono::steady_clock;

constexpr std::size_t targets_of_batch = 48;
constexpr std::size_t probes_between_looks = 8;
constexpr std::size_t most_probes_of_round = 1024;
constexpr int rounds = 3;
constexpr int cannot_run = 77;
constexpr std::size_t most_findings_told = 20;

struct Order {
  std::chrono::seconds time{};
  std::vector<TransportKind> kinds{TransportKind::raw, TransportKind::ping_socket};
  std::uint64_t seed = 1;
};

struct Figures {
  std::uint64_t batches = 0, targets = 0, probes = 0, not_taken = 0, given = 0, proofs = 0;
  std::array<std::uint64_t, fuzz::forgery_names.size()> forgeries{};
  std::map<std::string, std::uint64_t> outcomes{}, believed{};
  std::uint64_t answered = 0, truly_answered = 0, false_answers = 0;
  Counters counters{};
};

void add(Counters& sum, const Counters& more) {
  for (const auto member :
       {&Counters::sent, &Counters::received, &Counters::duplicates, &Counters::late, &Counters::icmp_errors,
        &Counters::unauthenticated, &Counters::wrong_source, &Counters::bad_checksum, &Counters::malformed,
        &Counters::receive_drops, &Counters::send_errors})
    sum.*member += more.*member;
}

class Siege {
 public:
  Siege(fuzz::WireDevice& device, std::uint64_t seed) : device_{device}, forge_{seed} {}

  void run(TransportKind kind) {
    fuzz::WireEvidence evidence;
    evidence_ = &evidence;
    Options options{.fail_fast = forge_.chance(0.5), .transport = open_transport({.kinds = {kind}})};
    const auto begin = Clock::now();
    MultiPing batch{targets(kind), options};
    for (int round = 0; round < rounds; ++round) {
      batch.send();
      answer_probes(batch);
      static_cast<void>(batch.receive(1ms));
      answer_probes(batch);  // packets that the kernel sent meanwhile, and repeated probes
      static_cast<void>(batch.receive(4ms));
    }
    check(batch, Clock::now() - begin);
    std::ranges::for_each(truths_, [this](const auto& each) { forge_.remember(each); });
    truths_.clear();
    silent_.clear();
    given_.clear();
    waiting_.clear();
  }

  [[nodiscard]] const Figures& figures() const noexcept { return figures_; }

 private:
  [[nodiscard]] Address some_target(Family family) {
    const auto last = static_cast<std::uint8_t>(1 + forge_.draw(200));
    if (family == Family::ipv4) return Address::v4({10, 20, 0, last});
    return Address::v6({0xfd, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
  }
  [[nodiscard]] static Address router(Family family) {
    if (family == Family::ipv4) return Address::v4({10, 1, 0, 1});
    return Address::v6({0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  }

  [[nodiscard]] ProbeOptions some_probe(TransportKind kind) {
    const bool raw = kind == TransportKind::raw;
    const auto protocol = static_cast<Protocol>(forge_.draw(raw ? 4 : 3));
    ProbeOptions probe{.protocol = protocol};
    if (protocol == Protocol::icmp || protocol == Protocol::udp) {
      constexpr std::array<std::size_t, 6> sizes{0, 3, 8, 16, 56, 500};
      probe.payload_size = sizes.at(forge_.draw(sizes.size()));
      if (forge_.chance(0.2)) probe.pattern = {0xAB, 0xCD};
    }
    if (protocol == Protocol::tcp) probe.half_open = raw && forge_.chance(0.7);
    if (forge_.chance(0.3)) probe.ttl = static_cast<int>(1 + forge_.draw(64));
    if (forge_.chance(0.2)) probe.tos = static_cast<int>(4 * forge_.draw(64));
    return probe;
  }

  [[nodiscard]] TargetList targets(TransportKind kind) {
    std::vector<Target> list;
    probes_.clear();
    std::set<Address> chosen;
    while (list.size() < targets_of_batch) {
      const Address address = some_target(forge_.chance(0.5) ? Family::ipv4 : Family::ipv6);
      if (!chosen.insert(address).second) continue;
      if (forge_.chance(0.7)) silent_.insert(address);
      probes_.push_back(some_probe(kind));
      list.push_back({address.to_string(), probes_.back()});
    }
    figures_.targets += list.size();
    return list;
  }

  /// Takes every packet that has left this host before the next packet, which may be an answer, is given to it.
  void take_probes() {
    for (auto bytes = device_.read(); !bytes.empty(); bytes = device_.read()) {
      const auto packet = test::parse_datagram(bytes);
      if (!packet || packet->message.size() < 8 || !test::is_request(*packet)) continue;
      ++figures_.probes;
      evidence_->add_probe(*packet);
      waiting_.emplace_back(bytes.begin(), bytes.end());
    }
  }

  /// Calls receive() after every few probes, as with hosts that answer at once.
  void answer_probes(MultiPing& batch) {
    for (std::size_t probes = 1; probes < most_probes_of_round; ++probes) {
      take_probes();
      if (waiting_.empty()) return;
      const test::Bytes bytes = std::move(waiting_.front());
      waiting_.pop_front();
      answer_probe(*test::parse_datagram(bytes));
      if (probes % probes_between_looks == 0) static_cast<void>(batch.receive(0ms));
    }
  }

  void answer_probe(const test::Datagram& probe) {
    const test::Bytes answer = forge_.answer(probe), error = forge_.error(probe, router(probe.family()));
    for (std::size_t count = 8 + forge_.draw(16); count > 0; --count)
      give_forged(forge_.chance(0.5) ? answer : error, probe.family());
    if (forge_.chance(0.5)) give(error);
    give(answer);
    truths_.push_back(answer);
    truths_.push_back(error);
  }

  void give_forged(const test::Bytes& truth, Family family) {
    const auto how = static_cast<fuzz::Forgery>(forge_.draw(fuzz::forgery_names.size()));
    const test::Bytes packet = forge_.forged(how, truth, forge_.chance(0.5) ? some_target(family) : router(family));
    ++figures_.forgeries.at(static_cast<std::size_t>(how));
    give(packet);
  }
  /// Gives a packet to the host, and notes what it proves. A packet that proves something about a silent target is not
  /// given. A forged packet may prove something too, where only other fields were changed.
  void give(const test::Bytes& packet) {
    if (const auto proof = evidence_->proof_of(packet)) {
      if (silent_.contains(proof->target)) return;
      ++figures_.proofs;
      evidence_->add(*proof);
    }
    ++figures_.given;
    if (!device_.write(packet)) ++figures_.not_taken;
    given_.push_back(packet);
  }

  void check(const MultiPing& batch, Duration elapsed) {
    ++figures_.batches;
    add(figures_.counters, batch.counters());
    for (const Result& result : batch.results()) {
      ++figures_.outcomes[std::string{to_string(result.outcome)}];
      if (result.answered()) ++figures_.answered;
      if (result.answered() || result.icmp != nullptr)
        ++figures_.believed[std::string{to_string(probe_of(batch, result).protocol)} + " " +
                            std::string{to_string(result.address.family())}];
      if (evidence_->has_answer(result.address)) ++figures_.truly_answered;
      const bool timely = result.rtt >= Duration{} && result.rtt <= elapsed;
      if (evidence_->bears_out(result) && timely) continue;
      if (++figures_.false_answers <= most_findings_told) tell(batch, result);
    }
  }

  static void print(const char* what, test::ByteView bytes) {
    std::cout << what << std::hex << std::setfill('0');
    for (const std::uint8_t byte : bytes) std::cout << ' ' << std::setw(2) << int{byte};
    std::cout << std::dec << '\n';
  }

  [[nodiscard]] const ProbeOptions& probe_of(const MultiPing& batch, const Result& result) const {
    return probes_.at(static_cast<std::size_t>(&result - batch.results().data()));
  }

  /// Prints a false result with all packets that left for its target and came about it.
  void tell(const MultiPing& batch, const Result& result) const {
    const ProbeOptions& probe = probe_of(batch, result);
    std::cout << "FALSE: " << result << "; by " << to_string(probe.protocol) << ", payload " << probe.payload_size
              << ", half open " << probe.half_open << ", auth bits " << int{result.auth_bits} << '\n';
    evidence_->for_each_probe(result.address, [](test::ByteView message) { print("  left:", message); });
    const auto names = result.address.bytes();
    for (const test::Bytes& packet : given_)
      if (std::search(packet.begin(), packet.end(), names.begin(), names.end()) != packet.end())
        print("  came:", packet);
  }

  fuzz::WireDevice& device_;
  fuzz::WireForge forge_;
  fuzz::WireEvidence* evidence_ = nullptr;
  std::set<Address> silent_{};  ///< No proof about these is given to the host: they must stay without an answer.
  std::vector<test::Bytes> truths_{}, given_{};  ///< The packets of this batch.
  std::vector<ProbeOptions> probes_{};
  std::deque<test::Bytes> waiting_{};  ///< Probes that are not answered yet.
  Figures figures_{};
};

void print(const Figures& figures) {
  std::cout << "batches " << figures.batches << ", targets " << figures.targets << ", probes " << figures.probes << '\n'
            << "packets given " << figures.given << ", of which prove something " << figures.proofs
            << "\nforgeries made:";
  for (std::size_t i = 0; i < figures.forgeries.size(); ++i)
    std::cout << ' ' << fuzz::forgery_names.at(i) << ' ' << figures.forgeries.at(i);
  std::cout << "\nnot taken by the kernel " << figures.not_taken << "\noutcomes:";
  for (const auto& [name, count] : figures.outcomes) std::cout << ' ' << name << ' ' << count;
  std::cout << "\nbelieved:";
  for (const auto& [name, count] : figures.believed) std::cout << ' ' << name << ' ' << count << ',';
  const Counters& sum = figures.counters;
  std::cout << "\ncounters: sent " << sum.sent << ", received " << sum.received << ", duplicates " << sum.duplicates
            << ", late " << sum.late << ", icmp_errors " << sum.icmp_errors << ", unauthenticated "
            << sum.unauthenticated << ", wrong_source " << sum.wrong_source << ", bad_checksum " << sum.bad_checksum
            << ", malformed " << sum.malformed << ", receive_drops " << sum.receive_drops << ", send_errors "
            << sum.send_errors << "\nanswered " << figures.answered << " of " << figures.truly_answered
            << " that truly answered; FALSE answers " << figures.false_answers << std::endl;
}

/// Fails when the library believed a false answer, and also when it believed none: such a run tests nothing.
int besiege(fuzz::WireDevice& device, const Order& order) {
  Siege siege{device, order.seed};
  const auto end = Clock::now() + order.time;
  for (std::size_t turn = 0; Clock::now() < end; ++turn) siege.run(order.kinds.at(turn % order.kinds.size()));
  print(siege.figures());
  return siege.figures().false_answers == 0 && siege.figures().answered > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

Order order_of(const std::vector<std::string>& words) {
  Order order;
  if (words.empty() || words.size() > 3) throw std::invalid_argument{"usage: wire_fuzz SECONDS [raw|ping|both] [SEED]"};
  order.time = std::chrono::seconds{std::stol(words[0])};
  if (words.size() > 1 && words[1] == "raw") order.kinds = {TransportKind::raw};
  if (words.size() > 1 && words[1] == "ping") order.kinds = {TransportKind::ping_socket};
  if (words.size() > 2) order.seed = std::stoull(words[2]);
  return order;
}

/// Returns null, and prints the reason, where this process may not make a device.
std::unique_ptr<fuzz::WireDevice> try_device() {
  try {
    return std::make_unique<fuzz::WireDevice>();
  } catch (const std::exception& error) {
    std::cout << error.what() << '\n';
    return nullptr;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Order order = order_of({argv + 1, argv + argc});
    const auto device = try_device();
    const bool must_run = std::getenv("MULTIPING_FORBID_SKIPS") != nullptr;  // NOLINT(concurrency-mt-unsafe)
    if (!device) return must_run ? EXIT_FAILURE : cannot_run;
    std::cout << "seed " << order.seed << std::endl;
    return besiege(*device, order);
  } catch (const std::exception& error) {
    std::cout << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
