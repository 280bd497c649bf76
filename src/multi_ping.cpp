// The batch: send to many hosts, look who answered, send again to the silent.
// See multiping/multi_ping.hpp; what happens is decided in engine/, here the parts are wired.
#include "multiping/multi_ping.hpp"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include "batch_plan.hpp"
#include "engine/slices.hpp"
#include "fate_result.hpp"
#include "linux/alarm.hpp"
#include "linux/joined_descriptor.hpp"
#include "net/transport.hpp"
#include "number_text.hpp"
#include "option_checks.hpp"
#include "own_transport.hpp"
#include "readiness.hpp"
#include "shapes.hpp"

namespace multiping {
namespace {

using engine::Goal;
using engine::TargetRecord;
using net::Instant;

constexpr Duration shortest_slot = std::chrono::milliseconds{1};
constexpr std::size_t worth_a_thread = 4096;
/// A stop is looked for once in so many positions.
constexpr std::size_t stop_stride = 4096;

/// The time between two sendings of multi_ping().
Duration checked_slot(Timeout timeout, int retry) {
  const Duration time = checked_timeout(timeout, "timeout");
  if (retry < 0) throw std::invalid_argument("retry is " + std::to_string(retry) + "; it must be 0 or more");
  const Duration slot = time / (std::int64_t{retry} + 1);
  if (slot < shortest_slot)
    throw std::invalid_argument("timeout / (retry + 1) is " + number_text(milliseconds(slot)) +
                                " ms; it must be 1 ms or more");
  return slot;
}

/// A thread is worth its while from a few thousand targets on. A rate that was asked for needs only one, and is evenly
/// spread by it alone. A source port that was asked for is one socket's, the ports and checksums of a flow are one
/// slice's, and connections are limited by the descriptors of the whole process: two slices would take them from each
/// other, and one of them could get none. A proxy's receive buffer is one, too.
std::size_t slices_for(const Options& options, const BatchPlan& plan) {
  const auto shares_badly = [](const ProbeOptions& shape) {
    return shape.source_port != 0 || shape.flow || connects(shape);
  };
  const bool alone = options.transport && options.transport->serves_one_thread();
  if (alone || options.max_rate > 0 || std::ranges::any_of(plan.shapes, shares_badly)) return 1;
  const auto asked = static_cast<std::size_t>(options.threads);
  const std::size_t wanted =
      std::min(plan.endpoints.size(), asked != 0 ? asked : 1 + plan.endpoints.size() / worth_a_thread);
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

}  // namespace

class [[gnu::visibility("hidden")]] MultiPing::Impl {
 public:
  /// Whether it outlives the call that makes it.
  enum class Life : bool { one_call, lasting };
  Impl(TargetList targets, Options options, Life life);

  void send(Instant deadline);
  bool await(Instant deadline);
  void receive(Instant deadline);
  Batch new_batch();
  Batch take() { return split(std::move(results_)); }
  void publish(const std::stop_token& stop = {});
  void publish_until_stop() { publish(options_.stop); }
  void reset();

  [[nodiscard]] Instant now() const { return slices_.empty() ? Instant{} : slices_.transport(0).now(); }
  [[nodiscard]] bool stopped() const noexcept { return options_.stop.stop_requested(); }
  [[nodiscard]] const std::vector<Result>& results() noexcept;
  [[nodiscard]] std::size_t unanswered() noexcept;
  [[nodiscard]] std::size_t awaited() noexcept;
  [[nodiscard]] Counters counters() const noexcept { return slices_.counters(); }
  [[nodiscard]] int native_handle() noexcept;

 private:
  void open(const BatchPlan& plan);
  bool open_slices(const BatchPlan& plan, std::size_t count);
  void check_owner() const;
  void set_alarm() noexcept;
  [[nodiscard]] std::size_t fresh_answers() noexcept;
  /// The place of a position's target; null where it has none.
  [[nodiscard]] engine::Slices::Place find(std::size_t position) noexcept;

