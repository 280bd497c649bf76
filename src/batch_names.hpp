// The names of a list, looked up again while its batch lives.
// What is found is for others to take over.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "name_choice.hpp"
#include "net/instant.hpp"
#include "resolve/lookups.hpp"
#include "zones.hpp"

namespace multiping {

class BatchNames {
 public:
  BatchNames() = default;
  /// `shapes` are those that the positions' numbers mean.
  BatchNames(std::vector<NamedPosition> positions, std::span<const ProbeOptions> shapes);

  [[nodiscard]] std::size_t size() const noexcept { return positions_.size(); }
  [[nodiscard]] std::span<const ProbeOptions> shapes() const noexcept { return shapes_; }

  /// All, or what is unresolved or has a zone, whose interface may have another number now.
  enum class Which : bool { all, unsure };
  /// Waits for the lookups; in the order of positions. `results` are those of the whole list. As choose(), sets
  /// options.transport where it has to be asked.
  [[nodiscard]] std::vector<FoundName> look_up(Which which, const std::vector<Result>& results, Options& options) const;

  /// Positions whose interface has another number than `results` say, or has come to exist; nothing is looked up.
  [[nodiscard]] std::vector<FoundName> moved(const std::vector<Result>& results, Options& options, net::Instant now);

  /// Starts lookups and waits for none, of what is not looked up already.
  void start(Which which, const std::vector<Result>& results, const Options& options);
  /// What has become known since the last call, in no order.
  [[nodiscard]] std::vector<FoundName> take(Options& options);
  /// True while a lookup is under way whose result take() has not returned yet.
  [[nodiscard]] bool pending() const noexcept { return !under_way_.empty(); }
  /// Returns when take() has something, after `most`, or when stopped.
  void wait(Duration most);
  /// What is pending has timed out, and take() has it.
  void end() noexcept;
  /// True where a position is unresolved and another lookup may find its address.
  [[nodiscard]] bool any_left(const std::vector<Result>& results) const;
  /// What was found is to be probed, or may be after another lookup.
  [[nodiscard]] static bool is_hopeful(const FoundName& found, const std::vector<Result>& results);

 private:
  struct Lookups {
    std::vector<std::size_t> places;  ///< Of each name, in positions_.
    std::unique_ptr<resolver::Lookups> lookups;
  };
  [[nodiscard]] std::vector<std::size_t> select(Which which, const std::vector<Result>& results) const;
  [[nodiscard]] std::vector<std::string> names_of(std::span<const std::size_t> places,
                                                  const std::vector<Result>& results) const;
  [[nodiscard]] FoundName found(std::size_t place, const Resolution& resolution, Options& options) const;
  [[nodiscard]] std::optional<Choice> moved(std::size_t place, const Result& result, Options& options,
                                            net::Instant now);

  std::vector<NamedPosition> positions_;
  std::vector<ProbeOptions> shapes_;  ///< None without positions.
  Zones zones_;
  std::vector<Lookups> under_way_;
  std::vector<bool> asked_;  ///< By place: a lookup is under way.
};

}  // namespace multiping
