// Connects SingleProbes with a descriptor and an alarm, for programs with their own event loop.
// See multiping/prober.hpp.
#include "multiping/prober.hpp"

#include <unistd.h>

#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "linux/alarm.hpp"
#include "linux/joined_descriptor.hpp"
#include "option_checks.hpp"
#include "single_probes.hpp"

namespace multiping {
namespace {

using net::Instant;

/// How many answers may arrive at once; it sets the size of the receive buffers.
constexpr std::size_t expected_in_flight = 10'000;

void check_submission(const Address& address, int retry) {
  if (!address) throw std::invalid_argument("the address to probe is none");
  if (retry < 0) throw std::invalid_argument("retry is " + std::to_string(retry) + "; it must be 0 or more");
}

Prober::Completion completion(const SingleProbes::Done& done) {
  Prober::Completion completion{.token = done.token};
  completion.result.host = done.record.address.to_string();
  completion.result.address = done.record.address;
  copy_fate(done, completion.result);
  return completion;
}

}  // namespace

class [[gnu::visibility("hidden")]] Prober::Impl {
 public:
  explicit Impl(Options options) : probes_{std::move(options), expected_in_flight} {}

  Token submit(const SingleProbes::Submission& submission);
  std::vector<Completion> poll(Duration wait);
  [[nodiscard]] const SingleProbes& probes() const noexcept { return probes_; }
  [[nodiscard]] int native_handle() noexcept;

 private:
  /// Sets the alarm at once when a stop is requested, in any thread: poll() then has something to do.
  struct Ring {
    os::Alarm& alarm;
    void operator()() const noexcept { alarm.set(Instant::min()); }
  };

  void check_owner() const;
  void set_alarm() noexcept;

  SingleProbes probes_;
  os::JoinedDescriptor joined_;  ///< Made by native_handle().
  os::Alarm alarm_;
  Instant alarm_at_ = Instant::max();
  std::optional<std::stop_callback<Ring>> on_stop_;  ///< Made by native_handle().
  ::pid_t owner_ = ::getpid();
};

void Prober::Impl::check_owner() const {
  if (::getpid() != owner_) throw std::logic_error("a Prober cannot be used in a forked child; make a new one there");
}

/// Joins the sockets and an alarm. The alarm tells of deadlines, of probes that wait for their turn, and of completions
/// that submit() found.
int Prober::Impl::native_handle() noexcept {
  if (joined_.value() >= 0) return joined_.value();
  joined_.add(probes_.descriptor());
  joined_.add(alarm_.open());
  alarm_at_ = Instant::max();
  set_alarm();
  if (joined_.value() >= 0) on_stop_.emplace(probes_.stop_token(), Ring{alarm_});
  return joined_.value();
}

/// Sets the alarm again when a stop came from another thread meanwhile, since that thread sets the alarm too.
void Prober::Impl::set_alarm() noexcept {
  for (bool stopped = !probes_.stopped(); stopped != probes_.stopped();) {
    stopped = probes_.stopped();
    const Instant next = probes_.next();
    if (next == alarm_at_ && !stopped) continue;
    alarm_at_ = next;
    alarm_.set(next);
  }
}

Prober::Token Prober::Impl::submit(const SingleProbes::Submission& submission) {
  check_owner();
  const Token token = probes_.submit(submission);
  try {
    probes_.push();
  } catch (const std::bad_alloc&) {
    // The probe is submitted; the next poll() sends it.
  }
  set_alarm();
  return token;
}

std::vector<Prober::Completion> Prober::Impl::poll(Duration wait) {
  check_owner();
  probes_.wait(net::after(probes_.now(), wait));
  probes_.push();
  if (probes_.stopped()) probes_.end_all();
  std::vector<Completion> completions;
  completions.reserve(probes_.done().size());
  for (const SingleProbes::Done& done : probes_.done()) completions.push_back(completion(done));
  probes_.drop_done(completions.size());
  set_alarm();
  return completions;
}

Prober::Prober(Options options) : impl_{std::make_unique<Impl>(std::move(options))} {}
Prober::Prober(Prober&&) noexcept = default;
Prober& Prober::operator=(Prober&&) noexcept = default;
Prober::~Prober() = default;

Prober::Token Prober::submit(const Address& address, const ProbeOptions& probe, Timeout timeout, int retry) {
  check_submission(address, retry);
  return impl_->submit(
      {.address = address, .probe = probe, .timeout = checked_timeout(timeout, "timeout"), .retry = retry});
}

std::vector<Prober::Completion> Prober::poll(Timeout wait) { return impl_->poll(time_left(wait)); }
std::size_t Prober::in_flight() const noexcept { return impl_->probes().in_flight(); }
Counters Prober::counters() const noexcept { return impl_->probes().counters(); }
int Prober::native_handle() const noexcept { return impl_->native_handle(); }

}  // namespace multiping
