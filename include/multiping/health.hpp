// The health of hosts and of groups of them, told from rounds of results: which are up, which are down, who fell
// together. Nothing here reads a clock or opens a socket; results come from any call of this library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/export.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// What is known of a host, or of a group of hosts.
enum class State : std::uint8_t {
  unknown,   ///< Nothing yet, or nothing any more: the last probes were, or may have been, lost on this host.
  up,        ///< It answers. A group: its quorum is up.
  down,      ///< It does not answer. A group: its quorum is not up, whatever the unknown hosts are.
  flapping,  ///< It changes too often to be called up or down; never of a group.
};
/// "unknown", "up", "down", "flapping".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(State state) noexcept;
/// Writes to_string(state).
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, State state);

/// What several ways of asking say of one host together. See verdict().
enum class Verdict : std::uint8_t {
  unknown,        ///< Nothing is known.
  up,             ///< A service replied; or ICMP was answered, and no service was asked that had to answer.
  icmp_filtered,  ///< A service replied; ICMP was asked and is silent.
  service_down,   ///< The host is alive, and no service that was asked replied.
  limited,        ///< The host answers ICMP at a limited rate: the rest of the silence is no loss. See rate_limit().
  silent,         ///< Nothing answered.
};
/// "unknown", "up", "icmp-filtered", "service-down", "limited", "silent".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Verdict verdict) noexcept;
/// Writes to_string(verdict).
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, Verdict verdict);

/// Makes one verdict of several ways of asking one host (ICMP, TCP, UDP, SCTP). `of_one_host` has its results, in the
/// order in which the probes were sent.
///
/// Results with a local cause, as HealthTracker takes it, results that are pending or unresolved, and probes that this
/// host did not send count for nothing. Services are TCP, UDP and SCTP. The first row that fits is the verdict:
///
/// | services                    | ICMP                                     | verdict                  |
/// |-----------------------------|------------------------------------------|--------------------------|
/// | one replied                 | not asked, or answered                   | up                       |
/// | one replied                 | asked, and silent                        | icmp_filtered            |
/// | none replied, one refused   | any                                      | service_down             |
/// | TCP or SCTP asked, silent   | answered                                 | service_down             |
/// | none asked, or UDP silent   | some answered, and rate_limit() says why | limited                  |
/// | none asked, or UDP silent   | answered                                 | up                       |
/// | silent                      | silent, or not asked                     | silent                   |
/// | nothing that counts         | nothing that counts                      | unknown                  |
[[nodiscard]] MULTIPING_EXPORT Verdict verdict(std::span<const Result> of_one_host) noexcept;

/// A limit of answers: a token bucket (RFC 4443, section 2.4 (f)).
struct RateLimit {
  double per_second = 0;  ///< Answers per second, in the long run.
  double burst = 0;       ///< Answers at once, after a time without probes.
};
/// Finds the token bucket that explains which probes of a series were answered, if one does.
///
/// `series` has the results of one host, or of one router on the way to it (with a small TTL), in the order in which
/// the probes were sent; their times are Result::at less Result::rtt. Where no probe had a reply, the answers are the
/// ICMP errors of routers. Some 30 probes are needed, sent at two to ten times the limit: Linux allows one error each
/// second with a burst of 6, other routers one each 500 ms, or 10 to 1000 per second. A bucket that lets through less
/// than six of the probes is not told from random loss.
///
/// Nothing is found where all or none were answered, and where the answers fit no bucket. Random loss is taken for a
/// limit in less than one of 1,000 series. The rate is within 20 per cent. Where probes are sent only about twice as
/// fast as the limit, a wide range of rates may explain the answers (each second probe is answered); then the rate is a
/// round number in that range. A few lost probes do no harm.
[[nodiscard]] MULTIPING_EXPORT std::optional<RateLimit> rate_limit(std::span<const Result> series);

