// Checks the arguments of a HealthTracker, and keeps what it knows.
// See multiping/health.hpp.
#include "multiping/health.hpp"

#include <algorithm>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "engine/health_file_text.hpp"
#include "engine/health_tracker_state.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

const HealthOptions& checked(const HealthOptions& options) {
  check(options);
  return options;
}

std::string checked_group(const std::string& text) {
  std::string name = engine::group_name(text);
  if (engine::is_group_name(name)) return name;
  throw std::invalid_argument{"group is " + printable(text) + "; it must have 1 to 64 parts, with a '/' between them"};
}

}  // namespace

struct [[gnu::visibility("hidden")]] HealthTracker::Data : engine::HealthTrackerState {
  using engine::HealthTrackerState::HealthTrackerState;
  explicit Data(engine::HealthTrackerState data) : engine::HealthTrackerState{std::move(data)} {}

  [[nodiscard]] const engine::HostGroup* group(std::string_view name) const {
    const engine::HostGroup* found = groups().find(engine::group_name(name));
    return found == nullptr || found->members.empty() ? nullptr : found;
  }
};

HealthTracker::HealthTracker(HealthOptions options) : data_{std::make_unique<Data>(checked(options))} {}
HealthTracker::HealthTracker(std::unique_ptr<Data> data) noexcept : data_{std::move(data)} {}
HealthTracker::HealthTracker(const HealthTracker& other) : data_{std::make_unique<Data>(*other.data_)} {}
HealthTracker::HealthTracker(HealthTracker&& other) noexcept = default;
HealthTracker& HealthTracker::operator=(const HealthTracker& other) {
  if (this != &other) data_ = std::make_unique<Data>(*other.data_);
  return *this;
}
HealthTracker& HealthTracker::operator=(HealthTracker&& other) noexcept = default;
HealthTracker::~HealthTracker() = default;

void HealthTracker::add(std::string host, std::vector<std::string> groups) {
  for (std::string& group : groups) group = checked_group(group);
  const std::string name = std::move(host);
  data_->add(name, groups);
}

bool HealthTracker::remove(std::string_view host) { return data_->remove(host); }

void HealthTracker::set_quorum(std::string group, Quorum quorum) {
  check(quorum);
  group = checked_group(group);
  data_->set_quorum(group, quorum);
}

const HealthOptions& HealthTracker::options() const noexcept { return data_->options(); }
void HealthTracker::set_options(const HealthOptions& options) { data_->set_options(checked(options)); }

std::vector<Transition> HealthTracker::observe(std::span<const Result> round) { return data_->observe(round); }

State HealthTracker::host(std::string_view name) const {
  const engine::HealthHost* found = data_->find(name);
  return found == nullptr ? State::unknown : found->health.state(data_->options());
}

State HealthTracker::group(std::string_view name) const {
  const engine::HostGroup* group = data_->group(name);
  if (group == nullptr) return State::unknown;
  const std::size_t up = data_->count(*group, State::up);
  if (up >= group->needed()) return State::up;
  return up + data_->count(*group, State::unknown) >= group->needed() ? State::unknown : State::down;
}

std::size_t HealthTracker::up(std::string_view group) const {
  const engine::HostGroup* found = data_->group(group);
  return found == nullptr ? 0 : data_->count(*found, State::up);
}

std::size_t HealthTracker::size(std::string_view group) const {
  const engine::HostGroup* found = data_->group(group);
  return found == nullptr ? 0 : found->members.size();
}

bool HealthTracker::quorum(std::string_view group) const {
  const engine::HostGroup* found = data_->group(group);
  return found != nullptr && data_->count(*found, State::up) >= found->needed();
}

bool HealthTracker::lossy(std::string_view host) const {
  const engine::HealthHost* found = data_->find(host);
  return found != nullptr && found->health.lossy(data_->options());
}

std::vector<std::string> HealthTracker::hosts() const {
  std::vector<std::string> names;
  for (const engine::HealthHost& host : data_->hosts()) names.push_back(host.name);
  return names;
}

std::vector<std::string> HealthTracker::groups() const {
  std::vector<std::string> names;
  for (const engine::HostGroup& group : data_->groups().all())
    if (group.quorum || !group.members.empty()) names.push_back(group.name);
  std::ranges::sort(names);
  return names;
}

void HealthTracker::save(std::ostream& out) const {
  const std::string text = engine::health_text(*data_);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

HealthTracker HealthTracker::load(std::istream& in) {
  return HealthTracker{std::make_unique<Data>(engine::read_health(in, check))};
}

}  // namespace multiping
