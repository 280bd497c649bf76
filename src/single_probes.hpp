// Single probes, each with its own options and deadline: what Prober, series and traces are made of.
// Wires shapes, requests, a transport and the loop together; when to ask what is the business of whoever submits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/driver.hpp"
#include "engine/endpoint.hpp"
#include "engine/requests.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "net/transport.hpp"
#include "shapes.hpp"
#include "zones.hpp"

namespace multiping {

/// For one thread at a time.
class SingleProbes {
 public:
  using Token = engine::Requests::Token;
  using Done = engine::Requests::Done;

  /// Opens a transport (that of `options`, else open_transport()). `expected` answers may be on their way at once, for
  /// the size of the receive buffers. Throws std::invalid_argument for options out of range, PermissionError where
  /// nothing can be opened, std::system_error for what the system refused.
  /// What they are for: traces want to know of errors that end no wait, path MTUs of what a path carries now.
  enum class Purpose : std::uint8_t { usual, trace, mtu };
  SingleProbes(Options options, std::size_t expected, Purpose purpose = Purpose::usual);

  /// Makes ready for these probes and throws as MultiPing does where none of them can be sent. Before the first
  /// submit(): the endpoints' shapes are places in `shapes`.
  void prepare(std::span<const ProbeOptions> shapes, std::span<const engine::Endpoint> endpoints);
  /// Such a probe to that family can leave this host, as far as is known before it is tried.
  [[nodiscard]] bool can_send(Family family, const ProbeOptions& probe);

  /// One request. `probe` is in range of what check() takes, or this throws; what cannot be sent is done at once.
  struct Submission {
    const Address& address;
    const ProbeOptions& probe;
    Duration timeout{};  ///< Of each probe; not negative.
    int retry = 0;       ///< Probes behind the first; not negative.
  };
  [[nodiscard]] Token submit(const Submission& submission);
  /// Sends what was submitted, as far as it may leave now, and waits for nothing. Not after a stop.
  void push();
  /// Sends, and waits until something is done, nothing is in flight, `until` has come, or a stop is requested.
  void wait(net::Instant until);
  /// As wait(), but that nothing is in flight does not end it: for who knows when the next is to be submitted.
  void wait_for_done(net::Instant until);

  /// After a stop: takes in what has arrived, and all that is still in flight is done.
  void end_all();

  /// What is done since the last call, in the order in which it came about.
  [[nodiscard]] std::vector<Done> take_done() { return requests_.take_done(); }
  /// The same, to be looked at; drop_done() hands out the first `count` of them.
  [[nodiscard]] std::span<const Done> done() const noexcept { return requests_.done(); }
  void drop_done(std::size_t count) noexcept { requests_.drop_done(count); }
  /// Requests that were answered once more since the last wait began, as often as that was.
  [[nodiscard]] std::span<const Token> duplicates() noexcept { return requests_.duplicates(); }

  /// For traces: what is unreachable so far and still awaited, once for each error since the last wait began.
  [[nodiscard]] std::span<const Done> heard() noexcept { return requests_.heard(); }
  /// As ProbeTransport's.
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) { return transport_->is_own(address, protocol); }

  [[nodiscard]] net::Instant now() const { return transport_->now(); }
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return options_.stop; }
  [[nodiscard]] bool stopped() const noexcept { return options_.stop.stop_requested(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return requests_.in_flight(); }
  [[nodiscard]] Counters counters() const noexcept;

  /// For who waits elsewhere: when wait(now) would have something to do, beside what descriptor() tells; in the past
  /// where it has.
  [[nodiscard]] net::Instant next() const noexcept;
  [[nodiscard]] int descriptor() noexcept { return transport_->native_handle(); }

 private:
  net::ShapeNumber make_known(const Shapes::Numbered& numbered, const ProbeOptions& probe);
  void release_shapes() noexcept;
  void begin_wait() noexcept;

  Options options_;
  Shapes shapes_;
  engine::Requests requests_;
  std::unique_ptr<net::ProbeTransport> transport_;
  Zones zones_;
  engine::Driver driver_;
};

/// The outcome in the caller's terms; `result` has its host and its address already.
void copy_fate(const SingleProbes::Done& done, Result& result);

}  // namespace multiping
