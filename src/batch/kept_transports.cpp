// Keeps a few transports in a list; the one that was used last is used again first.
// See batch/kept_transports.hpp.
#include "batch/kept_transports.hpp"

#include <new>
#include <utility>

namespace multiping {
namespace {

/// The most kept transports: up to this many calls at once need not open one.
constexpr std::size_t most_kept = 4;

}  // namespace

std::unique_ptr<net::ProbeTransport> KeptTransports::take(const net::SocketsNeeded& request) {
  if (!sockets_ || !sockets_->is_home()) return nullptr;
  while (auto kept = last())
    if (kept->renew(request)) return kept;
  return nullptr;
}

/// Removes the last transport from the list; null: there is none.
std::unique_ptr<net::ProbeTransport> KeptTransports::last() {
  const std::lock_guard lock{mutex_};
  if (kept_.empty()) return nullptr;
  auto last = std::move(kept_.back());
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
