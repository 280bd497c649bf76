// Single probes as they come, for programs with a loop of their own.
// The same engine as MultiPing: what is said there of probes, answers and results holds here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// Single probes as they come: submit, wait on native_handle(), poll. Any number in flight, each with its own options
/// and deadline.
///
///     Prober prober;
///     const auto token = prober.submit(*Address::parse("192.0.2.1"), {.ttl = 3}, 500ms);
///     for (const auto& [done, result] : prober.poll(1s))
///       if (done == token) std::cout << result << '\n';
///
/// Memory follows the number of probes in flight, however many there are in the course of time, and however their
/// options differ. Where it runs out, a call throws std::bad_alloc: a submit() that threw never completes, and a poll()
/// that threw loses nothing, which the next one hands out. One object is for one thread at a time; different objects
/// never disturb each other. In a child made by fork(2), submit() and poll() throw std::logic_error, and destroying it
/// only closes its copies of the descriptors. An object that was moved from may only be destroyed or assigned to.
///
/// What the results of mtr-packet are called here:
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
/// | permission-denied       | Outcome::send_failed, EPERM or EACCES; PermissionError where nothing can be sent       |
/// | address-in-use          | Outcome::send_failed, EADDRINUSE                                                      |
/// | address-not-available   | Outcome::send_failed, EADDRNOTAVAIL                                                   |
/// | probes-exhausted        | never: probes wait for room; what found none by its deadline is Outcome::pending       |
/// | invalid-argument        | std::invalid_argument from submit(), or Outcome::send_failed with Errc::not_supported  |
class MULTIPING_EXPORT Prober {
 public:
  /// Opens a transport, and ICMP sockets of both families. Of `options` it takes transport, max_rate, fail_fast and
  /// stop. Throws PermissionError where this process may not send anything at all, std::invalid_argument for options
  /// out of range, std::system_error for what the system refused (too many open files, say).
  explicit Prober(Options options = {});
  Prober(Prober&&) noexcept;  ///< Takes over the probes in flight.
  /// Takes over the probes in flight; this object's own are given up.
  Prober& operator=(Prober&&) noexcept;
  ~Prober();

  /// Names one submitted probe. Never comes again in an object.
  using Token = std::uint64_t;

  /// Sends one probe now (or as soon as pacing allows), and up to `retry` more, one each time `timeout` passes without
  /// an answer. Its token comes back, once, with its result: with the first answer to any of them (Result::attempt says
  /// which), or when `timeout` has passed after the last, `timeout` times `retry` + 1 after this call. It comes at
  /// once where there is nothing to wait for: the probe cannot be sent, a ttl that was asked for has expired, an
  /// unreachable error with fail_fast, or with TCP, where such an error ends the connection.
  ///
  /// What comes later than that is counted as late, and never taken for the answer to another probe. What could not be
  /// sent in time, for pacing or want of room, is pending with attempt 0; a TCP connection whose ports another probe of
  /// this object had all the time is send_failed with EADDRINUSE: see ProbeOptions::flow. Throws std::invalid_argument
  /// for options out of range, a negative timeout or retry, or no address, and std::bad_alloc; all else is a
  /// completion.
  [[nodiscard]] Token submit(const Address& address, const ProbeOptions& probe, Timeout timeout, int retry = 0);

  /// What became of a submission.
  struct Completion {
    Token token = 0;  ///< What submit() returned.
    Result result{};  ///< Its host is the address as text.
  };
  /// Waits at most `wait` for the first completion and returns all there are, in the order in which they came about;
  /// at once when nothing is in flight, or when a stop is requested. A negative time, such as `deadline - now()` past
  /// the deadline, counts as 0. Probes that wait for their turn are sent meanwhile. After a stop none is sent, and what
  /// is in flight completes at once: with its answer where that has come in, with the ICMP error that is known of it,
  /// else as pending.
  [[nodiscard]] std::vector<Completion> poll(Timeout wait);

  [[nodiscard]] std::size_t in_flight() const noexcept;  ///< Submitted, and not yet handed out by poll().
  [[nodiscard]] Counters counters() const noexcept;      ///< Since the object was made.
  /// For poll(2), epoll(7) or select(2): readable when poll(0s) has something to do, deadlines included. The object's
  /// own; -1 when it cannot be made.
  [[nodiscard]] int native_handle() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping
