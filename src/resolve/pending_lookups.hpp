// Gives the addresses of a list of names as they become known, while the caller does other things.
// resolve_names() of resolve_names.hpp does the same in one call that waits for all.
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

/// Each position of the list becomes known once, with the result that resolve_names() documents. May be used by one
/// thread at a time. The destructor abandons pending lookups without a wait. A forked child may destroy this object,
/// but not use it.
class PendingLookups {
 public:
  struct Known {
    std::size_t position = 0;  ///< In the list of names.
    Resolution resolution{};
  };

  /// Starts the lookups and does not wait for them. `options` are in range; timeout and budget count from here.
  PendingLookups(std::vector<std::string> names, const ResolveOptions& options, std::stop_token stop = {});

  /// The positions that have become known since the last call, in no order; addresses are known at once. After
  /// deadline() or a stop request, these are all pending positions: they have timed out.
  [[nodiscard]] std::vector<Known> take();
  /// All positions were taken.
  [[nodiscard]] bool done() const;

  /// Returns when take() has something, when done(), or at `until`. A stop request takes effect within 10 ms.
  void wait(std::chrono::steady_clock::time_point until);
  /// Returns when all positions are known.
  void wait_for_all();

  /// A descriptor for poll(2) that is readable while take() has a result of a lookup, until the next take(). -1 when no
  /// lookup is needed, or when it cannot be opened. The deadline and a stop request do not make it readable.
  [[nodiscard]] int native_handle();
  /// When the wait for pending names ends; after that, take() returns the rest. It moves on with each lookup that ends,
  /// within ResolveOptions::budget. time_point::max() when nothing is pending.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;

  /// Ends the wait: every pending name has timed out, and take() returns it.
  void end() noexcept;

 private:
  std::vector<Known> at_once_{};                       ///< Known without a lookup, and not taken yet.
  std::vector<std::string> names_{};                   ///< The names that need a lookup, by position.
  std::vector<std::vector<std::size_t>> positions_{};  ///< The positions of each question.
  std::optional<LookupSession> session_{};             ///< None: no lookup is needed.
};

}  // namespace multiping::resolver
