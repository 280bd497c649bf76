// The lookups of one call, made by other threads meanwhile; and look_up_all(), one call that waits for many lookups.
// The factory makes the resolver; nothing here depends on which one.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "multiping/options.hpp"
#include "resolve/lookup_retry_schedule.hpp"
#include "resolve/single_lookup.hpp"

namespace multiping::resolver {

class LookupThreads;
struct SharedCall;

/// PendingLookups by threads that all calls of the process share evenly: no call gets more threads than another call
/// that could use them. May be used by one thread at a time.
class LookupSession {
 public:
  /// Starts the lookups at once and does not wait. `options` are in range. The factory, and the objects that it makes,
  /// may outlive the session.
  LookupSession(std::vector<Question> questions, const ResolveOptions& options, LookupFactory factory,
                std::stop_token stop);
  LookupSession(LookupSession&& other) noexcept = default;
  LookupSession& operator=(LookupSession&& other) = delete;
  /// Does not wait for lookups that are under way.
  ~LookupSession();

  /// The answers that have become known since the last call; each question comes once. After deadline() or a stop
  /// request, these are the answers to all pending questions.
  [[nodiscard]] std::vector<Known> take();
  /// Returns when take() has something, when done(), or at `until`.
  void wait(Time until);
  /// Returns when all answers are known.
  void wait_for_all();
  /// All answers were taken.
  [[nodiscard]] bool done() const;
  /// When the wait for pending questions ends; Time::max() when none is pending. It moves on with each lookup that
  /// ends.
  [[nodiscard]] Time deadline() const;
  /// A descriptor that is readable while take() has an answer from a lookup; -1 when it cannot be opened.
  [[nodiscard]] int native_handle();
  /// Ends the wait: every pending question has timed out.
  void end() noexcept;

 private:
  template <typename Condition>
  void wait_until(Time until, Condition condition);
  void end_if_due() noexcept;

  std::shared_ptr<SharedCall> call_;
  LookupThreads* pool_;
  std::stop_token stop_;
};

/// One Answer for each of the distinct `questions`, in order. resolve_names() says which answer a question gets that is
/// pending when time is up. The factory, and the objects that it makes, may outlive the call.
[[nodiscard]] std::vector<Answer> look_up_all(std::vector<Question> questions, const ResolveOptions& options,
                                              const LookupFactory& factory, const std::stop_token& stop);

}  // namespace multiping::resolver
