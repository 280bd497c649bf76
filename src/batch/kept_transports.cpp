// Keeps a few transports in a list, and gives each a new secret before it is used again.
// See batch/kept_transports.hpp.
#include "batch/kept_transports.hpp"

#include <new>
#include <utility>

#include "os/socket.hpp"

namespace multiping {
namespace {

/// The most kept transports: up to this many calls at once need not open one.
constexpr std::size_t most_kept = 4;

}  // namespace

std::unique_ptr<net::ProbeTransport> KeptTransports::take(const net::SocketNeeds& request) {
  if (!sockets_ || !sockets_->is_home()) return nullptr;
  while (Kept kept = last())
    if (kept.transport->renew(request, kept.secret)) return std::move(kept.transport);
  return nullptr;
}

/// Removes the last transport from the list, and returns it with its new secret.
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
  // The transport is closed.
}

}  // namespace multiping
