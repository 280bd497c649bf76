// Single probes for programs with a loop of their own.
// See multiping/prober.hpp; what happens is decided in engine/, here the parts are wired.
#include "multiping/prober.hpp"

#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "destination.hpp"
#include "engine/driver.hpp"
#include "engine/requests.hpp"
#include "fate_result.hpp"
#include "linux/alarm.hpp"
#include "linux/joined_descriptor.hpp"
#include "multiping/error.hpp"
#include "net/transport.hpp"
#include "option_checks.hpp"
#include "shapes.hpp"

namespace multiping {
namespace {

using engine::Goal;
using engine::Requests;
using net::Instant;

/// How many answers may be on their way at once, for the size of the receive buffers.
constexpr std::size_t expected_in_flight = 10'000;

/// With its transport opened.
Options checked(Options options) {
  check(options);
  if (!options.transport) options.transport = open_transport();
  return options;
}

void check_submission(const Address& address, int retry) {
  if (!address) throw std::invalid_argument("the address to probe is none");
  if (retry < 0) throw std::invalid_argument("retry is " + std::to_string(retry) + "; it must be 0 or more");
}

/// Why such a probe cannot be made; out of range is std::invalid_argument.
std::error_code unsupported(const ProbeOptions& probe) {
  try {
    check(probe);
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

Prober::Completion completion(const Requests::Done& done) {
  Prober::Completion completion{.token = done.token};
  completion.result.host = done.record.address.to_string();
  completion.result.address = done.record.address;
  copy_fate(done.record, &done.detail, completion.result);
  return completion;
}

}  // namespace

class Prober::Impl {
 public:
  explicit Impl(Options options);

  Token submit(const Address& address, const ProbeOptions& probe, Duration timeout, int retry);
  std::vector<Completion> poll(Duration wait);
  [[nodiscard]] std::size_t in_flight() const noexcept { return requests_.in_flight(); }
  [[nodiscard]] Counters counters() const noexcept;
  [[nodiscard]] int native_handle() noexcept;

 private:
  void check_owner() const;
  [[nodiscard]] bool stopped() const noexcept { return options_.stop.stop_requested(); }
  [[nodiscard]] std::error_code prepare(const ProbeOptions& probe, Requests::Submission& submission);
  void release_shapes();
  void set_alarm() noexcept;

  Options options_;
  Shapes shapes_;
  Requests requests_;
  std::unique_ptr<net::ProbeTransport> transport_;
  engine::Driver driver_;
  os::JoinedDescriptor joined_;  ///< Made by native_handle().
  os::Alarm alarm_;
  Instant alarm_at_ = Instant::max();
  ::pid_t owner_ = ::getpid();
};

Prober::Impl::Impl(Options options)
    : options_{checked(std::move(options))},
      requests_{{.fail_fast = options_.fail_fast, .max_rate = options_.max_rate}},
      transport_{options_.transport->open({.shapes = {}, .targets = expected_in_flight})},
      driver_{requests_, *transport_} {}

void Prober::Impl::check_owner() const {
  if (::getpid() != owner_) throw std::logic_error("a Prober cannot be used in a forked child; make a new one there");
}

/// Beside the sockets: deadlines, probes that wait for their turn, and completions that submit() found.
int Prober::Impl::native_handle() noexcept {
  if (joined_.value() >= 0) return joined_.value();
  joined_.add(transport_->native_handle());
  joined_.add(alarm_.open());
  alarm_at_ = Instant::max();
  set_alarm();
  return joined_.value();
}

void Prober::Impl::set_alarm() noexcept {
  const Instant to_do = stopped() ? requests_.next_timeout() : requests_.next();
  const Instant next = requests_.any_done() ? Instant::min() : to_do;
  if (next == alarm_at_) return;
  alarm_at_ = next;
  alarm_.set(next);
}

void Prober::Impl::release_shapes() {
  for (const std::uint16_t shape : requests_.released_shapes()) shapes_.release(shape);
  requests_.released_shapes().clear();
}

/// Numbers the shape; or says why the probe cannot be sent.
std::error_code Prober::Impl::prepare(const ProbeOptions& probe, Requests::Submission& submission) {
  if (const auto error = objection(submission.endpoint.address)) return error;
  release_shapes();
  const auto numbered = shapes_.acquire(probe);
  if (!numbered) return std::make_error_code(std::errc::resource_unavailable_try_again);
  if (numbered->fresh) transport_->set_shape(numbered->number, probe);
  submission.endpoint.shape = numbered->number;
  return {};
}

Prober::Token Prober::Impl::submit(const Address& address, const ProbeOptions& probe, Duration timeout, int retry) {
  check_owner();
  const auto lacking = unsupported(probe);
  const Address to = without_idle_zone(address);
  Requests::Submission submission{.endpoint = {.address = to, .shape = 0, .ttl_asked = probe.ttl.has_value()},
                                  .connects = connects(probe),
                                  .timeout = timeout,
                                  .retry = retry};
  Token token = 0;
  if (probe.family != Family::any && probe.family != to.family()) {
    token = requests_.refuse(to, Outcome::unresolved, Errc::no_address);
  } else if (const auto error = lacking ? lacking : prepare(probe, submission)) {
    token = requests_.refuse(to, Outcome::send_failed, error);
  } else {
    token = requests_.submit(submission, transport_->now());
    if (!stopped()) driver_.push();
  }
  set_alarm();
  return token;
}

std::vector<Prober::Completion> Prober::Impl::poll(Duration wait) {
  check_owner();
  driver_.run(Goal::answered, net::after(transport_->now(), wait), options_.stop);
  if (!stopped()) driver_.push();
  std::vector<Completion> completions;
  for (const Requests::Done& done : requests_.take_done()) completions.push_back(completion(done));
  set_alarm();
  return completions;
}

Counters Prober::Impl::counters() const noexcept {
  Counters sum;
  engine::add(sum, requests_.counters(), transport_->counters());
  return sum;
}

Prober::Prober(Options options) : impl_{std::make_unique<Impl>(std::move(options))} {}
Prober::Prober(Prober&&) noexcept = default;
Prober& Prober::operator=(Prober&&) noexcept = default;
Prober::~Prober() = default;

Prober::Token Prober::submit(const Address& address, const ProbeOptions& probe, Timeout timeout, int retry) {
  check_submission(address, retry);
  return impl_->submit(address, probe, checked_timeout(timeout, "timeout"), retry);
}

std::vector<Prober::Completion> Prober::poll(Timeout wait) { return impl_->poll(checked_timeout(wait, "wait")); }
std::size_t Prober::in_flight() const noexcept { return impl_->in_flight(); }
Counters Prober::counters() const noexcept { return impl_->counters(); }
int Prober::native_handle() const noexcept { return impl_->native_handle(); }

}  // namespace multiping
