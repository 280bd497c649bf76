// What lets a ping() use the memory of the last one: a batch of one address is renewed, and its closed sockets
// reopened. See batch/batch_run.hpp.
#include <system_error>
#include <utility>

#include "batch/batch_run.hpp"
#include "batch/outcome_to_result.hpp"
#include "batch/transport_opener.hpp"
#include "net/probe_transport.hpp"
#include "os/permissions.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

/// In bytes; the packets fit into Ethernet frames.
constexpr std::size_t largest_kept_payload = 1'400;

}  // namespace

Result BatchRun::take_only() {
  engine::Shards& shards = targets_.shards();
  auto used = shards.empty() ? nullptr : shards.release_transport(0);
  const bool own = own_kind_ != TransportKind::automatic;
  if (used && !own)
    options_.transport->give_back(std::move(used));
  else if (used && serves_again() && used->close_sockets())
    closed_ = {.transport = std::move(used), .kind = own_kind_};
  options_.transport.reset();
  options_.stop = {};
  return targets_.release_first();
}

/// After an answer, no cause was looked for, and no repetition is due. Large payloads have large buffers, which are not
/// kept.
bool BatchRun::serves_again() const noexcept {
  const auto& results = targets_.results();
  return life_ == Life::one_call && !progress_ && !sendability_ && names_.size() == 0 && profiles_.size() == 1 &&
         !needed_.wakes && options_.max_rate == 0 && targets_.shards().size() == 1 && results.size() == 1 &&
         results.front().answered() && profiles_.front().payload_size <= largest_kept_payload &&
         profiles_.front().pattern.capacity() <= largest_kept_payload;
}

/// Null when the next call would open another kind, or when the transport cannot be used again.
std::unique_ptr<net::ProbeTransport> BatchRun::reopen_own() noexcept {
  Closed again = std::exchange(closed_, {});
  const bool raw = again.kind == TransportKind::raw;
  if (!again.transport || raw != os::may_have_net_raw() || !again.transport->reopen()) return nullptr;
  own_kind_ = again.kind;
  return std::move(again.transport);
}

std::unique_ptr<net::ProbeTransport> BatchRun::open_again(Family family) {
  if (options_.transport) {
    own_kind_ = TransportKind::automatic;
    return options_.transport->open(needed_);
  }
  if (auto again = reopen_own()) return again;
  open_own(family);
  return options_.transport->open(needed_);
}

bool BatchRun::renew(const Target& target, const Options& options) {
  const bool fits = serves_again() && target.probe() == nullptr && !options.stop.stop_possible() &&
                    options.max_rate == 0 && options.fail_fast == options_.fail_fast &&
                    options.any_source == options_.any_source && options.probe == profiles_.front();
  if (!fits) return false;
  check_except_probe(options);
  const ProbeOptions& probe = profiles_.front();
  const auto address = plain_address(target.host(), probe);
  if (!address) return false;
  const AddressChoice chosen = choose(*address, probe, options);
  if (chosen.outcome != Outcome::pending || !chosen.address) return false;
  options_.transport = options.transport;
  std::unique_ptr<net::ProbeTransport> transport;
  try {
    transport = open_again(chosen.address.family());
    if (transport->prepare(chosen.address.family(), 0).error) return false;
  } catch (const std::system_error&) {
    return false;  // a new object tells why
  }
  Result result{.host = target.host(), .address = chosen.address};
  copy_question(probe, result);
  targets_.renew(std::move(result));
  targets_.shards().renew({.address = chosen.address, .ttl_asked = probe.ttl.has_value()}, std::move(transport));
  sent_ = behind_ = false;
  return true;
}

}  // namespace multiping
