// The pool's mutex is held only while the board is read. take() or a wait closes a session whose time is up.
// See lookup_session.hpp.
#include "resolve/lookup_session.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "resolve/lookup_threads.hpp"

namespace multiping::resolver {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

LookupSession::LookupSession(std::vector<Question> questions, const ResolveOptions& options, LookupFactory factory,
                             std::stop_token stop)
    : call_{new SharedCall{options.family, std::move(factory), {std::move(questions), options, Clock::now()}}},
      pool_{&LookupThreads::of_this_process()},
      stop_{std::move(stop)} {
  if (Duration{options.timeout} == Duration::zero() || stop_.stop_requested()) call_->board.end();
  if (!call_->board.complete()) pool_->open(call_);
}

/// A forked child does not have the threads, and the mutex may be locked for ever there.
LookupSession::~LookupSession() {
  if (call_ && pool_->is_of_this_process()) pool_->close(call_);
}

void LookupSession::end() noexcept { pool_->close(call_); }

void LookupSession::end_if_due() noexcept {
  const auto end_of_wait = deadline();
  const bool due = end_of_wait <= Clock::now() || (stop_.stop_requested() && end_of_wait != Time::max());
  if (due) end();
}

std::vector<Known> LookupSession::take() {
  end_if_due();
  std::unique_lock lock{pool_->mutex()};
  call_->event.clear();
  auto known = call_->board.take_known();
  const bool complete = call_->board.complete();
  lock.unlock();
  if (complete) pool_->close(call_);  // so that no thread stays for a call that needs none
  return known;
}

template <typename Condition>
void LookupSession::wait_until(Time until, Condition condition) {
  while (true) {
    end_if_due();
    std::unique_lock lock{pool_->mutex()};
    if (condition(call_->board) || until <= Clock::now()) return;
    const auto waits_until = std::min(until, call_->board.deadline());
    call_->known.wait_until(lock, stop_, waits_until, [&] { return condition(call_->board); });
  }
}

void LookupSession::wait(Time until) {
  wait_until(until, [](const LookupRetrySchedule& board) { return board.has_known() || board.complete(); });
}

void LookupSession::wait_for_all() {
  wait_until(Time::max(), [](const LookupRetrySchedule& board) { return board.complete(); });
}

bool LookupSession::done() const {
  const std::lock_guard lock{pool_->mutex()};
  return call_->board.complete() && !call_->board.has_known();
}

Time LookupSession::deadline() const {
  const std::lock_guard lock{pool_->mutex()};
  return call_->board.complete() ? Time::max() : call_->board.deadline();
}

int LookupSession::native_handle() {
  const std::lock_guard lock{pool_->mutex()};
  const int descriptor = call_->event.open();
  if (call_->board.has_known()) call_->event.set();
  return descriptor;
}

std::vector<Answer> look_up_all(std::vector<Question> questions, const ResolveOptions& options,
                                const LookupFactory& factory, const std::stop_token& stop) {
  std::vector<Answer> answers(questions.size());
  LookupSession session{std::move(questions), options, factory, stop};
  session.wait_for_all();
  for (auto& known : session.take()) answers[known.question] = std::move(known.answer);
  return answers;
}

}  // namespace multiping::resolver
