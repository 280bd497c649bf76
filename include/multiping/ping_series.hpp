// Repeated probes on a schedule, for many targets at once, with statistics for each.
// It does for many hosts what ping and fping -c do, in one blocking call or as a range of rounds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
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

/// When each target is probed, and how.
struct SeriesOptions {
  int count = 4;                               ///< Number of rounds, 0 or more; 0: until stopped (Options::stop).
  Timeout interval = std::chrono::seconds{1};  ///< From the start of a target's probe to the start of its next; not
                                               ///< negative. 0: the next probe is sent as soon as the result of the one
                                               ///< before is known (with PingSeries, each round begins as soon as the
                                               ///< one before is complete).
  Timeout timeout = std::chrono::seconds{1};   ///< For each probe; not negative. It may be longer than the interval. 0
                                               ///< waits for no answer: every probe is lost.
  Options ping{};                              ///< threads must be 0 or 1: a series runs on the caller's thread alone.
  /// How often all names (and zones) are looked up again, from start to start; 0: never. Not negative.
  ///
  /// Lookups run during the probing and delay no target; with PingSeries they begin in an increment. A target whose
  /// address has changed is probed at its new address from its next probe on, and its statistics continue. An
  /// unresolved target is probed once it has an address; a target that has no address any more is unresolved again. A
  /// lookup that fails (Errc::lookup_failed, Errc::lookup_timeout) leaves the address unchanged.
  Timeout resolve_every{};
  /// Delays the first round by a random part of the interval, evenly distributed, and chosen anew for each call or
  /// object. So programs on many hosts that were started together do not probe together, and their probes are not in
  /// step with events that happen once in each interval. No effect where the interval is 0. RFC 2330, section 11.1;
  /// RFC 3432, section 4.
  bool random_start = false;
};

/// The statistics of one position of the list.
struct Series {
  std::string host{};       ///< As the caller wrote it.
  Address address{};        ///< The address that is probed; none while unresolved.
  Statistics statistics{};  ///< Counts every result that was reported.
  /// Total delay of its schedule, in whole intervals: a callback or a loop was slower than the interval, the host was
  /// busy, or max_rate allows no more. No round is skipped.
  Duration slip{};

  [[nodiscard]] Duration lag() const noexcept { return slip; }  ///< The same as `slip`.
};

/// Called on the caller's thread as soon as the result of a probe is known, once for every position of the list.
///
/// `round` counts from 0, and stays at the greatest int. Result::attempt is 1 for a probe that was sent. The results of
/// one target may come out of order where the timeout is longer than the interval. A probe that max_rate or a full send
/// buffer held back until its time was up is send_failed with std::errc::resource_unavailable_try_again. With
/// Options::report_duplicates, it is also called for each further answer that comes before the call ends. An exception
/// from this function ends the call and reaches the caller.
using OnResult = std::function<void(const Result& result, int round)>;

/// Probes every target `count` times and returns the statistics of each, in the caller's order.
///
///     for (const auto& [host, address, figures, slip] : ping_series({"192.0.2.1", "example.org"}, {.count = 10}))
///       std::cout << host << ": " << figures << '\n';
///
/// Probes of different targets are spread over the interval. The schedule of each target counts from start to start and
/// does not drift. A slow, dead or unresolved target delays no other. Each probe has its own deadline, and is lost only
/// when that has passed. Probes that are in flight when a stop comes do not count: the statistics hold the results that
/// were reported. A host listed twice, or two names of one address, are probed once a round, and both positions have
/// the results. A target that cannot be probed has its result in every round, on the same schedule; where the interval
/// is 0 it has one every 10 ms. An empty list gives an empty result.
///
/// An interval that is too short for max_rate slides: probes leave as fast as the rate allows, target after target, and
/// Series::slip says how far the schedule fell behind.
///
/// Throws as MultiPing does, and std::invalid_argument for a negative count, interval or timeout, and for more than one
/// thread. Several calls at the same time do not disturb each other.
[[nodiscard]] MULTIPING_EXPORT std::vector<Series> ping_series(TargetList targets, const SeriesOptions& options = {},
                                                               const OnResult& on_result = {});

/// The results of one round.
struct Round {
  int number = 0;                 ///< Counts from 0.
  std::vector<Result> results{};  ///< One for each position of the list, in the caller's order; all are final.
};

