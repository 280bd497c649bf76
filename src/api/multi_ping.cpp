// MultiPing hands its calls to BatchRun; multi_ping() runs one batch and divides its time between the rounds.
// See multiping/multi_ping.hpp.
#include "multiping/multi_ping.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "base/number_text.hpp"
#include "batch/batch_run.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

constexpr Duration shortest_slot = std::chrono::milliseconds{1};

/// The time between two sendings of multi_ping().
Duration checked_slot(Timeout timeout, int retry) {
  const Duration time = checked_timeout(timeout, "timeout");
  if (retry < 0) throw std::invalid_argument("retry is " + std::to_string(retry) + "; it must be 0 or more");
  const Duration slot = time / (std::int64_t{retry} + 1);
  if (slot < shortest_slot)
    throw std::invalid_argument("timeout / (retry + 1) is " + number_text(to_milliseconds(slot)) +
                                " ms; it must be 1 ms or more");
  return slot;
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

Batch MultiPing::receive(Timeout timeout) {
  impl_->receive(after(impl_->now(), time_left(timeout)));
  impl_->publish();
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
  const Duration slot = checked_slot(timeout, retry);
  MultiPing::Impl batch{std::move(targets), options, MultiPing::Impl::Life::one_call,
                        options.ignore_lookup_errors ? NamesAre::pending : NamesAre::looked_up};
  const Instant start = batch.now();
  const Instant end = after(start, timeout);
  Instant slot_end = start;
  for (int round = 0; round <= retry && !batch.stopped(); ++round) {
    slot_end = round == retry ? end : after(slot_end, slot);
    if (round > 0) batch.look_up_again();
    batch.send(end);
    if (batch.await(slot_end, retry > 0 ? BatchRun::Unresolved::waited_for : BatchRun::Unresolved::left)) break;
  }
  batch.finish();
  return batch.take();
}

Result ping(const Target& target, Timeout timeout, const Options& options) {
  Batch batch = multi_ping(target, timeout, 0, options);
  return std::move(batch.responses.empty() ? batch.no_responses.front() : batch.responses.front());
}

}  // namespace multiping