  Options options_;
  Life life_;
  std::vector<Result> results_;
  engine::Roster roster_{0};
  engine::Slices slices_;
  os::JoinedDescriptor joined_;  ///< Made by native_handle().
  os::Alarm alarm_;
  ::pid_t owner_ = ::getpid();
  bool sent_ = false;
  bool behind_ = false;  ///< A stop came before results_ was up to date.
};

MultiPing::Impl::Impl(TargetList targets, Options options, Life life) : options_{std::move(options)}, life_{life} {
  BatchPlan plan = plan_batch(std::move(targets), options_);
  open(plan);
  results_ = std::move(plan.results);
  roster_ = std::move(plan.roster);
}

void MultiPing::Impl::open(const BatchPlan& plan) {
  if (plan.endpoints.empty()) return;
  if (!options_.transport) options_.transport = open_own_transport(plan.endpoints.front().address.family());
  std::size_t count = slices_for(options_, plan);
  while (!open_slices(plan, count)) count /= 2;
}

/// False when this process may not have as many descriptors as that; fewer slices may do.
bool MultiPing::Impl::open_slices(const BatchPlan& plan, std::size_t count) {
  slices_ = engine::Slices{
      plan.endpoints,
      count,
      {.fail_fast = options_.fail_fast, .max_rate = options_.max_rate, .any_source = options_.any_source}};
  Readiness readiness{plan.shapes};
  try {
    slices_.open([&](const engine::ProbeTable& table) {
      auto transport = options_.transport->open({.shapes = plan.shapes,
                                                 .targets = table.size(),
                                                 .transports = count,
                                                 .lasts = life_ == Life::lasting,
                                                 .wakes = options_.stop.stop_possible()});
      readiness.prepare(table, *transport);
      return transport;
    });
  } catch (const std::system_error& error) {
    if (count > 1 && net::out_of_descriptors(error.code())) return false;
    throw;
  }
  if (count > 1 && readiness.serves_fewer()) return false;
  readiness.refuse_if_hopeless();
  return true;
}

/// Beside the sockets: answers that send() took in already, and probes that are to be repeated.
int MultiPing::Impl::native_handle() noexcept {
  if (slices_.empty() || joined_.value() >= 0) return joined_.value();
  for (std::size_t i = 0; i < slices_.size(); ++i) joined_.add(slices_.transport(i).native_handle());
  joined_.add(alarm_.open());
  set_alarm();
  return joined_.value();
}

void MultiPing::Impl::set_alarm() noexcept {
  Instant to_do = stopped() ? Instant::max() : slices_.next_recovery();
  for (std::size_t i = 0; i < slices_.size() && slices_.awaited() > 0; ++i)
    to_do = std::min(to_do, slices_.transport(i).next_chore());
  alarm_.set(slices_.unreported() > 0 ? Instant::min() : to_do);
}

void MultiPing::Impl::check_owner() const {
  if (::getpid() != owner_)
    throw std::logic_error("a MultiPing cannot be used in a forked child; make a new one there");
}

engine::Slices::Place MultiPing::Impl::find(std::size_t position) noexcept {
  const std::uint32_t target = roster_.target_of(position);
  return target == engine::Roster::no_target ? engine::Slices::Place{} : slices_.find(target);
}

void MultiPing::Impl::send(Instant deadline) {
  check_owner();
  sent_ = true;
  slices_.begin_round();
  slices_.run(Goal::sent, deadline, options_.stop);
  slices_.end_round();
}

bool MultiPing::Impl::await(Instant deadline) {
  const bool reached = slices_.run(Goal::answered, deadline, options_.stop);
  if (!reached && !stopped()) slices_.time_out(options_.stop);
  return reached;
}

void MultiPing::Impl::receive(Instant deadline) {
  check_owner();
  if (!sent_) throw std::logic_error("receive() before the first send()");
  await(deadline);
}

/// Copies what has changed. A target with several positions is read by all before it counts as unchanged. What a stop
/// leaves is copied when somebody asks for it.
void MultiPing::Impl::publish(const std::stop_token& stop) {
  behind_ = false;
  for (std::size_t i = 0; i < results_.size() && !behind_; ++i) {
    behind_ = i % stop_stride == 0 && stop.stop_requested();
    const auto [table, record] = find(i);
    if (record == nullptr || !record->changed) continue;
    copy_fate(*record, table->find_detail(*record), results_[i]);
    if (roster_.one_to_one()) record->changed = false;
  }
  for (std::size_t i = 0; i < results_.size() && !roster_.one_to_one() && !behind_; ++i)
    if (const auto place = find(i); place.record != nullptr) place.record->changed = false;
  set_alarm();
}

const std::vector<Result>& MultiPing::Impl::results() noexcept {
  if (behind_) publish();
  return results_;
}

Batch MultiPing::Impl::new_batch() {
  Batch batch;
  batch.no_responses.reserve(unanswered());
  batch.responses.reserve(fresh_answers());
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (!results_[i].answered()) {
      batch.no_responses.push_back(results_[i]);
    } else if (TargetRecord* const record = find(i).record; record != nullptr && record->unreported) {
      batch.responses.push_back(results_[i]);
    }
  }
  // Not before: what is handed out for want of memory only in part comes again.
  for (std::size_t i = 0; i < results_.size() && slices_.unreported() > 0; ++i)
    if (const auto place = find(i); place.record != nullptr) place.record->unreported = false;
  slices_.all_reported();
  set_alarm();
  return batch;
}

/// Positions that were answered since the last receive().
std::size_t MultiPing::Impl::fresh_answers() noexcept {
  if (roster_.one_to_one()) return slices_.unreported();
  std::size_t count = 0;
  for (std::size_t i = 0; i < results_.size(); ++i)
    if (const auto place = find(i); place.record != nullptr && place.record->unreported) ++count;
  return count;
}

void MultiPing::Impl::reset() {
  check_owner();
  slices_.reset();
  publish();
}

std::size_t MultiPing::Impl::unanswered() noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(results(), [](const Result& result) { return !result.answered(); }));
}