/// A series as a range of rounds, for plain loops (and by poll() for a loop of one's own):
///
///     for (const Round& round : PingSeries{{"192.0.2.1", "192.0.2.2"}, {.count = 0}})
///       for (const Result& result : round.results) std::cout << round.number << ' ' << result << '\n';
///
/// Rounds come in order, each as soon as all its results are known; after a stop no further round comes. Between two
/// increments nothing is sent and no answer is taken in, so a slow loop delays the schedule (Series::slip). After
/// std::bad_alloc, begin() or the increment can be called again, and nothing is lost. Only one thread at a time may use
/// an object. In a child made by fork(2), begin() and increments throw std::logic_error. An object that was moved from
/// may only be destroyed or assigned to; an object must not be moved while an iterator of it is in use.
class MULTIPING_EXPORT PingSeries {
 public:
  /// Resolves every name and opens a transport. Throws as ping_series().
  explicit PingSeries(TargetList targets, SeriesOptions options = {});
  PingSeries(PingSeries&&) noexcept;  ///< Takes over the series in its present state.
  /// Takes over the series in its present state; this object's own is given up.
  PingSeries& operator=(PingSeries&&) noexcept;
  ~PingSeries();

  /// A move-only input iterator; nothing is sent between two increments.
  class MULTIPING_EXPORT iterator {  // NOLINT(readability-identifier-naming): ranges use this name
   public:
    using value_type = Round;                                    ///< The element type.
    using difference_type = std::ptrdiff_t;                      ///< Required of every iterator.
    using iterator_concept = std::input_iterator_tag;            ///< One pass, forward.
    explicit iterator(PingSeries& series) : series_{&series} {}  ///< Called by begin().
    iterator(const iterator&) = delete;
    iterator& operator=(const iterator&) = delete;
    iterator(iterator&&) = default;             ///< It can be moved, not copied.
    iterator& operator=(iterator&&) = default;  ///< It can be moved, not copied.
    ~iterator() = default;
    [[nodiscard]] const Round& operator*() const noexcept;  ///< The round; valid until the next increment.
    iterator& operator++();                                 ///< Waits for the next round. Throws as begin() does.
    void operator++(int) { ++*this; }                       ///< The same.
    /// True when no further round comes: all rounds have come, or a stop was requested.
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return at.done(); }

   private:
    [[nodiscard]] bool done() const noexcept;
    PingSeries* series_ = nullptr;
  };
  /// Waits for the first round and returns an iterator to it. It works once: a second call throws std::logic_error.
  [[nodiscard]] iterator begin();
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }  ///< After the last round.

  /// For a program with an event loop of its own, instead of begin(). Sends the probes that are due, takes in what has
  /// arrived, and waits at most `wait` for the next round; 0s does not wait, and a negative time counts as 0.
  ///
  ///     pollfd watched{series.native_handle(), POLLIN, 0};
  ///     while (!series.done())
  ///       if (::poll(&watched, 1, -1) == 1)
  ///         if (const auto round = series.poll(0s)) std::cout << round->number << '\n';
  ///
  /// Returns nothing when the next round is not complete yet, and when no further round comes: see done(). Between two
  /// calls nothing is sent and no answer is taken in, so a call that comes late delays the schedule (Series::slip). A
  /// call after begin(), begin() after a call, and a call in a child made by fork(2) throw std::logic_error. After
  /// std::bad_alloc it can be called again, and nothing is lost.
  [[nodiscard]] std::optional<Round> poll(Timeout wait);
  /// True when no further round comes: all rounds have come, or a stop was requested.
  [[nodiscard]] bool done() const noexcept;
  /// Returns a descriptor for poll(2), epoll(7) or select(2), which is readable when poll(0s) has something to do:
  /// answers have arrived, a probe or a lookup of names is due, a deadline has passed, a further round is complete, or
  /// a stop was requested. The poll() after which done() is true leaves it silent for good. The object owns it; -1 when
  /// it cannot be made.
  [[nodiscard]] int native_handle() const noexcept;

  /// Returns the statistics of the rounds so far, in the caller's order. They live as long as the object; an increment
  /// rewrites them.
  [[nodiscard]] std::span<const Series> series() const& noexcept;
  std::span<const Series> series() const&& = delete;
  [[nodiscard]] Counters counters() const noexcept;  ///< Counts also probes of rounds that have not come yet.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping
