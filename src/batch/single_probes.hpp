// Single probes, each with its own options and deadline, for Prober, series and traces.
// Connects profiles, requests, a transport and the loop. The caller decides which probe is submitted when.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/back_off_waits.hpp"
#include "batch/ipv6_zones.hpp"
#include "batch/profile_numbering.hpp"
#include "batch/silence_causes.hpp"
#include "engine/probe_loop.hpp"
#include "engine/single_probe_schedule.hpp"
#include "engine/target_key.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "net/probe_transport.hpp"

namespace multiping {

/// For one thread at a time.
class SingleProbes {
 public:
  using Token = engine::SingleProbeSchedule::Token;
  using Done = engine::SingleProbeSchedule::Done;

  /// The purpose of the probes. trace: heard() reports errors that do not end the wait for a probe. mtu: the probes
  /// measure the MTU that a path has now.
  enum class Purpose : std::uint8_t { usual, trace, mtu };
  /// Takes the transport of `options`, or opens one if that is null. `expected` answers may arrive at once; it sets the
  /// size of the receive buffers. Throws std::invalid_argument for options out of range, PermissionError when no
  /// transport can be opened, and std::system_error when the system refuses something.
  SingleProbes(Options options, std::size_t expected, Purpose purpose = Purpose::usual);

  /// Makes the transport ready for these probes. Throws as MultiPing does when none of them can be sent. Call it before
  /// the first submit(). The profile of each destination is an index in `profiles`.
  void prepare(std::span<const ProbeOptions> profiles, std::span<const engine::TargetKey> destinations);
  /// True when this host can send the probe to that family, as far as is known before it is sent.
  [[nodiscard]] bool can_send(Family family, const ProbeOptions& probe);

  /// One request. submit() throws std::invalid_argument when `probe` has a value out of range. A request that cannot be
  /// sent is done at once.
  struct Submission {
    const Address& address;
    const ProbeOptions& probe;
    BackOffWaits waits{};               ///< From the sending of each probe.
    int retry = 0;                      ///< Further probes after the first; not negative.
    bool fail_fast = false;             ///< An unreachable error ends this request.
    Instant leave_by = Instant::max();  ///< Pending, if the first probe has not left by then.
    Instant expires = Instant::max();   ///< The end of the request, whatever is under way.
  };
  [[nodiscard]] Token submit(const Submission& submission);
  /// As SingleProbeSchedule's.
  [[nodiscard]] std::size_t may_submit() noexcept { return requests_.may_submit(now()); }
  [[nodiscard]] Instant may_submit_at() const noexcept { return requests_.may_submit_at(); }
  /// Ends a request that is not handed out yet, without an outcome, and gives back what it holds. False: there is none.
  bool cancel(Token token) noexcept;
  /// Sends the submitted probes that may be sent now. Does not wait. Sends nothing after a stop.
  void push();
  /// Sends, and waits until a request is done, nothing is in flight, `until` has come, or a stop is requested.
  void wait(Instant until);
  /// As wait(), but goes on when nothing is in flight: for a caller that knows when it submits the next probe.
  void wait_for_done(Instant until);

  /// After a stop: receives what has arrived, and ends every request that is still in flight.
  void end_all();

  /// The requests that were done since the last call, in the order in which they ended.
  [[nodiscard]] std::vector<Done> take_done() { return requests_.take_done(); }
  /// The same without taking them; drop_done() removes the first `count`.
  [[nodiscard]] std::span<const Done> done() const noexcept { return requests_.done(); }
  void drop_done(std::size_t count) noexcept {
    requests_.drop_done(count);
    if (requests_.in_flight() == 0) causes_.pause();
  }
  /// Requests that were answered again since the last wait began; a request comes once for each further answer.
  [[nodiscard]] std::span<const Token> duplicates() noexcept { return requests_.duplicates(); }

  /// With Options::report_duplicates: these further answers. The reader clears the list.
  [[nodiscard]] std::vector<Done>& repeated() noexcept { return requests_.repeated(); }

  /// For traces: requests that are unreachable so far and still awaited, once for each error since the last wait began.
  [[nodiscard]] std::span<const Done> heard() noexcept { return requests_.heard(); }
  /// As ProbeTransport's.
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) { return transport_->is_own(address, protocol); }

  /// Writes the cause to `result`, to which the fate of the request was copied, when it is silent. Call it for answered
  /// requests too: they prove that their gateways are alive.
  void explain(const Done& done, Result& result) noexcept;
  /// The same for a probe that is known to the caller.
  void explain(const ProbeOptions& probe, Duration asked, Result& result) noexcept;

  [[nodiscard]] Instant now() const { return transport_->now(); }
  /// As ProbeTransport's.
  [[nodiscard]] Duration wall_offset() const { return transport_->wall_offset(); }
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return options_.stop; }
  [[nodiscard]] bool stopped() const noexcept { return options_.stop.stop_requested(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return requests_.in_flight(); }
  [[nodiscard]] Counters counters() const noexcept;

  /// For tests: as SingleProbeSchedule's.
  void check_invariants() const { requests_.check_invariants(); }

  /// For a caller with its own event loop: the time at which wait(now) has something to do, apart from what
  /// descriptor() reports; in the past when it has something to do now.
  [[nodiscard]] Instant next() const noexcept;
  [[nodiscard]] int descriptor() noexcept { return transport_->native_handle(); }

 private:
  net::ProfileNumber make_known(const Profiles::Numbered& numbered, const ProbeOptions& probe);
  void release_profiles() noexcept;
  void begin_wait() noexcept;
  void run(engine::Goal goal, Instant until);
  [[nodiscard]] Instant next_look() const noexcept;
  [[nodiscard]] Instant next_break() const noexcept;
  void look_ahead() noexcept;
  void note_answer(const Done& done) noexcept;
  [[nodiscard]] std::vector<SilenceCauses::Answer> recent_answers() const;

  Options options_;
  Profiles profiles_;
  engine::SingleProbeSchedule requests_;
  std::unique_ptr<net::ProbeTransport> transport_;
  Ipv6Zones zones_;
  engine::ProbeLoop loop_;
  SilenceCauses causes_{};
  /// A few of the last answers to probes that leave by the usual routes.
  struct Heard {
    Address from{};
    Instant at{};
  };
  std::array<Heard, 32> heard_{};
  std::size_t next_heard_ = 0;  ///< The place in heard_ of the next one.
  bool explains_;               ///< explain() is called for silent requests.
  std::optional<Instant> last_look_{};
};

/// Writes the fate of a request to `result`, and what was asked, but neither host nor address nor position.
void copy_outcome(const SingleProbes::Done& done, Duration wall_offset, Result& result);

}  // namespace multiping
