// start() has the order of all steps; what needs a privilege comes before lock_down().
// See daemon.hpp.
#include "apps/multipingd/daemon.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iomanip>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "apps/multipingd/sandbox/enter_sandbox.hpp"
#include "apps/multipingd/sandbox/resource_limits.hpp"
#include "multiping/result.hpp"
#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr int activated_descriptor = 3;
constexpr std::size_t other_descriptors = 64;  // the loop, tables, signals, the guard, one request's sockets, a margin
constexpr std::size_t descriptors_of_icmp4em = 3;
constexpr std::size_t fewest_descriptors = 256;
constexpr auto drain_time = std::chrono::milliseconds{200};
constexpr auto patience_with_guard = std::chrono::seconds{1};
constexpr auto patience_with_holder = std::chrono::seconds{5};
constexpr auto pause_between_looks = std::chrono::milliseconds{5};

std::string told(std::string_view name, std::uint64_t value) { return std::string{name} + " " + std::to_string(value); }

std::string told(const Account& account) {
  return "user " + std::to_string(account.user) + " group " + std::to_string(account.group);
}

std::string_view told(Occupant occupant) noexcept {
  switch (occupant) {
    case Occupant::stale_socket:
      return "left by a multipingd that has ended; would be replaced";
    case Occupant::living_socket:
      return "a multipingd listens there now";
    case Occupant::other:
      return "is no socket, and would not be replaced";
    case Occupant::none:
      break;
  }
  return "free";
}

}  // namespace

Daemon::Daemon(Options options, Log& log)
    : options_{std::move(options)},
      log_{log},
      account_{account_of(options_.user, options_.group)},
      ready_{options_.receive_buffer} {
  take_accounts();
  fit_descriptors();
}

void Daemon::take_accounts() {
  place_ = {.path = options_.socket, .mode = options_.mode, .group = std::nullopt, .account = account_};
  if (!options_.socket_group.empty()) place_.group = group_id("--socket-group", options_.socket_group);
  for (const std::string& name : options_.allow_users) policy_.users.insert(user_id("--allow-user", name));
  for (const std::string& name : options_.allow_groups) policy_.groups.insert(group_id("--allow-group", name));
  policy_.anyone = policy_.users.empty() && policy_.groups.empty();
  const auto rate = static_cast<double>(options_.rate);
  policy_.requests = {.per_second = rate, .burst = rate};
  policy_.sockets = options_.max_sockets;
  policy_.sockets_of_user = options_.max_sockets_per_user;
}

std::size_t Daemon::fixed_descriptors() const noexcept {
  return 2 * options_.ready + descriptors_of_icmp4em * options_.icmp4em.size() + other_descriptors;
}

std::size_t Daemon::descriptors() const noexcept {
  // Sockets that clients have not fetched yet count as descriptors of this process.
  return policy_.sockets + policy_.connections + fixed_descriptors();
}

void Daemon::fit_descriptors() {
  const std::size_t most = take_all_descriptors();
  if (descriptors() <= most) return;
  const std::size_t fixed = fixed_descriptors();
  if (most < fixed + fewest_descriptors)
    throw std::runtime_error{"the limit of open files is " + std::to_string(most) + "; it must be " +
                             std::to_string(fixed + fewest_descriptors) + " at least"};
  policy_.connections = std::min(policy_.connections, (most - fixed) / 4);
  policy_.sockets = std::min(policy_.sockets, most - fixed - policy_.connections);
  log_.line("the limit of open files is " + std::to_string(most) + "; so at most " +
            told("connections", policy_.connections) + ", " + told("sockets", policy_.sockets));
}

void Daemon::start(bool publish) {
  os::FileDescriptor listener = open_listener(publish);
  allow_own_group();
  make_ready_sockets();
  make_broker(std::move(listener));
  make_icmp4em();
  watch_signals();
  watch_guard();
  watch_claim();
  if (publish && listener_) listener_->publish();
  listener_.reset();
  std::vector<int> filtered;
  for (const Icmp4emListener& front : icmp4em_) filtered.push_back(front.descriptor());
  findings_ = lock_down(account_, descriptors(), filtered);
  add_ping_finding();
}

os::FileDescriptor Daemon::open_listener(bool publish) {
  if (options_.activated) return adopt_listener(activated_descriptor);
  listener_.emplace(place_);
  occupant_ = occupant_of(place_.path);
  if (publish) check_place(place_.path);  // early, before anything is changed; publish() checks once more
  return listener_->take();
}

