// Pings a batch of targets: sends to all, collects the answers, and sends again to the silent ones.
// MultiPing does it step by step, multi_ping() in one call, and ping() for one host.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// A batch of targets: send to all, receive answers, send again to the silent ones.
///
/// When memory runs out, a call throws std::bad_alloc; the object stays usable and loses no answer, and the call can be
/// made again. Only one thread at a time may use an object. Different objects, in any threads and processes, never
/// disturb each other. In a child made by fork(2), send(), receive(), reset() and resolve() throw std::logic_error, and
/// the destructor only closes the child's copies of the descriptors. An object that was moved from may only be
/// destroyed or assigned to.
class MULTIPING_EXPORT MultiPing {
 public:
  /// Resolves every name (in parallel) and opens a transport.
  ///
  /// Throws:
  /// - ResolveError, which lists every name that failed, unless options.ignore_lookup_errors is set;
  /// - PermissionError where a target needs ICMP, SCTP or half_open and this process may not use it (UDP and TCP need
  ///   no permission);
  /// - std::invalid_argument for options out of range; its text names the option, its value and its range;
  /// - std::system_error for options that cannot be honoured for any of the targets (its text names one of them), and
  ///   for any other error of the system (such as too many open files).
  explicit MultiPing(TargetList targets, Options options = {});
  MultiPing(MultiPing&&) noexcept;  ///< Takes over the targets and their results.
  /// Takes over the targets and their results; this object's own are given up.
  MultiPing& operator=(MultiPing&&) noexcept;
  ~MultiPing();

  /// Sends one probe to each distinct address (with its probe options) that has not answered. Meanwhile it takes in the
  /// answers that come, so that none is lost to a full buffer. Probes leave in the order of the targets, within each
  /// family and within each thread's part of a large batch.
  ///
  /// A failure of one probe, on the network or on this host, is its result and never an exception. Where a queue of
  /// this host is full, this call waits until it has room, at most 4 s without any progress. After that the probe is
  /// send_failed, with ENOBUFS (a device) or EAGAIN (the socket). Progress may be slow: a probe to a neighbour that
  /// does not exist is held for 3 s, arp(7), and a socket and the kernel's neighbour table hold only some hundreds of
  /// these at a time. As many TCP connections are under way at a time as this process may have descriptors and the host
  /// has ports; connections that are silent for a second make room for others. Throws std::logic_error in a forked
  /// child.
  void send();

  /// Waits for answers until no probe is awaited any more, or until `timeout` has passed, and returns them. With 0s, or
  /// a negative time such as `deadline - now()` past the deadline, it takes the answers that are there and does not
  /// wait.
  ///
  /// A target is not awaited any more when it has answered, or when no answer can come: it is unresolved or was not
  /// sent, fail_fast or an expired ttl that was asked for has ended its wait, or an ICMP error has ended its TCP
  /// connection.
  ///
  /// `responses` of the returned Batch holds the targets that answered since the last receive(), answers during send()
  /// included, to any of the probes sent. `no_responses` holds all targets that have not answered yet.
  /// Throws std::logic_error before the first send() and in a forked child.
  Batch receive(Timeout timeout);

  /// As receive(), but makes no Batch, which would be a copy of the results: see results(). Answers that have come
  /// meanwhile are new for the next receive().
  void wait(Timeout timeout);

  /// Returns the result of every target, in the caller's order. The results live as long as the object. send(),
  /// receive(), wait(), reset() and resolve() rewrite them. Where a stop has ended send(), the next call of one of
  /// these, of results() or of unanswered() may rewrite them too.
  [[nodiscard]] std::span<const Result> results() const& noexcept;
  std::span<const Result> results() const&& = delete;
  [[nodiscard]] std::size_t unanswered() const noexcept;  ///< Positions without an answer, unresolved ones included.
  [[nodiscard]] std::size_t awaited() const noexcept;     ///< Positions of these whose probe may still be answered.
  [[nodiscard]] Counters counters() const noexcept;       ///< Counts since the object was made; reset() keeps them.
  /// Forgets every answer: the next send() probes all targets again, and a receive() before it finds all pending.
  ///
  /// Unresolved names are looked up again, within the limits of Options::resolve, and so is the interface of each zone.
  /// Names that have an address are not looked up again; resolve() does that. Throws std::logic_error in a forked
  /// child, and what the constructor throws where the names that were found cannot be probed here; the object is then
  /// unchanged.
  void reset();
  /// Returns a descriptor for poll(2) or epoll(7), which is readable when receive(0s) has something to do. The object
  /// owns it and makes it at the first call; -1 when there is nothing to probe or the process has no descriptor left.
  [[nodiscard]] int native_handle() const noexcept;
  /// Looks up every name again, within the limits of Options::resolve, and every zone (the name of an interface). It is
  /// for a program that runs while addresses change. Returns when the lookups have ended.
  ///
  /// A target whose address has changed becomes pending and unsent. Everything known about its old address is
  /// forgotten, and late answers from there do not count. Where the new address is already a target of this object, the
  /// position shares the result of that target. A name that has no address any more is unresolved. All other targets
  /// keep their results. A name whose lookup failed (Errc::lookup_failed, Errc::lookup_timeout) keeps its result and
  /// its address. The next send() sends the probes.
  ///
  /// Throws as the constructor does: ResolveError with every name that failed, unless options.ignore_lookup_errors is
  /// set; PermissionError and std::system_error where the new addresses cannot be probed. The object is then unchanged.
  /// Throws std::logic_error in a forked child.
  void resolve();

