// A batch at work: its names, its targets, the transports that carry its probes, and the time that it takes.
// See batch_run.hpp.
#include "batch_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "multiping/error.hpp"
#include "net/transport.hpp"
#include "own_transport.hpp"
#include "shapes.hpp"

namespace multiping {
namespace {

using engine::Goal;
using net::Instant;

constexpr std::size_t worth_a_thread = 4096;
/// While names are looked up and answers awaited, what is found is asked for so often.
constexpr Duration longest_deafness = std::chrono::milliseconds{10};

/// A thread is worth its while from a few thousand targets on. A rate that was asked for needs only one, and is evenly
/// spread by it alone. A source port that was asked for is one socket's, the ports and checksums of a flow are one
/// slice's, and connections are limited by the descriptors of the whole process: two slices would take them from each
/// other, and one of them could get none. A proxy's receive buffer is one, too.
std::size_t slices_for(const Options& options, std::span<const ProbeOptions> shapes, std::size_t targets) {
  const auto shares_badly = [](const ProbeOptions& shape) {
    return shape.source_port != 0 || shape.flow || connects(shape);
  };
  const bool alone = options.transport && options.transport->serves_one_thread();
  if (alone || options.max_rate > 0 || std::ranges::any_of(shapes, shares_badly)) return 1;
  const auto asked = static_cast<std::size_t>(options.threads);
  const std::size_t wanted = std::min(targets, asked != 0 ? asked : 1 + targets / worth_a_thread);
  // To count the cores takes as long as some pings do.
  return wanted <= 1 ? 1 : std::min<std::size_t>(wanted, std::max(1U, std::thread::hardware_concurrency()));
}

/// Answered results stay or go in order; the larger part keeps the memory that both had.
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
    : options_{std::move(options)}, life_{life}, owner_{life == Life::lasting ? ::getpid() : 0} {
  BatchPlan plan = plan_batch(std::move(targets), options_, names);
  names_ = BatchNames{std::move(plan.named), plan.shapes};
  targets_.take(plan);
  if (names == NamesAre::pending && names_.size() > 0)
    look_up_beside(plan);
  else if (!plan.endpoints.empty())
    open({.shapes = plan.shapes, .endpoints = plan.endpoints, .kinds = {}});
  static_cast<void>(names_.moved(results(), options_, now()));  // remembers the names of zones before they change
}

/// Without anything that could be probed, now or when it is looked up again, nothing is opened.
void BatchRun::look_up_beside(const BatchPlan& plan) {
  names_.start(BatchNames::Which::all, results(), options_);
  const auto found = names_.take(options_);
  const bool any =
      std::ranges::any_of(found, [this](const FoundName& each) { return BatchNames::is_hopeful(each, results()); });
  readiness_.emplace(names_.shapes());
  if (any || names_.pending() || !plan.endpoints.empty())
    open({.shapes = plan.shapes, .endpoints = plan.endpoints, .kinds = {}});
  make_ready_beside(found);
  targets_.adopt(found, BatchTargets::Joins::now);
}

void BatchRun::open(const Opening& opening) {
  const auto& likely = opening.endpoints.empty() ? opening.kinds : opening.endpoints;
  if (!options_.transport)
    options_.transport = open_own_transport(likely.empty() ? Family::ipv4 : likely.front().address.family());
  std::size_t count = slices_for(options_, opening.shapes, opening.endpoints.size() + names_.size());
  while (!open_slices(opening, count)) count /= 2;
}

bool BatchRun::open_slices(const Opening& opening, std::size_t count) {
  engine::Slices slices{
      opening.endpoints,
      count,
      {.fail_fast = options_.fail_fast, .max_rate = options_.max_rate, .any_source = options_.any_source}};
  Readiness only_now{opening.shapes};
  Readiness& readiness = readiness_ ? *readiness_ : only_now;
  try {
    slices.open([&](const engine::ProbeTable& table) {
      const std::size_t later = (names_.size() + count - 1) / count;  // may all have targets of their own one day
      auto transport = options_.transport->open({.shapes = {opening.shapes.begin(), opening.shapes.end()},
                                                 .targets = std::max(table.size(), later),
                                                 .transports = count,
                                                 .lasts = life_ == Life::lasting,
                                                 .wakes = options_.stop.stop_possible()});
      readiness.prepare(table, *transport);
      readiness.prepare(opening.kinds, *transport);
      return transport;
    });
  } catch (const std::system_error& error) {
    if (count > 1 && net::out_of_descriptors(error.code())) return false;
    throw;
  }
  if (count > 1 && readiness.serves_fewer()) return false;
  if (!readiness_) readiness.refuse_if_hopeless();
  targets_.slices() = std::move(slices);
  return true;
}

net::Instant BatchRun::now() const {
  return targets_.slices().empty() ? Instant{} : targets_.slices().transport(0).now();
}

/// Beside the sockets: answers that send() took in already, and probes that are to be repeated.
int BatchRun::native_handle() noexcept {
  const engine::Slices& slices = targets_.slices();
  if (slices.empty() || joined_.value() >= 0) return joined_.value();
  for (std::size_t i = 0; i < slices.size(); ++i) joined_.add(slices.transport(i).native_handle());
  joined_.add(alarm_.open());
  set_alarm();
  return joined_.value();
}

void BatchRun::set_alarm() noexcept {
  const engine::Slices& slices = targets_.slices();
  Instant to_do = stopped() ? Instant::max() : slices.next_recovery();
  for (std::size_t i = 0; i < slices.size() && slices.awaited() > 0; ++i)
    to_do = std::min(to_do, slices.transport(i).next_chore());
  alarm_.set(targets_.has_news() ? Instant::min() : to_do);
}

void BatchRun::check_owner() const {
  if (life_ == Life::lasting && ::getpid() != owner_)
    throw std::logic_error("a MultiPing cannot be used in a forked child; make a new one there");
}

/// Names that are found meanwhile join, a little later than they are known.
bool BatchRun::run(Goal goal, Instant deadline) {
  engine::Slices& slices = targets_.slices();
  while (names_.pending()) {
    join_found();
    const Instant now = this->now();
    if (!names_.pending()) break;
    if (now >= deadline || stopped()) return false;
    const bool reached = slices.run(goal, std::min(deadline, net::after(now, longest_deafness)), options_.stop);
    if (reached && goal == Goal::sent) return true;
    if (reached) names_.wait(deadline - now);
  }
  return slices.run(goal, deadline, options_.stop);
}

/// An interface may have been made anew since the last round, or made at all.
void BatchRun::follow_zones() {
  auto found = names_.moved(results(), options_, now());
  std::erase_if(found, [this](const FoundName& each) { return !targets_.is_news(each); });
  if (found.empty()) return;
  if (targets_.slices().empty()) make_ready(found);
  targets_.adopt(found, BatchTargets::Joins::next_round);
  publish();
}

void BatchRun::send(Instant deadline) {
  check_owner();
  follow_zones();
  sent_ = true;
  targets_.slices().begin_round();
  run(Goal::sent, deadline);
  targets_.slices().end_round();
}

bool BatchRun::await(Instant deadline, Unresolved names) {
  bool reached = is_over() || run(Goal::answered, deadline);
  if (reached && names == Unresolved::waited_for && names_.any_left(results()))
    reached = targets_.slices().run(Goal::deadline, deadline, options_.stop);
  if (!reached && !stopped()) targets_.slices().time_out(options_.stop);
  return reached;
}

/// What may be left to read tells nothing that somebody could see.
bool BatchRun::is_over() const noexcept {
  return life_ == Life::one_call && !names_.pending() && targets_.slices().has_reached(Goal::answered);
}

void BatchRun::look_up_again() {
  if (readiness_) names_.start(BatchNames::Which::unsure, results(), options_);
}

void BatchRun::finish() {
  names_.end();
  join_found();
  targets_.slices().end_round();
  publish();
}

/// A name that is found may be what makes the whole list possible.
void BatchRun::make_ready_beside(std::span<const FoundName> found) {
  engine::Slices& slices = targets_.slices();
  std::vector<engine::Endpoint> probed;
  for (const FoundName& each : found)
    if (each.choice.outcome == Outcome::pending) probed.push_back(each.endpoint());
  for (std::size_t i = 0; i < slices.size(); ++i) {
    readiness_->prepare(probed, slices.transport(i));
    if (names_.pending()) readiness_->ask_both_families(slices.transport(i));
  }
  readiness_->refuse_if_hopeless(names_.pending() ? Readiness::Asked::some : Readiness::Asked::all);
}

void BatchRun::join_found() {
  auto found = names_.take(options_);
  if (found.empty()) return;
  std::erase_if(found, [this](const FoundName& each) { return !targets_.is_news(each); });
  make_ready_beside(found);
  targets_.adopt(found, BatchTargets::Joins::now);
}

void BatchRun::receive(Instant deadline) {
  check_owner();
  if (!sent_) throw std::logic_error("receive() before the first send()");
  await(deadline);
}

void BatchRun::publish(const std::stop_token& stop) {
  behind_ = !targets_.publish(stop);
  set_alarm();
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
  engine::Slices& slices = targets_.slices();
  if (slices.size() == 1) options_.transport->give_back(slices.release_transport(0));
  return split(targets_.release());
}

std::vector<FoundName> BatchRun::news(BatchNames::Which which) {
  auto found = names_.look_up(which, targets_.results(), options_);
  if (!options_.ignore_lookup_errors) refuse_unresolved(found, targets_.results());
  std::erase_if(found, [this](const FoundName& each) { return !targets_.is_news(each); });
  return found;
}

/// Throws where a batch with these could not be made, as the constructor does.
void BatchRun::make_ready(std::span<const FoundName> found) {
  const auto kinds = targets_.kinds_with(found);
  if (kinds.empty()) return;
  if (targets_.slices().empty()) return open({.shapes = names_.shapes(), .endpoints = {}, .kinds = kinds});
  Readiness readiness{names_.shapes()};
  for (std::size_t i = 0; i < targets_.slices().size(); ++i) readiness.prepare(kinds, targets_.slices().transport(i));
  readiness.refuse_if_hopeless();
}

void BatchRun::resolve() {
  check_owner();
  const auto found = news(BatchNames::Which::all);
  if (found.empty()) return;
  make_ready(found);
  targets_.adopt(found, BatchTargets::Joins::next_round);
  publish();
}

void BatchRun::reset() {
  check_owner();
  const auto found = news(BatchNames::Which::unsure);
  if (!found.empty()) make_ready(found);
  targets_.reset();
  targets_.adopt(found, BatchTargets::Joins::next_round);
  publish();
}

}  // namespace multiping
