// MultiPing hands its calls to BatchRun; multi_ping() runs one batch and divides its time between the rounds.
// See multiping/multi_ping.hpp.
#include "multiping/multi_ping.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/number_text.hpp"
#include "batch/batch_run.hpp"
#include "batch/kept_run.hpp"
#include "values/back_off_checks.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

constexpr Duration shortest_slot = std::chrono::milliseconds{1};

void require_retry(int retry) {
  if (retry < 0) throw std::invalid_argument("retry is " + std::to_string(retry) + "; it must be 0 or more");
}

/// The time between two sendings of multi_ping().
Duration checked_slot(Timeout timeout, int retry) {
  const Duration time = checked_timeout(timeout, "timeout");
  require_retry(retry);
  const Duration slot = time / (std::int64_t{retry} + 1);
  if (slot < shortest_slot)
    throw std::invalid_argument("timeout / (retry + 1) is " + number_text(to_milliseconds(slot)) +
                                " ms; it must be 1 ms or more");
  return slot;
}

/// No wait is shorter than the first one.
void check_waits(const BackOff& waits, int retry) {
  check(waits);
  require_retry(retry);
  const Duration wait = waits_of(waits).after_probe(1);
  if (wait >= shortest_slot) return;
  const std::string member = wait < Duration{waits.first} ? "BackOff::most" : "BackOff::first";
  throw std::invalid_argument(member + " is " + number_text(to_milliseconds(wait)) + " ms; it must be 1 ms or more");
}

/// When the rounds of a multi_ping() end.
struct Rounds {
  int retry = 0;
  Duration total{};
  BackOffWaits waits{};  ///< The last one lasts until the end.
};

Rounds equal_rounds(Timeout timeout, int retry) {
  const Duration slot = checked_slot(timeout, retry);
  return {.retry = retry, .total = timeout, .waits = {.first = slot}};
}

Rounds growing_rounds(const BackOff& waits, int retry) {
  check_waits(waits, retry);
  const BackOffWaits growing = waits_of(waits);
  return {.retry = retry, .total = growing.together(static_cast<std::uint32_t>(retry) + 1), .waits = growing};
}

NamesAre names_of(const Options& options) noexcept {
  return options.ignore_lookup_errors ? NamesAre::pending : NamesAre::looked_up;
}

void run_rounds(BatchRun& batch, const Rounds& rounds) {
  const Instant start = batch.now();
  const Instant end = after(start, rounds.total);
  Instant slot_end = start;
  for (int round = 0; round <= rounds.retry && !batch.stopped(); ++round) {
    slot_end =
        round == rounds.retry ? end : after(slot_end, rounds.waits.after_probe(static_cast<std::uint32_t>(round) + 1));
    if (round > 0) batch.look_up_again();
    if (round > 0 && round == rounds.retry) batch.look_ahead(end);
    batch.send(end);
    const auto names = rounds.retry > 0 ? BatchRun::Unresolved::waited_for : BatchRun::Unresolved::left;
    const auto silent = round == rounds.retry ? BatchRun::Silent::explained : BatchRun::Silent::asked_again;
    if (batch.await(slot_end, names, silent)) break;
  }
  batch.finish();
}

}  // namespace

class [[gnu::visibility("hidden")]] MultiPing::Impl : public BatchRun {
 public:
  using BatchRun::BatchRun;
};

MultiPing::MultiPing(TargetList targets, Options options)
    : impl_{std::make_unique<Impl>(std::move(targets), std::move(options), Impl::Life::lasting)} {}
MultiPing::MultiPing(MultiPing&&) noexcept = default;
MultiPing& MultiPing::operator=(MultiPing&&) noexcept = default;
MultiPing::~MultiPing() = default;

void MultiPing::send() {
  impl_->send(Instant::max());
  impl_->publish_until_stop();
}

void MultiPing::wait(Timeout timeout) {
  impl_->receive(after(impl_->now(), time_left(timeout)));
  impl_->publish();
  impl_->explain();
}

Batch MultiPing::receive(Timeout timeout) {
  wait(timeout);
  return impl_->new_batch();
}

std::span<const Result> MultiPing::results() const& noexcept { return impl_->results(); }
std::size_t MultiPing::unanswered() const noexcept { return impl_->unanswered(); }
std::size_t MultiPing::awaited() const noexcept { return impl_->awaited(); }
Counters MultiPing::counters() const noexcept { return impl_->counters(); }
void MultiPing::reset() { impl_->reset(); }
void MultiPing::resolve() { impl_->resolve(); }
int MultiPing::native_handle() const noexcept { return impl_->native_handle(); }

Batch multi_ping(TargetList targets, Timeout timeout, int retry, const Options& options) {
  const Rounds rounds = equal_rounds(timeout, retry);
  MultiPing::Impl batch{std::move(targets), options, MultiPing::Impl::Life::one_call, names_of(options)};
  run_rounds(batch, rounds);
  return batch.take();
}

// NOLINTNEXTLINE(readability-function-size): the public interface has these five parameters.
Batch multi_ping(TargetList targets, Timeout timeout, int retry, const Options& options,
                 const std::function<bool(const Result&)>& on_result) {
  if (!on_result) return multi_ping(std::move(targets), timeout, retry, options);
  const Rounds rounds = equal_rounds(timeout, retry);
  BatchRun batch{std::move(targets), options, names_of(options), on_result};
  run_rounds(batch, rounds);
  return batch.take();
}

Batch multi_ping(TargetList targets, const BackOff& waits, int retry, const Options& options) {
  const Rounds rounds = growing_rounds(waits, retry);
  BatchRun batch{std::move(targets), options, BatchRun::Life::one_call, names_of(options)};
  run_rounds(batch, rounds);
  return batch.take();
}

Result ping(const Target& target, Timeout timeout, const Options& options) {
  const Rounds rounds = equal_rounds(timeout, 0);
  std::unique_ptr<BatchRun> run = take_kept_run();
  if (run && !run->renew(target, options)) run.reset();
  if (!run) run = std::make_unique<BatchRun>(target, options, BatchRun::Life::one_call, names_of(options));
  run_rounds(*run, rounds);
  Result result = run->take_only();
  keep_run(std::move(run));
  return result;
}

}  // namespace multiping
