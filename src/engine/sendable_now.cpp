// The least of three allowances counts: the caller's rate, the congestion on this host, and the back-off.
// See sendable_now.hpp.
#include "engine/sendable_now.hpp"

#include <algorithm>

#include "net/probe_transport.hpp"

namespace multiping::engine {

bool passes(std::error_code error) noexcept {
  return error == std::errc::no_buffer_space || error == std::errc::not_enough_memory ||
         error == std::errc::resource_unavailable_try_again || net::out_of_descriptors(error);
}

std::size_t SendableNow::allowance(Instant now, std::size_t most) noexcept {
  if (back_off_.ready_at() > std::optional{now}) return 0;
  return std::min({most, pacer_.allowance(now), congestion_.allowance(now)});
}

void SendableNow::sent(std::size_t count, Instant last) noexcept {
  back_off_.accepted();
  pacer_.sent(count);
  congestion_.sent(count, last);
}

void SendableNow::refused(Instant now) noexcept {
  back_off_.refused(now);
  if (back_off_.ready_at()) congestion_.trouble(now);
}

Instant SendableNow::next() const noexcept {
  return std::max({pacer_.next(), congestion_.next(), back_off_.ready_at().value_or(Instant::min())});
}

}  // namespace multiping::engine
