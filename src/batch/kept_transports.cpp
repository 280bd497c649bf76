// Whole transports that objects of one call have done with, for the next such call.
// See batch/kept_transports.hpp.
#include "batch/kept_transports.hpp"

#include <new>
#include <utility>

#include "os/socket.hpp"

namespace multiping {
namespace {

/// As many threads may ask at once without opening anything.
constexpr std::size_t most_kept = 4;

}  // namespace

std::unique_ptr<net::ProbeTransport> KeptTransports::take(const net::IoRequest& request) {
  if (!sockets_ || !sockets_->is_home()) return nullptr;
  while (Kept kept = last())
    if (kept.transport->renew(request, kept.secret)) return std::move(kept.transport);
  return nullptr;
}

/// With the secret that it is to have.
KeptTransports::Kept KeptTransports::last() {
  const std::lock_guard lock{mutex_};
  if (kept_.empty()) return {};
  if (secrets_left_ == 0) {
    os::fill_random(secrets_.data(), sizeof secrets_);
    secrets_left_ = secrets_.size();
  }
  Kept last{.transport = std::move(kept_.back()), .secret = secrets_[--secrets_left_]};
  kept_.pop_back();
  return last;
}

void KeptTransports::give_back(std::unique_ptr<net::ProbeTransport> used) noexcept try {
  if (!sockets_ || !used->can_rest()) return;
  const std::lock_guard lock{mutex_};
  if (kept_.size() < most_kept) kept_.push_back(std::move(used));
} catch (const std::bad_alloc&) {
  // It is closed.
}

}  // namespace multiping
