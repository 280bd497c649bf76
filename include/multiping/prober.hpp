// Single probes at any time, for programs with an event loop of their own.
// It has the same engine as MultiPing: all that multi_ping.hpp says of probes, answers and results holds here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// What Prober::submit() sends, and how long it waits for an answer.
struct Submission {
  ProbeOptions probe{};                       ///< What each probe looks like.
  Timeout timeout = std::chrono::seconds{1};  ///< How long to wait for an answer after each probe. Not negative.
  int retry = 0;                              ///< The most probes after the first; 0 or more.
  /// Waits that grow, instead of `timeout`, which then has no meaning. None of its times is negative, and the factor is
  /// finite.
  std::optional<BackOff> back_off{};
  bool fail_fast = false;  ///< As Options::fail_fast, for this submission alone; that of the Prober holds for all.
  /// When the whole submission ends, whatever is then under way; none: when the last wait ends. No probe leaves at this
  /// time or later, and no answer that comes later counts. The outcome is then:
  /// - Outcome::no_reply where the wait for at least one probe has passed in full without an answer,
  /// - Outcome::unreachable or Outcome::ttl_expired where an ICMP error has come,
  /// - Outcome::send_failed where no probe has left because this host refused it, or because other probes had its
  /// ports,
  /// - else Outcome::pending, since the target may be alive: with attempt 0 where no probe has left, with attempt 1
  ///   where the wait for the first was cut short.
  std::optional<std::chrono::steady_clock::time_point> expires{};
};

/// Sends single probes at any time: submit(), wait on native_handle(), poll(). Any number of probes may be in flight,
/// each with its own options and timeout.
///
///     Prober prober;
///     const auto token = prober.submit(*Address::parse("192.0.2.1"), {.ttl = 3}, 500ms);
///     for (const auto& [done, result] : prober.poll(1s))
///       if (done == token) std::cout << result << '\n';
///
/// Memory use depends on the number of probes in flight, not on how many were ever sent or how their options differ.
/// When memory runs out, a call throws std::bad_alloc. A submit() or queue() that threw has no completion; after a
/// poll() that threw, the next poll() returns all completions, and none is lost. Only one thread at a time may use an
/// object; different objects never disturb each other. In a child made by fork(2), submit(), queue() and poll() throw
/// std::logic_error, and the destructor only closes the child's copies of the descriptors. An object that was moved
/// from may only be destroyed or assigned to.
///
/// The results of mtr-packet correspond to these:
///
/// | mtr-packet              | Result                                                                                |
/// |-------------------------|---------------------------------------------------------------------------------------|
/// | reply                   | Outcome::reply; Outcome::refused for a closed TCP, UDP or SCTP port                    |
/// | ttl-expired             | Outcome::ttl_expired, with Result::responder, Result::icmp and its MPLS labels         |
/// | no-route-host           | Outcome::unreachable, with Result::icmp; from this host Outcome::send_failed,          |
/// |                         | EHOSTUNREACH                                                                          |
/// | no-reply                | Outcome::no_reply                                                                     |
/// | no-route-network        | Outcome::send_failed, ENETUNREACH; from a router Outcome::unreachable                  |
/// | network-down, host-down | Outcome::send_failed, ENETDOWN or EHOSTDOWN                                            |
/// | permission-denied       | Outcome::send_failed, EPERM or EACCES; PermissionError where no probe can be sent      |
/// | address-in-use          | Outcome::send_failed, EADDRINUSE                                                      |
/// | address-not-available   | Outcome::send_failed, EADDRNOTAVAIL                                                   |
/// | probes-exhausted        | never: probes wait for room, and lose no time by it                                    |
/// | invalid-argument        | std::invalid_argument from submit(), or Outcome::send_failed with Errc::not_supported  |
class MULTIPING_EXPORT Prober {
 public:
  /// Opens a transport, and ICMP sockets of both families. It takes these members of `options`: transport, max_rate,
  /// fail_fast, any_source and stop. The others have no meaning for single probes: std::invalid_argument names one that
  /// differs from its default. Throws PermissionError where this process may not send any probe at all,
  /// std::invalid_argument for options out of range, and std::system_error for an error of the system (such as too many
  /// open files).
  explicit Prober(Options options = {});
  Prober(Prober&&) noexcept;  ///< Takes over the probes in flight.
  /// Takes over the probes in flight; this object's own are given up.
  Prober& operator=(Prober&&) noexcept;
  ~Prober();

