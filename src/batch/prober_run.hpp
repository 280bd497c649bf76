// A Prober at work: single probes, and one descriptor that tells of everything that poll() has to do.
// Connects SingleProbes with a timer and the sockets, for programs with an event loop of their own.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "base/fork_guard.hpp"
#include "base/monotonic_time.hpp"
#include "batch/single_probes.hpp"
#include "multiping/options.hpp"
#include "multiping/prober.hpp"
#include "os/epoll_descriptor.hpp"
#include "os/timer_descriptor.hpp"

namespace multiping {

/// For one thread at a time, and only in the process that made the object.
class ProberRun {
 public:
  explicit ProberRun(Options options);

  /// The submission is in range.
  Prober::Token submit(const Address& address, const Submission& submission);
  bool cancel(Prober::Token token) noexcept;
  std::vector<Prober::Completion> poll(Duration wait);
  [[nodiscard]] const SingleProbes& probes() const noexcept { return probes_; }
  [[nodiscard]] int native_handle() noexcept;

 private:
  /// Sets the alarm at once when a stop is requested, in any thread: poll() then has something to do.
  struct Ring {
    os::TimerDescriptor& alarm;
    void operator()() const noexcept { alarm.set(Instant::min()); }
  };

  void set_alarm() noexcept;

  SingleProbes probes_;
  os::EpollDescriptor joined_;  ///< Made by native_handle().
  os::TimerDescriptor alarm_;
  Instant alarm_at_ = Instant::max();
  std::optional<std::stop_callback<Ring>> on_stop_;  ///< Made by native_handle().
  ForkGuard owner_{"a Prober"};
};

}  // namespace multiping