 private:
  friend MULTIPING_EXPORT Batch multi_ping(TargetList targets, Timeout timeout, int retry, const Options& options);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Sends one probe to each target, waits timeout / (retry + 1), sends again to the silent ones, and so on, `retry`
/// times. It takes `timeout` in all, and returns earlier, as soon as no probe is awaited any more: all targets have
/// answered, or will not.
///
/// Names are looked up first, within the limits of Options::resolve, and that time is not part of `timeout`. With
/// Options::ignore_lookup_errors names are looked up during the probing instead, and `timeout` counts from the call.
/// Then addresses are probed at once, and each name as soon as its address is known. A name whose address is not known
/// at the end is unresolved, with Errc::lookup_timeout. Each retry looks up again the names that are unresolved: while
/// there are such names, a call with retries does not end before `timeout`. It does not wait for text that cannot be a
/// name.
///
/// An answer to any of the probes counts until the end. A target that was not sent to by then is pending with attempt 0
/// where max_rate delayed it, or where it waited for other probes of the caller (in a full send buffer, for example).
/// It is send_failed where this host refused it for any other lack of room. Where descriptors are short, TCP
/// connections that are not answered within a second make room for others. They are made again, and last longer, while
/// there is time; a target whose connections lasted too short a time is pending.
///
/// Throws as MultiPing does, and std::invalid_argument for a timeout / (retry + 1) under 1 ms or a negative retry.
[[nodiscard]] MULTIPING_EXPORT Batch multi_ping(TargetList targets, Timeout timeout, int retry = 0,
                                                const Options& options = {});

/// The same, and calls `on_result` once for each position of the list, as soon as what became of it is known: for a bar
/// that shows progress, or to act on the first answers.
///
/// An answer is told when it is taken in. All other results are told at the end, in the caller's order, since until
/// then a later answer counts. `on_result` runs on the caller's thread, which meanwhile takes in no answers. When it
/// returns false, the call ends within 10 ms, tells no more, and returns what is known by then: the other targets are
/// pending, or as the last ICMP error says. Nothing is told after a stop either. The call takes one thread. An
/// exception from `on_result` ends the call and reaches the caller. An empty function is as none.
///
///     multi_ping(hosts, 2s, 3, {}, [](const Result& r) { return std::cout << r << '\n', true; });
MULTIPING_EXPORT Batch multi_ping(TargetList targets, Timeout timeout, int retry, const Options& options,
                                  const std::function<bool(const Result&)>& on_result);

/// The same with waits that grow: sends one probe to each target, waits `waits.first`, sends again to the silent ones,
/// waits `waits.factor` times as long, and so on, `retry` times. It takes the sum of the `retry` + 1 waits in all, as
/// fping(8) -B does, and returns earlier, as soon as no probe is awaited any more.
///
/// Throws as MultiPing does, and std::invalid_argument for a first wait under 1 ms, a factor that is under 1 or not
/// finite, a negative `most` or retry.
[[nodiscard]] MULTIPING_EXPORT Batch multi_ping(TargetList targets, const BackOff& waits, int retry,
                                                const Options& options = {});

/// Sends one probe to one host and returns its result, whatever the outcome. Throws as MultiPing does.
///
/// The process keeps the memory of the last call, some 30 KiB. The next call with equal options, in any thread, then
/// allocates nothing but a long host name in its result. No socket is kept; see Options::transport.
[[nodiscard]] MULTIPING_EXPORT Result ping(const Target& target, Timeout timeout = std::chrono::seconds{1},
                                           const Options& options = {});

}  // namespace multiping
