// Opens the shards of a batch, runs their rounds, and lets names that are found meanwhile join.
// See batch/batch_run.hpp; batch_run_renewal.cpp has what lets a call use the memory of the last one.
#include "batch/batch_run.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

#include "batch/profile_numbering.hpp"
#include "batch/transport_opener.hpp"
#include "multiping/error.hpp"
#include "net/probe_transport.hpp"
#include "values/protocol_traits.hpp"

namespace multiping {
namespace {

using engine::Goal;

constexpr std::size_t worth_a_thread = 4096;
/// While names are looked up and answers are awaited, run() checks at this interval whether names were found.
constexpr Duration longest_deafness = std::chrono::milliseconds{10};

/// How many shards a batch has, each with a thread: as many as Options::threads says, or one more for each
/// worth_a_thread targets; at most one for each target and each core. There is only one shard in these cases:
/// - Options::max_rate is set: one thread is enough, and only one can spread the probes evenly.
/// - A source port is set: it belongs to one socket.
/// - A flow is set: its ports and checksums belong to one shard.
/// - Probes connect: the descriptors of the whole process limit them, and one shard could leave none for the other.
/// - The transport serves one thread, as that of a proxy does, which has one receive buffer.
std::size_t shards_for(const Options& options, std::span<const ProbeOptions> profiles, std::size_t targets) {
  const auto shares_badly = [](const ProbeOptions& profile) {
    return profile.source_port != 0 || profile.flow || connects(profile);
  };
  const bool alone = options.transport && options.transport->serves_one_thread();
  if (alone || options.max_rate > 0 || std::ranges::any_of(profiles, shares_badly)) return 1;
  const auto asked = static_cast<std::size_t>(options.threads);
  const std::size_t wanted = std::min(targets, asked != 0 ? asked : 1 + targets / worth_a_thread);
  // Counting the cores takes as long as some pings, so it is done only when more than one shard is wanted.
  return wanted <= 1 ? 1 : std::min<std::size_t>(wanted, std::max(1U, std::thread::hardware_concurrency()));
}

/// Sorts results into answered and not. Both parts keep the order; the larger part keeps the memory of `results`.
Batch split(std::vector<Result> results) {
  Batch batch;
  const auto answered = std::ranges::count_if(results, &Result::answered);
  const bool most = 2 * answered >= std::ssize(results);
  std::vector<Result> fewer;
  fewer.reserve(static_cast<std::size_t>(most ? std::ssize(results) - answered : answered));
  auto kept = results.begin();
  for (Result& result : results) {
    if (result.answered() != most) {
      fewer.push_back(std::move(result));
    } else {
      if (&*kept != &result) *kept = std::move(result);
      ++kept;
    }
  }
  results.erase(kept, results.end());
  (most ? batch.responses : batch.no_responses) = std::move(results);
  (most ? batch.no_responses : batch.responses) = std::move(fewer);
  return batch;
}

void refuse_unresolved(std::span<const FoundName> found, const std::vector<Result>& results) {
  std::vector<Resolution> failures;
  for (const auto& each : found)
    if (each.choice.unresolved())
      failures.push_back({.name = results[each.at.position].host, .addresses = {}, .error = each.choice.error});
  if (!failures.empty()) throw ResolveError(std::move(failures));
}

}  // namespace

BatchRun::BatchRun(TargetList targets, Options options, Life life, NamesAre names)
    : options_{std::move(options)}, life_{life} {
  if (life == Life::lasting) owner_.emplace("a MultiPing");
  begin(std::move(targets), names);
}

BatchRun::BatchRun(TargetList targets, Options options, NamesAre names, OnFate on_result)
    : options_{std::move(options)}, life_{Life::one_call}, progress_{std::move(on_result)} {
  begin(std::move(targets), names);
}

void BatchRun::begin(TargetList targets, NamesAre names) {
  BatchPlan plan = plan_batch(std::move(targets), options_, names);
  names_ = BatchNames{std::move(plan.named), plan.profiles};
  targets_.take(plan);
  if (names == NamesAre::pending && names_.size() > 0)
    look_up_beside(plan);
  else if (!plan.destinations.empty())
    open({.profiles = plan.profiles, .destinations = plan.destinations, .kinds = {}});
  // Records the names of the zones before they change.
  if (names_.size() > 0) static_cast<void>(names_.moved(results(), options_, now()));
  profiles_ = std::move(plan.profiles);
}

/// Opens no transport when nothing can be probed, neither now nor after another lookup.
void BatchRun::look_up_beside(const BatchPlan& plan) {
  names_.start(BatchNames::Which::all, results(), options_);
  const auto found = names_.take(options_);
  const bool any =
      std::ranges::any_of(found, [this](const FoundName& each) { return BatchNames::is_hopeful(each, results()); });
  sendability_.emplace(names_.profiles());
  if (any || names_.pending() || !plan.destinations.empty())
    open({.profiles = plan.profiles, .destinations = plan.destinations, .kinds = {}});
  make_ready_beside(found);
  targets_.adopt(found, BatchTargets::Joins::now);
}

void BatchRun::open(const Opening& opening) {
  const auto& likely = opening.destinations.empty() ? opening.kinds : opening.destinations;
  if (!options_.transport) open_own(likely.empty() ? Family::ipv4 : likely.front().address.family());
  std::size_t count =
      progress_ ? 1 : shards_for(options_, opening.profiles, opening.destinations.size() + names_.size());
  while (!open_shards(opening, count)) count /= 2;
}

void BatchRun::open_own(Family first) {
  options_.transport = open_own_transport(first);
  own_kind_ = options_.transport->capabilities().kind;
}

bool BatchRun::open_shards(const Opening& opening, std::size_t count) {
  engine::Shards shards{opening.destinations,
                        count,
                        {.fail_fast = options_.fail_fast,
                         .max_rate = options_.max_rate,
                         .any_source = options_.any_source,
                         .tell_answers = progress_.has_value()}};
  SendabilityCheck only_now{opening.profiles};
  SendabilityCheck& sendability = sendability_ ? *sendability_ : only_now;
  try {
    needed_ = {.profiles = {opening.profiles.begin(), opening.profiles.end()},
               .transports = count,
               .lasts = life_ == Life::lasting,
               .wakes = options_.stop.stop_possible()};
    shards.open([&](const engine::ProbeTable& table) {
      const std::size_t later = (names_.size() + count - 1) / count;  // each name may get a target of its own later
      needed_.targets = std::max(table.size(), later);
      auto transport = options_.transport->open(needed_);
      sendability.prepare(table, *transport);
      sendability.prepare(opening.kinds, *transport);
      return transport;
    });
  } catch (const std::system_error& error) {
    if (count > 1 && net::out_of_descriptors(error.code())) return false;
    throw;
  }
  if (count > 1 && sendability.serves_fewer()) return false;
  if (!sendability_) sendability.refuse_if_hopeless();
  if (life_ == Life::lasting || opening.profiles.size() > 1) needed_ = {};
  targets_.shards() = std::move(shards);
  return true;
}

Instant BatchRun::now() const { return targets_.shards().empty() ? Instant{} : targets_.shards().transport(0).now(); }

/// Joins the sockets and an alarm. The alarm is for answers that send() has received, and for probes to repeat.
int BatchRun::native_handle() noexcept {
  const engine::Shards& shards = targets_.shards();
  if (shards.empty() || joined_.value() >= 0) return joined_.value();
  for (std::size_t i = 0; i < shards.size(); ++i) joined_.add(shards.transport(i).native_handle());
  joined_.add(alarm_.open());
  set_alarm();
  return joined_.value();
}

void BatchRun::set_alarm() noexcept {
  const engine::Shards& shards = targets_.shards();
  Instant to_do = stopped() ? Instant::max() : shards.next_recovery();
  for (std::size_t i = 0; i < shards.size() && shards.awaited() > 0; ++i)
    to_do = std::min(to_do, shards.transport(i).next_chore());
  alarm_.set(targets_.has_news() ? Instant::min() : to_do);
}

bool BatchRun::run(Goal goal, Instant deadline) {
  if (!progress_) return run_until_news(goal, deadline);
  while (!progress_->ended()) {
    const bool reached = run_until_news(goal, deadline);
    progress_->tell_answers(targets_);
    if (!reached || stopped()) return false;
    if (targets_.shards().has_reached(goal) && (goal == Goal::sent || !names_.pending())) return true;
  }
  return false;
}

/// Names that are found meanwhile join the run, about longest_deafness after the end of their lookup at the latest.
/// Where progress is told, it ends at each answer as well.
bool BatchRun::run_until_news(Goal goal, Instant deadline) {
  engine::Shards& shards = targets_.shards();
  while (names_.pending()) {
    join_found();
    const Instant now = this->now();
    if (!names_.pending()) break;
    if (now >= deadline || stopped()) return false;
    const bool reached = shards.run(goal, std::min(deadline, after(now, longest_deafness)), options_.stop);
    if (reached && (goal == Goal::sent || shards.has_answered())) return true;
    if (reached) names_.wait(deadline - now);
  }
  return shards.run(goal, deadline, options_.stop);
}

/// An interface may have been created since the last round, or deleted and created again.
void BatchRun::follow_zones() {
  if (names_.size() == 0) return;
  auto found = names_.moved(results(), options_, now());
  std::erase_if(found, [this](const FoundName& each) { return !targets_.is_news(each); });
  if (found.empty()) return;
  if (targets_.shards().empty()) make_ready(found);
  targets_.adopt(found, BatchTargets::Joins::next_round);
  publish();
}

void BatchRun::send(Instant deadline) {
  if (owner_) owner_->check();
  follow_zones();
  const Instant now = this->now();
  if (!sent_ || life_ == Life::lasting) asked_since_ = now;
  sent_ = true;
  targets_.shards().begin_round(now);
  run(Goal::sent, deadline);
  targets_.shards().end_round();
}

bool BatchRun::await_answers(Instant deadline) {
  const auto look = SilenceCauses::time_to_look(now(), deadline);
  if (!look) return run(Goal::answered, deadline);
  if (run(Goal::answered, *look)) return true;
  if (stopped()) return false;
  look_ahead(deadline);
  return run(Goal::answered, deadline);
}

bool BatchRun::await(Instant deadline, Unresolved names, Silent silent) {
  bool reached = is_over() || (silent == Silent::explained ? await_answers(deadline) : run(Goal::answered, deadline));
  if (reached && names == Unresolved::waited_for && names_.any_left(results())) reached = run(Goal::deadline, deadline);
  if (!reached && !stopped()) targets_.shards().time_out(options_.stop);
  return reached;
}

/// True when a batch of one call needs no more packets: packets left to read cannot change what its caller sees.
bool BatchRun::is_over() const noexcept {
  return life_ == Life::one_call && !names_.pending() && targets_.shards().has_reached(Goal::answered);
}

void BatchRun::look_up_again() {
  if (sendability_) names_.start(BatchNames::Which::unsure, results(), options_);
}

void BatchRun::finish() {
  names_.end();
  join_found();
  targets_.shards().end_round();
  publish();
  explain();
  causes_.end();
  if (progress_ && !stopped()) progress_->tell_rest(targets_);
}

/// While names are pending, a batch is not refused for lack of a target that can be probed: a later name may be one.
void BatchRun::make_ready_beside(std::span<const FoundName> found) {
  engine::Shards& shards = targets_.shards();
  std::vector<engine::TargetKey> probed;
  for (const FoundName& each : found)
    if (each.choice.outcome == Outcome::pending) probed.push_back(each.destination());
  for (std::size_t i = 0; i < shards.size(); ++i) {
    sendability_->prepare(probed, shards.transport(i));
    if (names_.pending()) sendability_->ask_both_families(shards.transport(i));
  }
  sendability_->refuse_if_hopeless(names_.pending() ? SendabilityCheck::Asked::some : SendabilityCheck::Asked::all);
}

void BatchRun::join_found() {
  auto found = names_.take(options_);
  if (found.empty()) return;
  std::erase_if(found, [this](const FoundName& each) { return !targets_.is_news(each); });
  make_ready_beside(found);
  targets_.adopt(found, BatchTargets::Joins::now);
}

void BatchRun::receive(Instant deadline) {
  if (owner_) owner_->check();
  if (!sent_) throw std::logic_error("receive() before the first send()");
  await(deadline);
}

void BatchRun::publish(const std::stop_token& stop) {
  behind_ = !targets_.publish(stop);
  set_alarm();
}

void BatchRun::explain() noexcept {
  const engine::Shards& shards = targets_.shards();
  if (shards.empty() || behind_ || shards.unanswered() == 0) return;
  try {
    targets_.explain(profiles_, asked_since_, causes_);
  } catch (const std::bad_alloc&) {
    // The causes that were not found are unknown.
  }
  causes_.pause();
}

void BatchRun::look_ahead(Instant deadline) noexcept {
  const engine::Shards& shards = targets_.shards();
  if (shards.empty() || shards.unanswered() == 0 || !sent_) return;
  try {
    targets_.look_ahead(profiles_, asked_since_, deadline, causes_);
  } catch (const std::bad_alloc&) {
    // No further gateway is called.
  }
}

const std::vector<Result>& BatchRun::results() {
  if (behind_) publish();
  return targets_.results();
}

std::size_t BatchRun::unanswered() {
  if (behind_) publish();
  return targets_.unanswered();
}

Batch BatchRun::new_batch() {
  Batch batch = targets_.new_batch();
  set_alarm();
  return batch;
}

Batch BatchRun::take() {
  engine::Shards& shards = targets_.shards();
  if (shards.size() == 1) options_.transport->give_back(shards.release_transport(0));
  return split(targets_.release());
}

std::vector<FoundName> BatchRun::news(BatchNames::Which which) {
  auto found = names_.look_up(which, targets_.results(), options_);
  if (!options_.ignore_lookup_errors) refuse_unresolved(found, targets_.results());
  std::erase_if(found, [this](const FoundName& each) { return !targets_.is_news(each); });
  return found;
}

/// Makes the transports ready for the addresses that were found. Throws as the constructor does when a batch with them
/// cannot be made.
void BatchRun::make_ready(std::span<const FoundName> found) {
  const auto kinds = targets_.kinds_with(found);
  if (kinds.empty()) return;
  if (targets_.shards().empty()) return open({.profiles = names_.profiles(), .destinations = {}, .kinds = kinds});
  SendabilityCheck sendability{names_.profiles()};
  for (std::size_t i = 0; i < targets_.shards().size(); ++i) sendability.prepare(kinds, targets_.shards().transport(i));
  sendability.refuse_if_hopeless();
}

void BatchRun::resolve() {
  if (owner_) owner_->check();
  const auto found = news(BatchNames::Which::all);
  if (found.empty()) return;
  make_ready(found);
  targets_.adopt(found, BatchTargets::Joins::next_round);
  publish();
}

void BatchRun::reset() {
  if (owner_) owner_->check();
  const auto found = news(BatchNames::Which::unsure);
  if (!found.empty()) make_ready(found);
  targets_.reset();
  targets_.adopt(found, BatchTargets::Joins::next_round);
  publish();
}

}  // namespace multiping
