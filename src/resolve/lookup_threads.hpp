// The threads that make the lookups of all calls of this process.
// A lookup under way cannot be cancelled, so nothing here waits for one: it is abandoned, but counts until it ends.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "resolve/eventfd.hpp"
#include "resolve/lookup_retry_schedule.hpp"
#include "resolve/single_lookup.hpp"

namespace multiping::resolver {

/// The most lookups under way at once in this process, including those that their calls have abandoned.
inline constexpr std::size_t most_lookups = 64;

/// The data that a call shares with the threads. A thread in an abandoned lookup touches only this. The pool's mutex
/// guards all but the constants.
struct SharedCall {
  const Family family = Family::any;
  const LookupFactory factory{};
  LookupRetrySchedule board;
  std::condition_variable_any known{};  ///< Notified when the board has known answers.
  EventDescriptor event{};              ///< Readable while the board has known answers.
};

class LookupThreads {
 public:
  /// The pool lives as long as its process, since the thread of an abandoned lookup may come back to it at any time. A
  /// child has a pool of its own after fork(2).
  [[nodiscard]] static LookupThreads& of_this_process();
  [[nodiscard]] bool is_of_this_process() const noexcept;
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

  /// Lets the threads work for this call, and starts the threads that it needs. When no thread can be started and none
  /// runs, all lookups of the call fail with Errc::lookup_failed.
  void open(const std::shared_ptr<SharedCall>& call);
  /// Ends the pending questions of the call, and lets none of its lookups start any more. When no other call is open,
  /// all threads that are in no lookup have ended on return.
  void close(const std::shared_ptr<SharedCall>& call) noexcept;

 private:
  using Calls = std::vector<std::shared_ptr<SharedCall>>;
  using Threads = std::list<std::thread>;
  using Lock = std::unique_lock<std::mutex>;
  struct Job {
    std::shared_ptr<SharedCall> call{};
    std::size_t question = 0;
  };

  LookupThreads();
  void hire(std::size_t wanted);
  bool add_thread() noexcept;
  void work(Threads::iterator self) noexcept;
  void retire(Threads::iterator self) noexcept;
  [[nodiscard]] std::optional<Job> await_job(Lock& lock, const std::shared_ptr<SharedCall>& last);
  [[nodiscard]] std::optional<Job> next_job(const std::shared_ptr<SharedCall>& last);
  void put(const Job& job, Answer answer, Duration took) noexcept;

  const ::pid_t owner_;
  std::mutex mutex_{};
  std::condition_variable changed_{};  ///< For threads that wait for the end of a pause.
  std::condition_variable left_{};     ///< For calls that wait until threads have ended.
  Calls calls_{};                      ///< The open calls.
  Threads running_{}, ended_{};        ///< `ended_`: to be joined.
  std::size_t staff_ = 0;              ///< Threads in a lookup or in a pause.
  std::size_t idle_ = 0;               ///< Threads in a pause.
  std::size_t leaving_ = 0;            ///< Threads that have nothing left to do, touch no call and are about to end.
  std::size_t closing_ = 0;            ///< Calls that wait for the end of threads.
};

}  // namespace multiping::resolver
