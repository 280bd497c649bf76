// Probes that routers may not fragment, and what became of each size.
// See path_mtu_run.hpp. engine/mtu_search.hpp decides which sizes to ask.
#include "batch/path_mtu_run.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "batch/batch_plan.hpp"
#include "batch/single_probes.hpp"
#include "engine/icmp_error_meaning.hpp"
#include "engine/mtu_search.hpp"
#include "engine/sendable_now.hpp"

namespace multiping {
namespace {

using engine::MtuSearch;

constexpr std::size_t ipv4_header = 20, ipv6_header = 40, message_header = 8;  // ICMP and UDP alike
/// The most probes in flight. Large packets fill buffers: more probes at once would not be faster.
constexpr std::size_t most_under_way = 1024;
/// How many sizes a step sends by UDP. Most hosts limit the rate of port unreachable messages, so many sizes in one
/// step would go unanswered because of that limit.
constexpr std::size_t udp_width = 3;

std::size_t headers(Family family) noexcept {
  return (family == Family::ipv6 ? ipv6_header : ipv4_header) + message_header;
}

/// Sets a flow, so that packets of all sizes take the same path through routers that balance load.
std::vector<ProbeOptions> unfragmented(std::vector<ProbeOptions> probes) {
  for (ProbeOptions& probe : probes) {
    probe.dont_fragment = true;
    probe.flow = 0;
    probe.payload_size = ProbeOptions{}.payload_size;  // until the sizes are chosen
  }
  return probes;
}

/// An error that a probe is too big ends the wait for that probe.
Options hasty(Options options) {
  options.fail_fast = true;
  return options;
}

MtuSearch::Rules rules_for(const engine::TargetKey& destination, const ProbeOptions& probe, int tries) {
  MtuSearch::Rules rules{.family = destination.address.family(), .tries = tries};
  if (probe.protocol == Protocol::udp) rules.width = udp_width;
  return rules;
}

bool says_too_big(const SingleProbes::Done& done) noexcept {
  return done.record.outcome == Outcome::unreachable && done.detail.icmp &&
         engine::is_too_big(*done.detail.icmp, done.record.address.family());
}

/// True for a send error that passes, for example ENOBUFS. A full queue causes it, and so does a veth pair whose other
/// end accepts smaller packets. The error does not say that the size is too big, but the probe was not sent.
bool had_no_room(const SingleProbes::Done& done) noexcept {
  return done.record.outcome == Outcome::send_failed && engine::passes(done.detail.error);
}

/// `own`: this host itself made the ICMP error.
MtuSearch::Fate fate_of(const SingleProbes::Done& done, bool own) {
  using Kind = MtuSearch::Fate::Kind;
  if (done.record.answered()) return {.kind = Kind::fits};
  if (had_no_room(done)) return {.kind = Kind::silent};
  if (done.record.outcome == Outcome::send_failed) return {.kind = Kind::refused};
  if (!says_too_big(done)) return {.kind = Kind::silent};
  return {.kind = Kind::reported, .mtu = done.detail.icmp->mtu, .reporter = own ? Address{} : done.detail.responder};
}

/// The searches of one call, and the probes that they send.
class Discovery {
 public:
  Discovery(const BatchPlan& plan, const MtuOptions& options)
      : profiles_{unfragmented(plan.profiles)},
        destinations_{plan.destinations},
        timeout_{options.timeout},
        probes_{hasty(options.ping), std::min(destinations_.size(), most_under_way), SingleProbes::Purpose::mtu},
        sendings_(destinations_.size()) {
    probes_.prepare(profiles_, destinations_);
    for (const engine::TargetKey& destination : destinations_)
      searches_.emplace_back(rules_for(destination, profiles_[destination.profile], options.tries));
  }

  void run(Duration budget) {
    const Instant end = budget == Duration{} ? Instant::max() : after(probes_.now(), budget);
    for (std::size_t i = 0; i < searches_.size(); ++i) line_up(i);
    while (!probes_.stopped() && probes_.now() < end) {
      submit_some();
      if (line_.empty() && probes_.in_flight() == 0) return;
      probes_.wait_for_done(end);
      for (const SingleProbes::Done& done : probes_.take_done()) take(done);
    }
  }

