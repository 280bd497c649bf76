// The threads that look things up, for all calls of this process.
// A lookup under way cannot be cancelled, so nothing here waits for one: it is left behind, and counts until it ends.
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

#include "resolve/event_descriptor.hpp"
#include "resolve/lookup.hpp"
#include "resolve/lookup_board.hpp"

namespace multiping::resolver {

/// Lookups under way at once in this process, those included that their call has given up.
inline constexpr std::size_t most_lookups = 64;

/// What a call and the threads share. A thread that is left behind touches only this. All but the constants is under
/// the pool's mutex.
struct SharedCall {
  const Family family = Family::any;
  const LookupFactory factory{};
  LookupBoard board;
  std::condition_variable_any known{};  ///< Told when the board has known answers.
  EventDescriptor event{};              ///< Readable while it has.
};

class LookupPool {
 public:
  /// A pool lives as long as its process, since a thread that was left behind may come back to it at any time. A child
  /// has one of its own after fork(2).
  [[nodiscard]] static LookupPool& of_this_process();
  [[nodiscard]] bool is_of_this_process() const noexcept;
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

  /// Lets the threads work for this call, and starts those that it needs. Where there can be none, all its lookups have
  /// failed.
  void open(const std::shared_ptr<SharedCall>& call);
  /// Ends what is pending, and lets no further lookup start. When no call is open any more, the threads that are in no
  /// lookup have ended on return.
  void close(const std::shared_ptr<SharedCall>& call) noexcept;

 private:
  using Calls = std::vector<std::shared_ptr<SharedCall>>;
  using Threads = std::list<std::thread>;
  using Lock = std::unique_lock<std::mutex>;
  struct Job {
    std::shared_ptr<SharedCall> call{};
    std::size_t question = 0;
  };

  LookupPool();
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
  Calls calls_{};                      ///< Those that are open.
  Threads running_{}, ended_{};        ///< Ended: to be joined.
  std::size_t staff_ = 0;              ///< Threads in a lookup or in a pause.
  std::size_t idle_ = 0;               ///< Those in a pause.
  std::size_t leaving_ = 0;            ///< Threads that find nothing to do any more, and touch no call.
  std::size_t closing_ = 0;            ///< Calls that wait for the end of threads.
};

}  // namespace multiping::resolver
