// Repeated probes on a schedule, for many targets at once, with figures for each.
// What ping and fping -c do for their hosts, in one blocking call or as a range of rounds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/statistics.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// When each target is probed.
struct SeriesOptions {
  int count = 4;                               ///< Rounds; 0: until stopped (Options::stop).
  Timeout interval = std::chrono::seconds{1};  ///< From start to start of each target's probes; 0: each target's next
                                               ///< probe as soon as the fate of the one before is known (of
                                               ///< PingSeries, each round as soon as the one before is complete).
  Timeout timeout = std::chrono::seconds{1};   ///< For each probe, also past the next round's start. 0 waits for no
                                               ///< answer: every probe is lost.
  Options ping{};                              ///< threads is 0 or 1: a series runs on the caller's thread alone.
  /// How often all names (and zones) are looked up again, from start to start; 0: never. Not negative. Lookups go on
  /// beside the probing and delay no target; of PingSeries they begin in an increment. A target whose address changed
  /// is probed at its new one from its next probe on, and its figures go on; what was unresolved is probed once it has
  /// an address, and unresolved again when it has none any more. A lookup that fails (Errc::lookup_failed,
  /// Errc::lookup_timeout) leaves the address as it was.
  Timeout resolve_every{};
  /// The first round begins after a random part of the interval, evenly distributed and new for each call or object, so
  /// that programs of many hosts that were started together do not probe together, and none of them in step with what
  /// happens once an interval. Nothing changes without an interval. RFC 2330, section 11.1; RFC 3432, section 4.
  bool random_start = false;
};

/// The figures of one position of the list.
struct Series {
  std::string host{};       ///< As the caller wrote it.
  Address address{};        ///< What is probed; none while unresolved.
  Statistics statistics{};  ///< Of all fates that were told.
  Duration slip{};  ///< How far its schedule was put off in all, since this process came too late for whole rounds: a
                    ///< callback or a loop slower than the interval, or a host that was busy. Nothing is skipped.
};

/// Called on the caller's thread as each probe's fate is known, for every position of the list; `round` counts from 0
/// (and stays at the greatest int). Result::attempt is 1 for a probe that was sent. The fates of one target may come
/// out of order, where the timeout is longer than the interval. A probe that max_rate or a full send buffer kept here
/// until its time was up is send_failed with std::errc::resource_unavailable_try_again. What it throws ends the call
/// and reaches the caller.
using OnResult = std::function<void(const Result& result, int round)>;

/// Probes every target `count` times and returns the figures of each, in the caller's order.
///
///     for (const auto& [host, address, figures, slip] : ping_series({"192.0.2.1", "example.org"}, {.count = 10}))
///       std::cout << host << ": " << figures << '\n';
///
/// Probes of different targets are spread over the interval; each target's schedule is kept from start to start,
/// without drift. The slow, the dead and the unresolved delay nobody. Each probe has its own deadline, and is lost only
/// when that has passed: probes that are in flight when a stop comes count for nothing, and the figures are those of
/// what was told. A host listed twice, or two names of one address, are probed once a round, and both positions have
/// the results. What cannot be probed has its result in every round, on the same schedule; without an interval it has
/// one every 10 ms. An empty list is an empty result.
///
/// Throws as MultiPing does, and std::invalid_argument for a negative count, interval or timeout, for an interval that
/// max_rate does not allow, and for more than one thread. Several calls at once do not disturb each other.
[[nodiscard]] MULTIPING_EXPORT std::vector<Series> ping_series(TargetList targets, const SeriesOptions& options = {},
                                                               const OnResult& on_result = {});

/// What became of one round.
struct Round {
  int number = 0;                 ///< From 0.
  std::vector<Result> results{};  ///< One per target, in the caller's order; every fate known.
};

/// The same as a range of rounds, for plain loops:
///
///     for (const Round& round : PingSeries{{"192.0.2.1", "192.0.2.2"}, {.count = 0}})
///       for (const Result& result : round.results) std::cout << round.number << ' ' << result << '\n';
///
/// Rounds come in order, each as soon as all its fates are known; after a stop no further round comes. Nothing is sent
/// and nothing taken in between two increments, so a slow loop puts the schedule off (Series::slip). begin() or an
/// increment that threw std::bad_alloc can be called again, and loses nothing. For one thread at a time; in a child
/// made by fork(2), begin() and increments throw std::logic_error. An object that was moved from may only be destroyed
/// or assigned to, and not be moved while an iterator of it is in use.
class MULTIPING_EXPORT PingSeries {
 public:
  /// Resolves every name and opens a transport. Throws as ping_series().
  explicit PingSeries(TargetList targets, SeriesOptions options = {});
  PingSeries(PingSeries&&) noexcept;  ///< Takes over the series as it stands.
  /// Takes over the series as it stands; this object's own is given up.
  PingSeries& operator=(PingSeries&&) noexcept;
  ~PingSeries();

  /// A move-only input iterator; nothing is sent between two increments.
  class MULTIPING_EXPORT iterator {  // NOLINT(readability-identifier-naming): so ranges are spelled
   public:
    using value_type = Round;                                    ///< What it points at.
    using difference_type = std::ptrdiff_t;                      ///< As every iterator must have one.
    using iterator_concept = std::input_iterator_tag;            ///< One pass, forward.
    explicit iterator(PingSeries& series) : series_{&series} {}  ///< What begin() makes.
    iterator(const iterator&) = delete;
    iterator& operator=(const iterator&) = delete;
    iterator(iterator&&) = default;             ///< It can be moved, not copied.
    iterator& operator=(iterator&&) = default;  ///< It can be moved, not copied.
    ~iterator() = default;
    [[nodiscard]] const Round& operator*() const noexcept;  ///< The round; gone with the next increment.
    iterator& operator++();                                 ///< Waits for the next round. Throws as begin().
    void operator++(int) { ++*this; }                       ///< The same.
    /// No further round comes: all have, or there was a stop.
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return at.done(); }

   private:
    [[nodiscard]] bool done() const noexcept;
    PingSeries* series_ = nullptr;
  };
  /// Waits for the first round. Once: std::logic_error when called again.
  [[nodiscard]] iterator begin();
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }  ///< After the last round.
  /// Figures of the rounds that came so far, in the caller's order. Rewritten by an increment; gone with the object.
  [[nodiscard]] std::span<const Series> series() const& noexcept;
  std::span<const Series> series() const&& = delete;
  [[nodiscard]] Counters counters() const noexcept;  ///< Also of probes whose rounds have not come.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping
