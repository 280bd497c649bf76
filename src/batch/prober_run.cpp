// Sends what was submitted at once where it can, and keeps the descriptor's timer at the next deadline.
// See prober_run.hpp.
#include "batch/prober_run.hpp"

#include <new>
#include <utility>

#include "values/back_off_checks.hpp"

namespace multiping {
namespace {

/// How many answers may arrive at once; it sets the size of the receive buffers.
constexpr std::size_t expected_in_flight = 10'000;

Prober::Completion completion(const SingleProbes::Done& done, Duration wall_offset) {
  Prober::Completion completion{.token = done.token};
  completion.result.host = done.record.address.to_string();
  completion.result.address = done.record.address;
  copy_outcome(done, wall_offset, completion.result);
  return completion;
}

BackOffWaits waits_of(const Submission& submission) noexcept {
  return submission.back_off ? multiping::waits_of(*submission.back_off) : BackOffWaits{.first = submission.timeout};
}

/// The steady clock of the C++ library is CLOCK_MONOTONIC, as is that of the transports.
Instant end_of(const Submission& submission) noexcept {
  return submission.expires ? Instant{submission.expires->time_since_epoch()} : Instant::max();
}

}  // namespace

ProberRun::ProberRun(Options options) : probes_{std::move(options), expected_in_flight} {}

/// The alarm tells of deadlines, of probes that wait for their turn, and of completions that submit() found.
int ProberRun::native_handle() noexcept {
  if (descriptor_.value() >= 0) return descriptor_.value();
  const int made = descriptor_.open(probes_.descriptor(), probes_.stop_token());
  set_alarm();
  return made;
}

void ProberRun::set_alarm() noexcept {
  descriptor_.set([this] { return probes_.next(); });
}

Prober::Token ProberRun::take(const Address& address, const Submission& submission) {
  owner_.check();
  return probes_.submit({.address = address,
                         .probe = submission.probe,
                         .waits = waits_of(submission),
                         .retry = submission.retry,
                         .fail_fast = submission.fail_fast,
                         .expires = end_of(submission)});
}

Prober::Token ProberRun::queue(const Address& address, const Submission& submission) {
  const Prober::Token token = take(address, submission);
  queued_ = true;
  return token;
}

Prober::Token ProberRun::submit(const Address& address, const Submission& submission) {
  const Prober::Token token = take(address, submission);
  queued_ = false;
  try {
    probes_.push();
  } catch (const std::bad_alloc&) {
    // The probe is submitted; the next poll() sends it.
  }
  set_alarm();
  return token;
}

bool ProberRun::cancel(Prober::Token token) noexcept {
  if (!owner_.is_owner() || !probes_.cancel(token)) return false;
  set_alarm();
  return true;
}

std::vector<Prober::Completion> ProberRun::poll(Duration wait) {
  owner_.check();
  if (std::exchange(queued_, false)) probes_.push();  // before a wait of no length, which takes in the answers
  probes_.wait(after(probes_.now(), wait));
  probes_.push();
  if (probes_.stopped()) probes_.end_all();
  std::vector<Prober::Completion> completions;
  completions.reserve(probes_.done().size() + probes_.repeated().size());
  const Duration wall_offset = completions.capacity() > 0 ? probes_.wall_offset() : Duration{};
  for (const SingleProbes::Done& done : probes_.done()) {
    completions.push_back(completion(done, wall_offset));
    probes_.explain(done, completions.back().result);
  }
  for (const SingleProbes::Done& again : probes_.repeated()) {
    completions.push_back(completion(again, wall_offset));
    completions.back().result.duplicate = true;
  }
  probes_.drop_done(completions.size() - probes_.repeated().size());
  probes_.repeated().clear();
  set_alarm();
  return completions;
}

}  // namespace multiping