/// When a host changes its state. Out of range is std::invalid_argument, which names the member.
struct HealthOptions {
  int rise = 2;              ///< So many good rounds in a row make a host up; 1 or more.
  int fall = 3;              ///< So many bad rounds in a row make it down, so many local ones unknown; 1 or more.
  int flap_window = 20;      ///< Rounds, good or bad, that are looked at for changes; 1 to 1,000,000.
  double flap_high = 0.5;    ///< A greater share of changes begins the state `flapping`; 0 or more. Above 1: never.
  double flap_low = 0.25;    ///< A smaller share of changes ends it; 0 to `flap_high`.
  int loss_window = 100;     ///< Rounds, good or bad, that lossy() looks at; 1 to 1,000,000.
  double max_loss = 0;       ///< The share of bad rounds that lossy() accepts, 0 to 1; 0: no host is lossy.
  double confidence = 0.95;  ///< Of the interval by which lossy() decides, 0 to 1.
  /// The least share of a group's hosts that fall (or rise) together in an event of the group; above 0, to 1.
  double shared_inside = 0.8;
  double shared_outside = 0.05;  ///< The greatest share of all other hosts that do so as well; 0 to 1.
  /// Compares member by member.
  friend bool operator==(const HealthOptions&, const HealthOptions&) = default;
};

/// How many hosts of a group must be up: the larger of both. With neither, all.
struct Quorum {
  std::size_t count = 0;  ///< So many hosts: 3.
  double share = 0;       ///< So large a share of the group's hosts, 0 to 1, rounded up: 0.8 of 5 hosts are 4.
  /// Compares member by member.
  friend bool operator==(const Quorum&, const Quorum&) = default;
};

/// A change of state of a host; or hosts of a group that fell, or rose, together.
struct Transition {
  std::string name{};       ///< Of the host, or of the group.
  bool group = false;       ///< True for a group.
  State from{};             ///< The state before; of a group: that of most of its `members`.
  State to{};               ///< The state after; of a group: that of its `members`, down or up.
  std::uint64_t round = 0;  ///< The round of the change, from 0; of a group: of the last of its members.
  std::string reason{};     ///< The evidence: which rounds, which outcomes, which cause. One line, safe for a terminal.
  std::vector<std::string> members{};  ///< Of a group: whose fall or rise it is, in the order in which they were added.
};
/// Writes one readable line: "web7: up -> down in round 9: no answer in 3 rounds, 7 to 9: no-reply, cause remote".
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Transition& transition);

/// Keeps the states of hosts and groups from round to round.
///
///     HealthTracker tracker;
///     tracker.add("web1", {"room2/rack7"});
///     tracker.set_quorum("room2", {.share = 0.8});
///     MultiPing mp{hosts};
///     for (;; mp.reset()) {
///       mp.send();
///       static_cast<void>(mp.receive(1s));
///       for (const auto& change : tracker.observe(mp.results())) std::cout << change << '\n';
///     }
///
/// A round of a host is
/// - *good* when any of its results is answered (Result::answered());
/// - *local* when none is, and each has a cause on this host (is_local()), or may have: Cause::unknown with the address
///   of a gateway that is not known to be alive;
/// - *bad* otherwise;
/// - left out when it has no results, or only such as are pending or unresolved. These never count.
///
/// So a gateway that fails makes no host down, from the first round on. The price: where a gateway answers no packet to
/// itself, as in some clouds, and nothing else behind it answers, a host behind it becomes unknown, and down only after
/// HealthOptions::fall rounds in which the kernel itself has heard the gateway.
///
/// HealthOptions::rise good rounds in a row make a host up, HealthOptions::fall bad ones down, HealthOptions::fall
/// local ones unknown. A local round breaks no run of good or bad ones, and a round that is left out breaks no run at
/// all.
///
/// A host is flapping when the share of changes between good and bad among its last HealthOptions::flap_window good or
/// bad rounds exceeds HealthOptions::flap_high, until the share is below HealthOptions::flap_low; then it is what its
/// runs made it meanwhile. Rounds before the first count as no change. HealthOptions::fall local rounds in a row make
/// it unknown all the same.
///
/// A group has all hosts that were added to it, or to a group beneath it: "room2" has those of "room2/rack7". It is up
/// when its quorum is up, unknown when its unknown hosts could still make the quorum, else down. Hosts that are
/// flapping are not up.
///
/// Hosts that become down *fall*, hosts that become up *rise*. When at least HealthOptions::shared_inside of a group's
/// hosts, and at least two, fall within one round of each other, and at most HealthOptions::shared_outside of all other
/// hosts do, then that is one Transition of the smallest such group, with its members, and none of each member; rises
/// likewise. So a fall may be told one round late. It is told at once where no group can have such a Transition any
/// more. host() and group() are never late.
///
/// An object can be copied. One that was moved from, or whose call threw std::bad_alloc, may only be assigned to or
/// destroyed.
class MULTIPING_EXPORT HealthTracker {
 public:
  /// Makes a tracker without hosts. Throws std::invalid_argument for an option out of range.
  explicit HealthTracker(HealthOptions options = {});
  HealthTracker(const HealthTracker& other);                 ///< Copies all that is known.
  HealthTracker(HealthTracker&& other) noexcept;             ///< Takes all that is known.
  HealthTracker& operator=(const HealthTracker& other);      ///< Copies all that is known.
  HealthTracker& operator=(HealthTracker&& other) noexcept;  ///< Takes all that is known.
  ~HealthTracker();                                          ///< Saves nothing; see save().