std::size_t MultiPing::Impl::awaited() noexcept {
  if (roster_.one_to_one()) return slices_.awaited();
  std::size_t count = 0;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const auto place = find(i);
    if (place.record != nullptr && place.record->awaited) ++count;
  }
  return count;
}

MultiPing::MultiPing(TargetList targets, Options options)
    : impl_{std::make_unique<Impl>(std::move(targets), std::move(options), Impl::Life::lasting)} {}
MultiPing::MultiPing(MultiPing&&) noexcept = default;
MultiPing& MultiPing::operator=(MultiPing&&) noexcept = default;
MultiPing::~MultiPing() = default;

void MultiPing::send() {
  impl_->send(Instant::max());
  impl_->publish_until_stop();
}

Batch MultiPing::receive(Timeout timeout) {
  impl_->receive(net::after(impl_->now(), time_left(timeout)));
  impl_->publish();
  return impl_->new_batch();
}

std::span<const Result> MultiPing::results() const& noexcept { return impl_->results(); }
std::size_t MultiPing::unanswered() const noexcept { return impl_->unanswered(); }
std::size_t MultiPing::awaited() const noexcept { return impl_->awaited(); }
Counters MultiPing::counters() const noexcept { return impl_->counters(); }
void MultiPing::reset() { impl_->reset(); }
int MultiPing::native_handle() const noexcept { return impl_->native_handle(); }

Batch multi_ping(TargetList targets, Timeout timeout, int retry, const Options& options) {
  const Duration slot = checked_slot(timeout, retry);
  MultiPing::Impl batch{std::move(targets), options, MultiPing::Impl::Life::one_call};
  const Instant start = batch.now();
  const Instant end = net::after(start, timeout);
  Instant slot_end = start;
  for (int round = 0; round <= retry && !batch.stopped(); ++round) {
    slot_end = round == retry ? end : net::after(slot_end, slot);
    batch.send(end);
    if (batch.await(slot_end)) break;
  }
  batch.publish();
  return batch.take();
}

Result ping(const Target& target, Timeout timeout, const Options& options) {
  Batch batch = multi_ping(target, timeout, 0, options);
  return std::move(batch.responses.empty() ? batch.no_responses.front() : batch.responses.front());
}

}  // namespace multiping
