// A packet to an own address has that address as its source, or the first address of its interface.
// See local_addresses.hpp.
#include "os/local_addresses.hpp"

#include <chrono>
#include <cstddef>

namespace multiping::os {
namespace {

using namespace std::chrono_literals;

constexpr Duration fresh_for = 1s;
constexpr std::size_t most_known = 1024;

}  // namespace

bool LocalAddresses::has(const Address& address, Instant now) {
  if (!address) return false;
  const auto known = known_.find(address);
  if (known != known_.end() && now - known->second.at < fresh_for) return known->second.own;
  if (known_.size() >= most_known) known_.clear();
  const bool own = ask(address);
  known_.insert_or_assign(address, Known{.own = own, .at = now});
  return own;
}

/// The kernel sends its own errors to the probe's source, from the address that it chooses for that. So none of them
/// comes from the second address of an interface, which does not count as own here.
bool LocalAddresses::ask(const Address& address) {
  auto& finder = finders_[address.family() == Family::ipv4 ? 0 : 1];
  if (!finder && broker_) {
    PingSocket there = broker_->ping_socket(address.family(), {}, 0);
    if (!there.socket) return false;
    finder = std::make_unique<SourceAddressFinder>(std::move(there.socket));
  }
  if (!finder) finder = std::make_unique<SourceAddressFinder>();
  return finder->find(address, {}) == address;
}

}  // namespace multiping::os