  /// Identifies one submission. An object never uses a token twice.
  using Token = std::uint64_t;

  /// Sends one probe now (or as soon as max_rate allows), and up to Submission::retry more, one each time the wait for
  /// the last has passed without an answer. Returns the token of this submission.
  ///
  /// The wait for a probe begins when the probe leaves this host. A probe that waits for its turn loses none of
  /// it: because of max_rate, a full queue, or lack of room or ports for a connection. A TCP connection that makes room
  /// for others (see Outcome::pending) is made again later, as if it had not been sent.
  ///
  /// poll() returns the token once, with the result. The submission is complete at the first answer to any of its
  /// probes (Result::attempt says which), when the wait for the last one has passed, or at Submission::expires. It is
  /// complete at once where no answer can come: the probe cannot be sent, a ttl that was asked for has expired, or an
  /// unreachable error has come, with fail_fast or for a TCP connection, which such an error ends.
  ///
  /// No submission waits for ever: where this host refuses a probe with an error that passes (ENOBUFS, EAGAIN, ENOMEM,
  /// EMFILE), it is tried again for as long as all waits of the submission together, and once more where its turn did
  /// not come meanwhile. Then it is send_failed with that error; after an earlier probe it is as if that had been the
  /// last one. Room and ports become free when other submissions of this object complete.
  ///
  /// An answer that comes later is counted as late, and never counts for another probe.
  ///
  /// Throws std::invalid_argument, which names the member, for a value out of range, also where there is no address;
  /// and std::bad_alloc. Every other failure is the result of a completion.
  [[nodiscard]] Token submit(const Address& address, const Submission& submission);
  /// The same with a Submission of these members.
  [[nodiscard]] Token submit(const Address& address, const ProbeOptions& probe, Timeout timeout, int retry = 0);

  /// As submit(), except that the probe leaves with the next submit() or poll() of this object. Many probes that are
  /// queued one after the other leave by few system calls. native_handle() does not tell of them: call poll(0s) before
  /// you wait on it.
  [[nodiscard]] Token queue(const Address& address, const Submission& submission);

  /// Gives up a submission whose completion poll() has not returned: it will not come, in_flight() is one less, and
  /// what the submission holds (its turn, its connection, its ports) is given back at once. Answers to its probes that
  /// come later are counted as late; of a TCP connection nothing can come later, since it is closed.
  ///
  /// Returns false, and does nothing, when the token is unknown, its completion was returned, or it was cancelled
  /// before; and in a child made by fork(2). Works at any time between two calls, also after a stop.
  bool cancel(Token token) noexcept;

  /// The result of one submission.
  struct Completion {
    Token token = 0;  ///< What submit() returned.
    Result result{};  ///< Its host is the address as text.
  };
  /// Waits at most `wait` for the first completion, and returns all completions in the order in which they happened.
  /// It returns at once when nothing is in flight, or when a stop is requested. A negative time, such as
  /// `deadline - now()` past the deadline, counts as 0. Meanwhile it sends the probes that wait for their turn.
  ///
  /// With Options::report_duplicates, further answers are completions too, which come after that of their token; they
  /// are not in flight.
  ///
  /// After a stop no probe is sent, and every submission in flight completes at once: with its answer where that has
  /// arrived, with the ICMP error where one is known, else as pending.
  [[nodiscard]] std::vector<Completion> poll(Timeout wait);

  [[nodiscard]] std::size_t in_flight() const noexcept;  ///< Submissions that poll() has not returned yet.
  [[nodiscard]] Counters counters() const noexcept;      ///< Counts since the object was made.
  /// Returns a descriptor for poll(2), epoll(7) or select(2), which is readable when poll(0s) has something to do;
  /// deadlines and a stop count too. The object owns it; -1 when it cannot be made.
  [[nodiscard]] int native_handle() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping
