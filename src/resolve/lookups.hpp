// The addresses of a list of names as they become known, while the caller does other things.
// resolve_names() of resolver.hpp is the same as one call that waits for all.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/options.hpp"
#include "multiping/resolve.hpp"
#include "resolve/lookup_session.hpp"

namespace multiping::resolver {

/// Each position of the list becomes known once; what happens to it is said at resolve_names(). For one thread at a
/// time. Destroyed, it abandons what is pending without a wait; it may be destroyed in a forked child, and not be used
/// there.
class Lookups {
 public:
  struct Known {
    std::size_t position = 0;  ///< In the list of names.
    Resolution resolution{};
  };

  /// Starts the lookups and does not wait for them. `options` are in range; timeout and budget count from here.
  Lookups(std::vector<std::string> names, const ResolveOptions& options, std::stop_token stop = {});

  /// What has become known since the last call, in no order; addresses at once. When deadline() or a stop request has
  /// come, all that was pending: it has timed out.
  [[nodiscard]] std::vector<Known> take();
  /// All was taken.
  [[nodiscard]] bool done() const;

  /// Returns when take() has something, when done(), and at `until`. A stop request counts within 10 ms.
  void wait(std::chrono::steady_clock::time_point until);
  /// Returns when all is known.
  void wait_for_all();

  /// For poll(2): readable while take() has something that a lookup has found, until the next take(). -1 when no lookup
  /// is needed, or where there can be no descriptor. It does not tell of the deadline and of a stop request.
  [[nodiscard]] int native_handle();
  /// When the wait for what is pending ends; take() after that has the rest. It moves on with each lookup that ends,
  /// within ResolveOptions::budget. The end of time when nothing is pending.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;

  /// What is pending is known to have timed out, and take() has it.
  void end() noexcept;

 private:
  std::vector<Known> at_once_{};                       ///< Known without a lookup, and not taken yet.
  std::vector<std::string> names_{};                   ///< Of those that need a lookup, by position.
  std::vector<std::vector<std::size_t>> positions_{};  ///< Of each question.
  std::optional<LookupSession> session_{};             ///< None: no lookup is needed.
};

}  // namespace multiping::resolver
