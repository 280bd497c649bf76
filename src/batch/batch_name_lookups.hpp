// The names of a list, looked up again while its batch lives.
// The results of the lookups are handed to the caller, which applies them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/monotonic_time.hpp"
#include "batch/ipv6_zones.hpp"
#include "batch/target_address_choice.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "resolve/pending_lookups.hpp"

namespace multiping {

class BatchNames {
 public:
  BatchNames() = default;
  /// `profiles[i]` are the probe options of profile number i, as `positions` name it.
  BatchNames(std::vector<NamedPosition> positions, std::span<const ProbeOptions> profiles);

  [[nodiscard]] std::size_t size() const noexcept { return positions_.size(); }
  [[nodiscard]] std::span<const ProbeOptions> profiles() const noexcept { return profiles_; }

  /// All positions; or only those that are unresolved or have a zone, whose interface may have another number now.
  enum class Which : bool { all, unsure };
  /// Looks names up and waits for the lookups. The result is in the order of positions. `results` are those of the
  /// whole list. Like choose(), this function sets options.transport when it is null and a route must be asked for.
  [[nodiscard]] std::vector<FoundName> look_up(Which which, const std::vector<Result>& results, Options& options) const;

  /// Positions whose interface has another number than in `results`, or did not exist before. Looks no name up.
  [[nodiscard]] std::vector<FoundName> moved(const std::vector<Result>& results, Options& options, Instant now);

  /// Starts lookups and does not wait for them. Leaves out positions whose lookup is already under way.
  void start(Which which, const std::vector<Result>& results, const Options& options);
  /// The lookups that ended since the last call, in no order.
  [[nodiscard]] std::vector<FoundName> take(Options& options);
  /// True while a lookup is under way whose result take() has not returned yet.
  [[nodiscard]] bool pending() const noexcept { return !under_way_.empty(); }
  /// Returns when take() has something, when `most` has passed, or after a stop.
  void wait(Duration most);
  /// Ends all lookups: every pending name has timed out, and take() returns it.
  void end() noexcept;
  /// True when any position is unresolved and another lookup may find its address.
  [[nodiscard]] bool any_left(const std::vector<Result>& results) const;
  /// True when the address that was found is to be probed, or another lookup may find one.
  [[nodiscard]] static bool is_hopeful(const FoundName& found, const std::vector<Result>& results);

 private:
  struct PendingLookups {
    std::vector<std::size_t> places;  ///< By name: its index in positions_.
    std::unique_ptr<resolver::PendingLookups> lookups;
  };
  [[nodiscard]] std::vector<std::size_t> select(Which which, const std::vector<Result>& results) const;
  [[nodiscard]] std::vector<std::string> names_of(std::span<const std::size_t> places,
                                                  const std::vector<Result>& results) const;
  [[nodiscard]] FoundName found(std::size_t place, const Resolution& resolution, Options& options) const;
  [[nodiscard]] std::optional<AddressChoice> moved(std::size_t place, const Result& result, Options& options,
                                                   Instant now);

  std::vector<NamedPosition> positions_;
  std::vector<ProbeOptions> profiles_;  ///< Empty when there are no positions.
  Ipv6Zones zones_;
  std::vector<PendingLookups> under_way_;
  std::vector<bool> asked_;  ///< By index in positions_: a lookup is under way.
};

}  // namespace multiping
