// A thread stays with its call while the shares are equal, since another call means making a resolver anew.
// See lookup_threads.hpp.
#include "resolve/lookup_threads.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>
#include <variant>

#include "base/signals_blocked.hpp"
#include "multiping/error.hpp"
#include "resolve/pinned_library.hpp"

namespace multiping::resolver {
namespace {

using Clock = std::chrono::steady_clock;

Answer ask(std::unique_ptr<Lookup>& lookup, const SharedCall& call, const Question& question) noexcept {
  try {
    if (!lookup) lookup = call.factory();
    if (const auto* const name = std::get_if<std::string>(&question)) return lookup->look_up(*name, call.family);
    return lookup->look_up(std::get<Address>(question));
  } catch (...) {  // out of memory or descriptors
    return {{}, Errc::lookup_failed};
  }
}

}  // namespace

LookupThreads::LookupThreads() : owner_{::getpid()} { pin_own_object(); }

bool LookupThreads::is_of_this_process() const noexcept { return owner_ == ::getpid(); }

/// After fork(2) the parent's pool is abandoned, not deleted: its mutex may be locked by a thread that the child does
/// not have.
LookupThreads& LookupThreads::of_this_process() {
  static std::atomic<LookupThreads*> current{};
  auto* pool = current.load();
  while (pool == nullptr || !pool->is_of_this_process()) {
    std::unique_ptr<LookupThreads> fresh{new LookupThreads};
    if (current.compare_exchange_strong(pool, fresh.get())) return *fresh.release();
  }
  return *pool;
}

void LookupThreads::open(const std::shared_ptr<SharedCall>& call) {
  const Lock lock{mutex_};
  calls_.push_back(call);
  hire(call->board.parallel());
  if (staff_ == 0) call->board.end(Errc::lookup_failed);
  changed_.notify_all();
}

/// Starts `wanted` threads, but no more than most_lookups in all. It is no error when fewer can be started.
void LookupThreads::hire(std::size_t wanted) {
  const SignalsBlocked blocked;
  while (wanted > 0 && staff_ < most_lookups && add_thread()) --wanted;
}

bool LookupThreads::add_thread() noexcept {
  try {
    const auto self = running_.emplace(running_.end());
    try {
      *self = std::thread{[this, self] { work(self); }};
    } catch (const std::exception&) {
      running_.erase(self);
      return false;
    }
  } catch (const std::exception&) {
    return false;
  }
  ++staff_;
  return true;
}

void LookupThreads::close(const std::shared_ptr<SharedCall>& call) noexcept {
  Threads ended;
  {
    Lock lock{mutex_};
    std::erase(calls_, call);
    call->board.end();
    changed_.notify_all();
    ++closing_;
    left_.wait(lock, [this] { return !calls_.empty() || (idle_ == 0 && leaving_ == 0); });
    --closing_;
    ended.swap(ended_);
  }
  for (auto& thread : ended) thread.join();
}

/// The body of each thread.
void LookupThreads::work(Threads::iterator self) noexcept {
  std::unique_ptr<Lookup> lookup;
  std::shared_ptr<SharedCall> last;
  Lock lock{mutex_};
  while (auto job = await_job(lock, last)) {
    const Question& question = job->call->board.question(job->question);
    lock.unlock();
    if (last != job->call) lookup.reset();
    last = job->call;
    const auto began = Clock::now();
    auto answer = ask(lookup, *last, question);
    lock.lock();
    put(*job, std::move(answer), Clock::now() - began);
  }
  lock.unlock();
  lookup.reset();
  last.reset();
  retire(self);
}

/// Hands the thread to a call that is open or closes, which joins it; detaches it when there is none.
void LookupThreads::retire(Threads::iterator self) noexcept {
  const Lock lock{mutex_};
  if (calls_.empty() && closing_ == 0) {
    self->detach();
    running_.erase(self);
  } else {
    ended_.splice(ended_.end(), running_, self);
  }
  --leaving_;
  left_.notify_all();
}

/// The next job for this thread, if need be after a pause; none when nothing is left for it. PendingLookups that are
/// under way are no reason to stay: the thread that makes one now can make it again.
std::optional<LookupThreads::Job> LookupThreads::await_job(Lock& lock, const std::shared_ptr<SharedCall>& last) {
  while (true) {
    if (auto job = next_job(last)) return job;
    std::size_t pausing = 0;
    auto pause_end = Time::max();
    for (const auto& call : calls_) {
      pausing += call->board.pausing();
      pause_end = std::min(pause_end, call->board.next_pause_end());
    }
    if (pausing <= idle_) break;
    ++idle_;
    changed_.wait_until(lock, pause_end);
    --idle_;
  }
  --staff_;
  ++leaving_;
  return std::nullopt;
}

/// A job of the call that has the fewest lookups under way.
std::optional<LookupThreads::Job> LookupThreads::next_job(const std::shared_ptr<SharedCall>& last) {
  const auto now = Clock::now();
  const std::shared_ptr<SharedCall>* chosen = nullptr;
  for (const auto& call : calls_) {
    if (!call->board.has_due(now)) continue;
    const bool fewer = chosen == nullptr || call->board.under_way() < (*chosen)->board.under_way();
    const bool as_few = !fewer && call->board.under_way() == (*chosen)->board.under_way();
    if (fewer || (as_few && call == last)) chosen = &call;
  }
  if (chosen == nullptr) return std::nullopt;
  return Job{*chosen, *(*chosen)->board.take(now)};
}

void LookupThreads::put(const Job& job, Answer answer, Duration took) noexcept {
  auto& board = job.call->board;
  const bool had_known = board.has_known();
  board.put(job.question, std::move(answer), took, Clock::now());
  if (board.pausing() > 0) changed_.notify_all();
  if (!board.has_known()) return;
  if (!had_known) job.call->event.set();
  job.call->known.notify_all();
}

}  // namespace multiping::resolver
