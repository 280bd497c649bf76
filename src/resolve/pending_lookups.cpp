// Texts that need no lookup are known at once; each other distinct name is looked up once.
// See pending_lookups.hpp.
#include "resolve/pending_lookups.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/host_name_syntax.hpp"
#include "multiping/error.hpp"

namespace multiping::resolver {
namespace {

Resolution resolve_address(const std::string& text, const Address& address, Family family) {
  if (family == Family::any || family == address.family()) return {text, {address}, {}};
  return {text, {}, Errc::no_address};
}

/// The resolution of a text that needs no lookup; none for a name, which does.
std::optional<Resolution> resolve_at_once(const std::string& text, Family family) {
  const auto host = read_host(text);
  switch (host.kind) {
    case HostText::name:
      return std::nullopt;
    case HostText::address:
      return resolve_address(text, host.address, family);
    case HostText::block:
    case HostText::with_port:
      return Resolution{text, {}, Errc::not_an_address};
    case HostText::neither:
      break;
  }
  const bool zone_only = family != Family::ipv4 && has_unknown_zone(text);
  return Resolution{text, {}, zone_only ? Errc::zone_unknown : Errc::no_address};
}

}  // namespace

PendingLookups::PendingLookups(std::vector<std::string> names, const ResolveOptions& options, std::stop_token stop)
    : names_{std::move(names)} {
  std::vector<Question> questions;
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (auto resolution = resolve_at_once(names_[i], options.family)) {
      at_once_.push_back({i, std::move(*resolution)});
      continue;
    }
    const auto [at, is_new] = known.try_emplace(names_[i], questions.size());
    if (is_new) {
      questions.emplace_back(names_[i]);
      positions_.emplace_back();
    }
    positions_[at->second].push_back(i);
  }
  if (!questions.empty()) session_.emplace(std::move(questions), options, system_lookup, std::move(stop));
}

std::vector<PendingLookups::Known> PendingLookups::take() {
  auto taken = std::exchange(at_once_, {});
  if (!session_) return taken;
  for (const auto& [question, answer] : session_->take()) {
    for (const auto position : positions_[question])
      taken.push_back({position, {std::move(names_[position]), answer.addresses, answer.error}});
  }
  return taken;
}

bool PendingLookups::done() const { return at_once_.empty() && (!session_ || session_->done()); }

void PendingLookups::wait(std::chrono::steady_clock::time_point until) {
  if (at_once_.empty() && session_) session_->wait(until);
}

void PendingLookups::wait_for_all() {
  if (session_) session_->wait_for_all();
}

int PendingLookups::native_handle() { return session_ ? session_->native_handle() : -1; }

std::chrono::steady_clock::time_point PendingLookups::deadline() const {
  return session_ ? session_->deadline() : Time::max();
}

void PendingLookups::end() noexcept {
  if (session_) session_->end();
}

}  // namespace multiping::resolver
