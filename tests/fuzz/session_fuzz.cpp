// Fuzzes a batch or single probes. The input is a script of sends, waits, resets, refusals, and true, changed and
// random packets. After every step the counters must agree, the requests of single probes must be consistent, and no
// target counts as answered without an authentic packet.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "batch/prober_run.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/fuzz_network.hpp"
#include "multiping/multiping.hpp"

namespace {

using namespace std::chrono_literals;
using namespace multiping;
using fuzz::Forge;
using fuzz::Network;
using fuzz::Packet;
using fuzz::Script;

constexpr std::size_t targets = 4;

/// An RTT is at least a nanosecond, even where the script lets no time pass.
bool is_within(Duration rtt, Duration most) { return rtt >= Duration{} && rtt <= std::max(most, Duration{1}); }

Address host(std::size_t index) { return Address::v4({10, 0, 0, static_cast<std::uint8_t>(index + 1)}); }

const ProbeOptions usual_probe{.payload_size = 16};

Options options(Network& network, bool fail_fast, const ProbeOptions& probe = {}) {
  Options options{.probe = probe, .fail_fast = fail_fast};
  options.transport = std::make_shared<fuzz::FuzzTransport>(network);
  return options;
}

void check_result(const Result& result) {
  fuzz::require((result.icmp != nullptr) ==
                (result.outcome == Outcome::unreachable || result.outcome == Outcome::ttl_expired));
  fuzz::require((result.outcome == Outcome::send_failed) == static_cast<bool>(result.error));
}

/// Drives a batch of four targets.
class BatchSiege {
 public:
  BatchSiege(Script script, bool fail_fast)
      : script_{script}, batch_{hosts(), options(network_, fail_fast, usual_probe)} {}

  void run() {
    for (int steps = 0; !script_.ended() && steps < 400; ++steps) {
      step();
      check();
    }
  }

 private:
  static std::vector<Address> hosts() {
    std::vector<Address> all;
    for (std::size_t i = 0; i < targets; ++i) all.push_back(host(i));
    return all;
  }

  void step() {
    switch (script_.next() % 8) {
      case 0:
        network_.refuse = script_.next() % 4 == 0;
        sent_ = true;
        return batch_.send();
      case 1:
        return receive(std::chrono::milliseconds{script_.next()});
      case 2:
        return reset();
      case 3:
        return deliver_reply(forge_.reply());
      case 4:
        return deliver_reply(changed(forge_.reply()));
      case 5:
        return forge_.deliver(forge_.error_about_a_probe());
      case 6:
        return forge_.deliver(changed(forge_.error_about_a_probe()));
      default:
        return forge_.deliver(forge_.random_packet());
    }
  }

  Packet changed(Packet packet) { return forge_.changed(std::move(packet), host(script_.next() % targets)); }
  void receive(Duration time) {
    if (sent_) batch_.receive(time);
  }
  void reset() {
    batch_.reset();
    truly_answered_.clear();
    forgotten_ = network_.sent.size();
  }
  void deliver_reply(Packet packet) {
    if (forge_.chosen() >= forgotten_ && forge_.answers_chosen(packet)) truly_answered_.insert(packet.from);
    forge_.deliver(std::move(packet));
  }

  void check() const {
    const Counters counters = batch_.counters();
    fuzz::require(counters.received <= counters.sent);
    fuzz::require(counters.sent == network_.sent.size());
    std::size_t unanswered = 0;
    for (const Result& result : batch_.results()) {
      unanswered += result.answered() ? 0U : 1U;
      fuzz::require(is_within(result.rtt, network_.now - Instant{1000s}));
      if (result.answered()) fuzz::require(truly_answered_.contains(result.address));
      check_result(result);
    }
    fuzz::require(batch_.unanswered() == unanswered);
    fuzz::require(batch_.awaited() <= unanswered);
  }

  Script script_;
  Network network_;
  Forge forge_{script_, network_};
  MultiPing batch_;
  std::set<Address> truly_answered_;
  bool sent_ = false;
  std::size_t forgotten_ = 0;
};

/// Drives single probes that are submitted, cancelled and end. Several at a time may have one address; each sent packet
/// can answer one of them at most.
class ProberSiege {
 public:
  ProberSiege(Script script, bool fail_fast) : script_{script}, prober_{options(network_, fail_fast)} {}

