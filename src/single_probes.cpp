// Single probes, each with its own options and deadline: what Prober, series and traces are made of.
// See single_probes.hpp.
#include "single_probes.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "destination.hpp"
#include "fate_result.hpp"
#include "multiping/error.hpp"
#include "option_checks.hpp"
#include "own_transport.hpp"
#include "readiness.hpp"

namespace multiping {
namespace {

/// With its transport opened.
Options checked(Options options) {
  check(options);
  if (!options.transport) options.transport = open_own_transport();
  return options;
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

}  // namespace

SingleProbes::SingleProbes(Options options, std::size_t expected, Purpose purpose)
    : options_{checked(std::move(options))},
      requests_{{.fail_fast = options_.fail_fast,
                 .max_rate = options_.max_rate,
                 .any_source = options_.any_source,
                 .tell_errors = purpose == Purpose::trace}},
      transport_{options_.transport->open({.shapes = {},
                                           .targets = expected,
                                           .lasts = purpose == Purpose::usual,
                                           .measures_mtu = purpose == Purpose::mtu})},
      driver_{requests_, *transport_} {}

void SingleProbes::prepare(std::span<const ProbeOptions> shapes, std::span<const engine::Endpoint> endpoints) {
  for (const ProbeOptions& shape : shapes) {
    // The first ones are numbered in order, and kept for the object's life.
    if (const auto numbered = shapes_.acquire(shape)) transport_->set_shape(numbered->number, shape);
  }
  Readiness readiness{shapes};
  readiness.prepare(endpoints, *transport_);
  readiness.refuse_if_hopeless();
}

bool SingleProbes::can_send(Family family, const ProbeOptions& probe) {
  release_shapes();
  const auto numbered = shapes_.acquire(probe);
  if (!numbered) return false;
  if (numbered->fresh) transport_->set_shape(numbered->number, probe);
  const bool can = !transport_->prepare(family, numbered->number).error;
  shapes_.release(numbered->number);
  return can;
}

void SingleProbes::release_shapes() {
  for (const std::uint16_t shape : requests_.released_shapes()) shapes_.release(shape);
  requests_.released_shapes().clear();
}

/// Numbers the shape; or says why the probe cannot be sent.
std::error_code SingleProbes::number(const ProbeOptions& probe, engine::Requests::Submission& request) {
  if (const auto error = objection(request.endpoint.address, probe)) return error;
  release_shapes();
  const auto numbered = shapes_.acquire(probe);
  if (!numbered) return std::make_error_code(std::errc::resource_unavailable_try_again);
  if (numbered->fresh) transport_->set_shape(numbered->number, probe);
  request.endpoint.shape = numbered->number;
  return {};
}

SingleProbes::Token SingleProbes::submit(const Submission& submission) {
  const ProbeOptions& probe = submission.probe;
  const auto lacking = unsupported(probe);
  const Address to = zones_.place(submission.address, probe, transport_->now());
  if (probe.family != Family::any && probe.family != to.family())
    return requests_.refuse(to, Outcome::unresolved, Errc::no_address);
  engine::Requests::Submission request{.endpoint = {.address = to, .shape = 0, .ttl_asked = probe.ttl.has_value()},
                                       .connects = connects(probe),
                                       .timeout = submission.timeout,
                                       .retry = submission.retry};
  if (const auto error = lacking ? lacking : number(probe, request))
    return requests_.refuse(to, Outcome::send_failed, error);
  return requests_.submit(request, transport_->now());
}

void SingleProbes::push() {
  if (!stopped()) driver_.push();
}

void SingleProbes::begin_wait() noexcept {
  requests_.duplicates().clear();
  requests_.heard().clear();
}

void SingleProbes::wait(net::Instant until) {
  begin_wait();
  driver_.run(engine::Goal::answered, until, options_.stop);
}

void SingleProbes::wait_for_done(net::Instant until) {
  begin_wait();
  driver_.run(engine::Goal::done, until, options_.stop);
}

Counters SingleProbes::counters() const noexcept {
  Counters sum;
  engine::add(sum, requests_.counters(), transport_->counters());
  return sum;
}

net::Instant SingleProbes::next() const noexcept {
  if (requests_.any_done()) return net::Instant::min();
  const net::Instant chore = in_flight() > 0 ? transport_->next_chore() : net::Instant::max();
  return std::min(chore, stopped() ? requests_.next_timeout() : requests_.next());
}

void copy_fate(const SingleProbes::Done& done, Result& result) { copy_fate(done.record, &done.detail, result); }

}  // namespace multiping