  void write(std::uint32_t target, PathMtu& result) const {
    const MtuSearch& search = searches_[target];
    const Sending& sending = sendings_[target];
    result.error = sending.error;
    if (!result.error && !sending.any_left && search.over()) result.error = sending.no_room;
    if (result.error) return;
    result.unfinished = !search.over();
    result.fits = search.mtu();
    if (!result.unfinished) result.mtu = result.fits;
    result.limiting_hop = search.limiting_hop();
  }

 private:
  struct Asked {
    std::size_t target = 0;
    std::uint32_t size = 0;
  };

  /// Whether this host could send the probes of a target.
  struct Sending {
    std::error_code error{};    ///< Why this host sends no probe to the target.
    std::error_code no_room{};  ///< The last error that passes: this host had no room for a probe.
    bool any_left = false;      ///< A probe was sent.
  };

  static void note(const SingleProbes::Done& done, bool own, Sending& sending) noexcept {
    const std::error_code error = done.detail.error;
    if (done.record.outcome == Outcome::pending) return;
    if (own && !says_too_big(done)) {
      sending.error = std::error_code{static_cast<int>(std::errc::host_unreachable), std::system_category()};
    } else if (done.record.outcome != Outcome::send_failed) {
      sending.any_left = true;
    } else if (had_no_room(done)) {
      sending.no_room = error;
    } else if (error != std::errc::message_size) {
      sending.error = error;
    }
  }

  /// True when this host itself made the ICMP error, for example because a neighbour does not answer.
  [[nodiscard]] bool is_own_error(const SingleProbes::Done& done, const engine::TargetKey& destination) {
    if (done.record.outcome != Outcome::unreachable || done.detail.responder == destination.address) return false;
    return probes_.is_own(done.detail.responder, profiles_[destination.profile].protocol);
  }

  void line_up(std::size_t target) {
    if (sendings_[target].error) return;
    for (const std::uint32_t size : searches_[target].next_sizes()) line_.push_back({.target = target, .size = size});
  }

  [[nodiscard]] bool may_submit() const noexcept { return !line_.empty() && probes_.in_flight() < most_under_way; }

  void submit_some() {
    for (; may_submit(); line_.pop_front()) {
      const Asked asked = line_.front();
      const engine::TargetKey& destination = destinations_[asked.target];
      ProbeOptions probe = profiles_[destination.profile];
      const Family family = destination.address.family();
      if (family == Family::ipv6) probe.family = family;  // its payload may be larger
      probe.payload_size = asked.size - headers(family);
      asked_[probes_.submit({.address = destination.address, .probe = probe, .waits = {.first = timeout_}})] = asked;
    }
  }

  void take(const SingleProbes::Done& done) {
    const auto found = asked_.extract(done.token);
    const Asked asked = found.mapped();
    const bool own = is_own_error(done, destinations_[asked.target]);
    note(done, own, sendings_[asked.target]);
    searches_[asked.target].told(asked.size, fate_of(done, own));
    line_up(asked.target);
  }

  std::vector<ProbeOptions> profiles_;
  std::span<const engine::TargetKey> destinations_;
  Duration timeout_;
  SingleProbes probes_;
  std::vector<MtuSearch> searches_;
  std::vector<Sending> sendings_;  ///< By target.
  std::deque<Asked> line_;         ///< Not submitted yet.
  std::unordered_map<SingleProbes::Token, Asked> asked_;
};

std::vector<PathMtu> named(std::vector<Result> results) {
  std::vector<PathMtu> mtus;
  mtus.reserve(results.size());
  for (Result& result : results)
    mtus.push_back({.host = std::move(result.host), .address = result.address, .error = result.error});
  return mtus;
}

}  // namespace

std::vector<PathMtu> find_path_mtus(TargetList targets, const MtuOptions& options) {
  MtuOptions opened = options;
  BatchPlan plan = plan_batch(std::move(targets), opened.ping);
  if (plan.destinations.empty()) return named(std::move(plan.results));
  Discovery discovery{plan, opened};
  discovery.run(options.budget);
  std::vector<PathMtu> mtus = named(std::move(plan.results));
  for (std::size_t i = 0; i < mtus.size(); ++i) {
    const std::uint32_t target = plan.unique_targets.target_of(i);
    if (target != engine::UniqueTargets::no_target) discovery.write(target, mtus[i]);
  }
  return mtus;
}

}  // namespace multiping