/// Used without a claim. A range of our group alone is probably the setting of a daemon that has just been killed, and
/// its guard will soon put the earlier range back. So this waits up to a second for a change. A range that an
/// administrator has set does not change.
std::optional<PingGroupRange> Daemon::settled_range() const {
  const PingGroupRange own{.first = account_.group, .last = account_.group};
  const Instant end = after(os::EventLoop::now(), patience_with_guard);
  auto range = range_file_.read();
  for (; range == own && os::EventLoop::now() < end; range = range_file_.read())
    std::this_thread::sleep_for(pause_between_looks);
  return range;
}

void Daemon::allow_own_group() {
  ClaimAttempt attempt = PingGroupClaim::take(account_, patience_with_holder);
  const auto now = attempt.claim ? range_file_.read() : settled_range();
  if (!now) throw std::runtime_error{"cannot read net.ipv4.ping_group_range"};
  range_before_ = range_ = *now;
  if (!attempt.claim) return go_unclaimed(attempt.holder);
  if (attempt.claim->change()) return share_setting(std::move(*attempt.claim));
  begin_setting(std::move(attempt.claim));
}

/// Called when no other daemon is known to serve in this network namespace.
void Daemon::begin_setting(std::optional<PingGroupClaim> claim) {
  const PingGroupRange own{.first = account_.group, .last = account_.group};
  if (!range_.includes(account_.group))
    return set_range(
        {.change = {.before = range_before_, .after = own}, .account = account_, .claim = std::move(claim)});
  claim_ = std::move(claim);
  if (claim_) claim_->announce({.before = range_, .after = range_});
}

/// Called when other daemons serve and need the setting as it is. None of them may change it, and the guard of the last
/// one puts it back.
void Daemon::share_setting(PingGroupClaim claim) {
  const RangeChange change = *claim.change();
  const bool changed = change.before != change.after;
  if (changed && change.after.includes(account_.group) && (range_ == change.after || !range_.includes(account_.group)))
    return set_range({.change = change, .account = account_, .claim = std::move(claim)});
  if (!range_.includes(account_.group))
    throw std::runtime_error{
        "another multipingd serves in this network namespace, where net.ipv4.ping_group_range is " +
        range_.to_string() + " for it; group " + std::to_string(account_.group) +
        " is not inside. Serve by the same --group, or choose a range that has both, by sysctl.d(5)"};
  claim.settle();
  claim_ = std::move(claim);
}

void Daemon::go_unclaimed(const std::optional<os::PeerCredentials>& holder) {
  if (range_.includes(account_.group)) return;
  if (holder && (holder->uid == 0 || holder->uid == account_.user || range_.includes(holder->gid)))
    throw std::runtime_error{"another multipingd (" + to_string(*holder) +
                             ") serves in this network namespace, and does not answer or must not tell; group " +
                             std::to_string(account_.group) + " is not in net.ipv4.ping_group_range"};
  if (holder)
    log_.line(to_string(*holder) +
              " holds the name by which daemons of one network namespace notice each other; "
              "no other multipingd should be started here");
  begin_setting(std::nullopt);
}

void Daemon::set_range(GuardOrder order) {
  range_before_ = order.change.before;
  range_ = order.change.after;
  guard_.emplace(range_file_, std::move(order));
  if (range_file_.read() == range_) return tell_range();
  if (!range_file_.write(range_) || range_file_.read() != range_) {
    const std::error_code error = os::last_error();
    throw std::system_error{error,
                            "cannot set net.ipv4.ping_group_range (as root: sysctl -w net.ipv4.ping_group_range='" +
                                range_.to_string() + "')"};
  }
  tell_range();
}

void Daemon::tell_range() const {
  log_.line("net.ipv4.ping_group_range was " + range_before_.to_string() + ", is " + range_.to_string() +
            " until this process ends, and others of its group" +
            (range_before_.empty() ? "" : "; meanwhile groups " + range_before_.to_string() + " open no ping sockets"));
}

void Daemon::make_ready_sockets() {
  // The group allows to open ping sockets. The capabilities are still needed for large receive buffers.
  if (::geteuid() == 0 && ::setegid(account_.group) != 0) os::fail("cannot become the group");
  ready_.make(options_.ready);
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (const std::string error = ready_.error_of(family); !error.empty()) log_.line(error);
  }
}

void Daemon::make_broker(os::FileDescriptor listener) {
  const auto maker = [this](const broker::BrokerRequest& request) {
    return ready_.take(request.family, request.source, request.receive_buffer);
  };
  broker_ = std::make_unique<daemon::BrokerServer>(
      loop_, log_, daemon::BrokerSetup{.listener = std::move(listener), .policy = policy_, .maker = maker});
}

void Daemon::make_icmp4em() {
  for (const ListeningAddress& address : options_.icmp4em)
    icmp4em_.emplace_back(
        loop_, log_,
        Icmp4emSetup{.address = address, .clients = options_.icmp4em_allow, .receive_buffer = options_.receive_buffer});
}

