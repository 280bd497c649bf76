// The batch: send to many hosts, look who answered, send again to the silent.
// MultiPing is the object, multi_ping() the whole thing in one call, ping() one host.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// A batch of targets: send, look, send again to those still silent.
///
/// Where memory runs out, a call throws std::bad_alloc; the object stays usable and loses no answer, and the call can
/// be made again. One object is for one thread at a time; different objects, in whatever threads and processes, never
/// disturb each other. In a child made by fork(2), send(), receive(), reset() and resolve() throw std::logic_error, and
/// destroying it only closes its copies of the descriptors. An object that was moved from may only be destroyed or
/// assigned to.
class MULTIPING_EXPORT MultiPing {
 public:
  /// Resolves every name (in parallel) and opens a transport.
  ///
  /// Throws ResolveError, naming every name that failed, unless options.ignore_lookup_errors; PermissionError where a
  /// target needs ICMP, SCTP or half_open and this process may not (UDP and TCP need no permission);
  /// std::invalid_argument for options out of range, naming the option, its value and its range; std::system_error for
  /// options that cannot be honoured for any of the targets, naming one, and for what the system refused otherwise (too
  /// many open files, say).
  explicit MultiPing(TargetList targets, Options options = {});
  MultiPing(MultiPing&&) noexcept;  ///< Takes over the targets and what became of them.
  /// Takes over the targets and what became of them; this object's own are given up.
  MultiPing& operator=(MultiPing&&) noexcept;
  ~MultiPing();

  /// Sends one probe to each distinct address (and probe options) that has not answered, in order (within each family,
  /// and within each thread's part of a large batch), and takes in the answers that come meanwhile, so that none is
  /// lost to a full buffer.
  ///
  /// What the network or this host does to one probe is its result, never an exception. A full queue of this host is
  /// waited for, at most 4 s without any progress; then the probe is send_failed, with ENOBUFS (a device) or EAGAIN
  /// (the socket). Progress may be slow: neighbours that do not exist hold their probes for 3 s, arp(7), and of these a
  /// socket and the kernel's table of neighbours take some hundreds at a time. TCP connections are made as many at a
  /// time as this process may have descriptors and the host has ports; those that are silent for a second make room for
  /// others. Throws std::logic_error in a forked child.
  void send();

  /// Waits until no probe is awaited any more (each has answered, or will not: unresolved, not sent, ended by fail_fast
  /// or by an expired ttl that was asked for, or a TCP connection that an ICMP error has ended), or until `timeout` has
  /// passed; 0s takes what is there, and so does a negative time, such as `deadline - now()` past the deadline.
  ///
  /// responses: those newly answered since the last receive(), answers that came during send() included, whichever
  /// send() they answer. no_responses: all that have not answered yet.
  /// Throws std::logic_error before the first send() and in a forked child.
  Batch receive(Timeout timeout);

  /// Every target, in the caller's order. Rewritten by send(), receive(), reset() and resolve(), but where a stop has
  /// ended send() by the next call of any of these; gone with the object.
  [[nodiscard]] std::span<const Result> results() const& noexcept;
  std::span<const Result> results() const&& = delete;
  [[nodiscard]] std::size_t unanswered() const noexcept;  ///< Positions without an answer, unresolved ones included.
  [[nodiscard]] std::size_t awaited() const noexcept;     ///< Of those, the ones whose probe may still be answered.
  [[nodiscard]] Counters counters() const noexcept;       ///< Since the object was made; reset() leaves them.
  /// Forgets every answer: the next send() probes all again, and a receive() before it finds all pending. What is
  /// unresolved is looked up again, within Options::resolve, and so is the interface of each zone; names that have an
  /// address are left to resolve(). Throws std::logic_error in a forked child, and what the constructor throws where
  /// the names that were found cannot be probed here; the object is then as it was.
  void reset();
  /// A descriptor for poll(2) or epoll(7), owned by the object: readable when receive(0s) has something to do. Made
  /// when first asked for; -1 when there is nothing to probe or the process has no descriptor left.
  [[nodiscard]] int native_handle() const noexcept;
  /// Looks every name up again, within Options::resolve, and every zone (the name of an interface), for a program that
  /// runs while addresses change. Returns when the lookups have ended.
  ///
  /// A target whose address has changed is pending and unsent from then on, and what was known of it at its old address
  /// is forgotten, late answers included; where its new address is already a target of this object, it shares that
  /// one's fate. A name that has no address any more is unresolved. All others keep their fates, and so does a name
  /// whose lookup failed (Errc::lookup_failed, Errc::lookup_timeout), with the address that it had. Probes are sent by
  /// the next send().
  /// Throws as the constructor does: ResolveError for every name that failed unless options.ignore_lookup_errors,
  /// PermissionError and std::system_error where the new addresses cannot be probed; the object is then as it was.
  /// Throws std::logic_error in a forked child.
  void resolve();

 private:
  friend MULTIPING_EXPORT Batch multi_ping(TargetList targets, Timeout timeout, int retry, const Options& options);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Sends, waits timeout / (retry + 1), sends again to the silent ones, and so on, within `timeout` in all; returns as
/// soon as no probe is awaited any more, which is when all have answered or will not.
///
/// Names are looked up first, within Options::resolve, and that time is not part of `timeout`. With
/// Options::ignore_lookup_errors they are looked up beside the probing instead, and `timeout` counts from the call:
/// addresses are probed at once, each name is when its address is known, and what is not known by the end is
/// unresolved, with Errc::lookup_timeout. Each retry looks up again what is unresolved then: with retries the call does
/// not end before `timeout` while there are such names. Text that can be no name is not waited for.
///
/// An answer to any of the probes counts until the end. What was not sent by then is pending with attempt 0 where it
/// was paced or had to wait for the caller's own probes (in a full send buffer, say), and send_failed where this host
/// has refused it for another want of room. Short of descriptors, TCP connections that are not answered within a second
/// make way for others, and are made again, to last longer, while there is time; what had too little of it is pending.
/// Throws as MultiPing does; a timeout / (retry + 1) under 1 ms or a negative retry is std::invalid_argument.
[[nodiscard]] MULTIPING_EXPORT Batch multi_ping(TargetList targets, Timeout timeout, int retry = 0,
                                                const Options& options = {});

/// One host, one probe; its result, whatever it is. Throws as MultiPing does.
[[nodiscard]] MULTIPING_EXPORT Result ping(const Target& target, Timeout timeout = std::chrono::seconds{1},
                                           const Options& options = {});

}  // namespace multiping
