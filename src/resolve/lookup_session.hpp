// The lookups of one call, as they go on beside it, and many lookups at once as one call that waits for them.
// Knows no resolver: that is the factory's.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "multiping/options.hpp"
#include "resolve/lookup.hpp"
#include "resolve/lookup_board.hpp"

namespace multiping::resolver {

class LookupPool;
struct SharedCall;

/// Lookups by threads that all calls of the process share, in turn: none gets more of them than another that could use
/// them. For one thread at a time.
class LookupSession {
 public:
  /// Starts at once and does not wait. `options` are in range. The factory, and what it makes, may outlive the session.
  LookupSession(std::vector<Question> questions, const ResolveOptions& options, LookupFactory factory,
                std::stop_token stop);
  LookupSession(LookupSession&& other) noexcept = default;
  LookupSession& operator=(LookupSession&& other) = delete;
  /// Does not wait for lookups that are under way.
  ~LookupSession();

  /// What has become known since the last call; each question comes once. When deadline() has come, or a stop request,
  /// that is all that was pending.
  [[nodiscard]] std::vector<Known> take();
  /// Returns when take() has something, when done(), and at `until`.
  void wait(Time until);
  /// Returns when all is known.
  void wait_for_all();
  /// All was taken.
  [[nodiscard]] bool done() const;
  /// When the wait for what is pending ends. It moves on with each lookup that ends.
  [[nodiscard]] Time deadline() const;
  /// Readable while take() has something that a lookup has found; -1 where there can be no descriptor.
  [[nodiscard]] int native_handle();
  /// What is pending is known to have timed out.
  void end() noexcept;

 private:
  template <typename Condition>
  void wait_until(Time until, Condition condition);
  void end_if_due() noexcept;

  std::shared_ptr<SharedCall> call_;
  LookupPool* pool_;
  std::stop_token stop_;
};

/// One Answer for each of the distinct `questions`, in order. See resolve_names() for what becomes of those that are
/// pending when time is up. The factory, and what it makes, may outlive the call.
[[nodiscard]] std::vector<Answer> look_up_all(std::vector<Question> questions, const ResolveOptions& options,
                                              const LookupFactory& factory, const std::stop_token& stop);

}  // namespace multiping::resolver