  void run() {
    for (int steps = 0; !script_.ended() && steps < 400; ++steps) {
      step();
      check();
    }
    while (prober_.probes().in_flight() > 0) poll(10s);
    check();
    fuzz::require(submitted_.empty());
  }

 private:
  struct Submitted {
    Address address;
    Instant at;
    Duration shortest;  ///< The least time after which the target can count as silent.
    std::uint32_t probes;
  };

  void step() {
    switch (script_.next() % 9) {
      case 0:
      case 1:
        return submit();
      case 8:
        return cancel();
      case 2:
        return poll(std::chrono::milliseconds{script_.next()});
      case 3:
        return deliver_reply(forge_.reply());
      case 4:
        return deliver_reply(changed(forge_.reply()));
      case 5:
        return forge_.deliver(forge_.error_about_a_probe());
      case 6:
        return forge_.deliver(changed(forge_.error_about_a_probe()));
      default:
        network_.now += std::chrono::milliseconds{script_.next()};
        return forge_.deliver(forge_.random_packet());
    }
  }

  Packet changed(Packet packet) { return forge_.changed(std::move(packet), host(script_.next() % targets)); }

  void submit() {
    const std::uint8_t how = script_.next();
    const Address address = host(how % targets);
    const Duration timeout = std::chrono::microseconds{script_.next()} * 500;
    const int retry = how / 64;
    network_.refuse = how % 16 == 15;
    const ProbeOptions probe{.ttl = how % 8 == 1 ? std::optional{how % 5 + 1} : std::nullopt, .payload_size = 16};
    const Instant now = network_.now;
    Submission submission{.probe = probe, .timeout = timeout, .retry = retry};
    const std::uint8_t more = script_.next();
    network_.passes = more % 2 == 0;
    if (more % 4 == 1) submission.back_off = BackOff{.first = timeout, .factor = 1 + more / 64.0, .most = 4 * timeout};
    submission.fail_fast = more % 8 == 2;
    if (more % 8 == 3)
      submission.expires = std::chrono::steady_clock::time_point{now.time_since_epoch() + (more - 32) * 1ms};
    const auto token = prober_.submit(address, submission);
    fuzz::require(!known_.contains(token));
    known_.insert(token);
    submitted_[token] = {address, now, submission.expires ? timeout : timeout * (retry + 1),
                         static_cast<std::uint32_t>(retry) + 1};
  }

  void cancel() {
    const Prober::Token token = script_.next() % (known_.size() + 2);
    fuzz::require(prober_.cancel(token) == (submitted_.erase(token) > 0));
  }

  void poll(Duration wait) {
    for (const auto& [token, result] : prober_.poll(wait)) {
      const auto request = submitted_.find(token);
      fuzz::require(request != submitted_.end());
      take(request->second, result);
      submitted_.erase(request);
    }
  }

  void take(const Submitted& request, const Result& result) {
    fuzz::require(result.address == request.address);
    fuzz::require(result.attempt <= request.probes);
    fuzz::require(is_within(result.rtt, network_.now - request.at));
    if (result.outcome == Outcome::no_reply) fuzz::require(network_.now - request.at >= request.shortest);
    check_result(result);
    if (result.answered()) ++answered_[result.address];
  }

  void deliver_reply(Packet packet) {
    if (forge_.answers_chosen(packet)) truly_answered_[packet.from].insert(forge_.chosen());
    forge_.deliver(std::move(packet));
  }

  void check() {
    prober_.probes().check_invariants();
    const Counters counters = prober_.probes().counters();
    fuzz::require(counters.received <= counters.sent);
    fuzz::require(counters.sent == network_.sent.size());
    fuzz::require(prober_.probes().in_flight() == submitted_.size());
    for (const auto& [address, count] : answered_) fuzz::require(count <= truly_answered_[address].size());
  }

  Script script_;
  Network network_;
  Forge forge_{script_, network_};
  ProberRun prober_;
  std::map<Prober::Token, Submitted> submitted_;
  std::set<Prober::Token> known_;
  std::map<Address, std::set<std::size_t>> truly_answered_;  ///< The indices of the sent packets.
  std::map<Address, std::size_t> answered_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script{{data, size}};
  const std::uint8_t mode = script.next();
  const bool fail_fast = (mode & 1U) != 0;
  if ((mode & 2U) == 0)
    BatchSiege{script, fail_fast}.run();
  else
    ProberSiege{script, fail_fast}.run();
  return 0;
}