void Daemon::watch_signals() {
  sigset_t wanted{};
  ::sigemptyset(&wanted);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&wanted, number);
  signals_ = os::FileDescriptor{::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) os::fail("cannot wait for signals");
  loop_.watch(signals_.value(), [this] { handle_signal(); });
}

void Daemon::watch_guard() {
  if (!guard_) return;
  loop_.watch(guard_->descriptor(), [this] {
    loop_.unwatch(guard_->descriptor());
    log_.line("the guard has ended: net.ipv4.ping_group_range will stay as it is");
  });
}

void Daemon::watch_claim() {
  if (claim_) loop_.watch(claim_->descriptor(), [this] { claim_->answer(account_); });
}

void Daemon::handle_signal() {
  signalfd_siginfo signal{};
  if (::read(signals_.value(), &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) return;
  if (signal.ssi_signo == SIGUSR1) {
    tell_figures();
  } else {
    drain(signal.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
  }
}

void Daemon::drain(const char* why) {
  if (std::exchange(draining_, true)) {
    loop_.stop();
    return;
  }
  log_.line(std::string{why} + ": no new clients; those that are connected are answered");
  broker_->stop_accepting();
  for (const Icmp4emListener& front : icmp4em_) front.stop_accepting();
  loop_.once(drain_time, [this] { loop_.stop(); });
}

void Daemon::tell_figures() {
  const daemon::BrokerFigures figures = broker_->figures();
  log_.line("figures: " + told("connections", figures.connections) + ", " + told("requests", figures.requests) + ", " +
            told("granted", figures.granted) + ", " + told("denied", figures.denied) + ", " +
            told("limited", figures.limited) + ", " + told("failed", figures.failed) + ", " + told("bad", figures.bad) +
            ", " + told("connected", figures.connected) + ", " + told("living sockets", figures.living_sockets) + ", " +
            told("ready for ipv4", ready_.left(Family::ipv4)) + ", " +
            told("ready for ipv6", ready_.left(Family::ipv6)));
  for (const Icmp4emListener& front : icmp4em_) log_.line(front.figures());
}

void Daemon::add_ping_finding() {
  const std::size_t buffer = ready_.buffer_of_new();
  findings_.push_back({.what = "ping sockets without privileges",
                       .found = buffer == 0 ? "none opens" : std::to_string(buffer) + " bytes of receive buffer",
                       .holds = buffer > 0});
}

std::string Daemon::amiss() const {
  std::string text;
  for (const Finding& finding : findings_) {
    if (!finding.holds) text += (text.empty() ? "" : ", ") + finding.what + " (" + finding.found + ")";
  }
  return text;
}

void Daemon::tell_start() {
  log_.line("serving at " + (options_.activated ? "descriptor 3" : place_.path) + " as " + told(account_) + ", " +
            told("ready for ipv4", ready_.left(Family::ipv4)) + ", " +
            told("ready for ipv6", ready_.left(Family::ipv6)) + ", " + std::to_string(ready_.buffer_of_ready()) +
            " bytes each");
  for (const Icmp4emListener& front : icmp4em_) log_.line("serving icmp4em at " + front.name());
}

void Daemon::serve() {
  start(true);
  if (const std::string text = amiss(); !text.empty()) throw std::runtime_error{"does not serve: " + text};
  tell_start();
  loop_.run();
  tell_figures();
  icmp4em_.clear();
  broker_.reset();
  if (guard_) loop_.unwatch(guard_->descriptor());
  guard_.reset();
  log_.line("ended");
}

void Daemon::report(std::ostream& out) const {
  const auto line = [&out](std::string_view name, std::string_view value, bool holds = true) {
    out << std::left << std::setw(32) << name << " " << value << (holds ? "" : "  <- AMISS") << "\n";
  };
  line("account", told(account_));
  line("net.ipv4.ping_group_range",
       range_before_.to_string() + (guard_ ? ", set to " + range_.to_string() + " while it serves" : ", as it is"));
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const std::string error = ready_.error_of(family);
    line("ready for " + std::string{to_string(family)}, error.empty() ? std::to_string(ready_.left(family)) : error);
  }
  line("their receive buffer",
       std::to_string(ready_.buffer_of_ready()) + " of " + std::to_string(options_.receive_buffer) + " bytes");
  for (const Finding& finding : findings_) line(finding.what, finding.found, finding.holds);
}

bool Daemon::check(std::ostream& out) {
  start(false);
  out << std::left << std::setw(32) << "socket"
      << " " << printable(place_.path) << " (" << told(occupant_) << ")\n";
  report(out);
  out << std::flush;
  return amiss().empty() && occupant_ != Occupant::other;
}

}  // namespace multiping::daemon
