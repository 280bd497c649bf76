// A Prober at work: single probes, and one descriptor that tells of everything that poll() has to do.
// Connects SingleProbes with a timer and the sockets, for programs with an event loop of their own.
#pragma once

#include <vector>

#include "base/fork_guard.hpp"
#include "base/monotonic_time.hpp"
#include "batch/native_handle_descriptor.hpp"
#include "batch/single_probes.hpp"
#include "multiping/options.hpp"
#include "multiping/prober.hpp"

namespace multiping {

/// For one thread at a time, and only in the process that made the object.
class ProberRun {
 public:
  explicit ProberRun(Options options);

  /// The submission is in range.
  Prober::Token submit(const Address& address, const Submission& submission);
  /// The same; the probe leaves with the next submit() or poll().
  Prober::Token queue(const Address& address, const Submission& submission);
  bool cancel(Prober::Token token) noexcept;
  std::vector<Prober::Completion> poll(Duration wait);
  [[nodiscard]] const SingleProbes& probes() const noexcept { return probes_; }
  [[nodiscard]] int native_handle() noexcept;

 private:
  Prober::Token take(const Address& address, const Submission& submission);
  void set_alarm() noexcept;

  SingleProbes probes_;
  NativeHandleDescriptor descriptor_;  ///< Made by native_handle().
  bool queued_ = false;                ///< Probes wait for the next call.
  ForkGuard owner_{"a Prober"};
};

}  // namespace multiping