  /// Adds a host (Result::host) to groups, whose names have a '/' before each part that is nested. A host that is known
  /// keeps its state, and is added to these groups too; but the first add() after load() replaces the groups that the
  /// file had, so that a program can add all hosts of its list anew each time, and a host can move. Empty parts of the
  /// name of a group count for nothing: "/room2//rack7" is "room2/rack7". Throws std::invalid_argument for a name that
  /// has no other parts, or more than 64.
  void add(std::string host, std::vector<std::string> groups = {});
  /// Forgets a host, as one that is out of service: it counts in no group any more. False when it is not known.
  bool remove(std::string_view host);
  /// Sets how many hosts of a group must be up. The group may have its hosts later. Throws std::invalid_argument for a
  /// share out of range, and for a name as add() does.
  void set_quorum(std::string group, Quorum quorum);

  /// When hosts change their state: the options of the constructor, of the file, or of the last set_options().
  [[nodiscard]] const HealthOptions& options() const noexcept;
  /// Changes them, as after load(), which restores those of the file. What is known stays: runs of rounds count by the
  /// new thresholds from the next round on, and a shorter window keeps the last rounds. Throws std::invalid_argument
  /// for an option out of range; then nothing has changed.
  void set_options(const HealthOptions& options);

  /// Takes the results of one round, with any number of results for each host. A host that is not known is added, to no
  /// group. Returns the changes, in the order of their rounds; see the class.
  std::vector<Transition> observe(std::span<const Result> round);

  /// The state of a host; unknown when it is not known.
  [[nodiscard]] State host(std::string_view name) const;
  /// The state of a group; unknown when it has no hosts.
  [[nodiscard]] State group(std::string_view name) const;
  /// How many hosts of the group are up.
  [[nodiscard]] std::size_t up(std::string_view group) const;
  /// How many hosts the group has.
  [[nodiscard]] std::size_t size(std::string_view group) const;
  /// True when the quorum of the group is up; false when it has no hosts.
  [[nodiscard]] bool quorum(std::string_view group) const;
  /// True when the loss of a host exceeds HealthOptions::max_loss with HealthOptions::confidence: the lower end of the
  /// interval of Wilson (Statistics::loss_interval()) does, for its last HealthOptions::loss_window good or bad rounds.
  [[nodiscard]] bool lossy(std::string_view host) const;
  /// The names of all hosts, in the order in which they were added.
  [[nodiscard]] std::vector<std::string> hosts() const;
  /// The names of all groups that have hosts or a quorum, sorted.
  [[nodiscard]] std::vector<std::string> groups() const;

  /// Writes all that is known, with the options, as text with a version: a program that runs once in a while has a
  /// memory. Names may have any bytes; the text is ASCII, and the same in every locale. The caller checks the stream.
  /// A program writes a new file and then gives it the name of the old one (rename(2)), so that the file is always
  /// whole.
  void save(std::ostream& out) const;
  /// Reads what save() wrote, to the end of the stream. Throws std::runtime_error, which names the line, when the text
  /// is damaged, cut short, followed by more, or of a version that is not known.
  [[nodiscard]] static HealthTracker load(std::istream& in);

 private:
  struct Data;
  explicit HealthTracker(std::unique_ptr<Data> data) noexcept;
  std::unique_ptr<Data> data_;
};

}  // namespace multiping
