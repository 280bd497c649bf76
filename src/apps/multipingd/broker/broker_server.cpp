// Keeps a connection for each client, serves the users in turns, and pauses those that exceed their quota.
// See broker_server.hpp.
#include "apps/multipingd/broker/broker_server.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "apps/multipingd/broker/client_acceptor.hpp"
#include "apps/multipingd/broker/client_channel.hpp"
#include "apps/multipingd/broker/fair_queue.hpp"
#include "apps/multipingd/broker/user_quota.hpp"
#include "os/peer_credentials.hpp"
#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_idle = 5s;
constexpr Duration between_sweeps = 1s;
constexpr Duration pause_of_greedy = 50ms;
constexpr Duration retry_of_crowd = 100ms;

broker::BrokerReply limited_reply(Duration retry_after) noexcept {
  const auto wait = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(retry_after), 0ms, 60'000ms);
  return {.status = broker::BrokerStatus::limited,
          .retry_after_milliseconds = static_cast<std::uint32_t>(wait.count())};
}

bool allows(const BrokerPolicy& policy, int socket, const os::PeerCredentials& peer) {
  if (policy.anyone || policy.users.contains(peer.uid) || policy.groups.contains(peer.gid)) return true;
  if (policy.groups.empty()) return false;
  return std::ranges::any_of(os::peer_groups(socket), [&](gid_t group) { return policy.groups.contains(group); });
}

QuotaLimits limits_of(const BrokerPolicy& policy) noexcept {
  return {.requests = policy.requests, .sockets_of_user = policy.sockets_of_user, .sockets = policy.sockets};
}

os::FileDescriptor ready_to_accept(os::FileDescriptor listener) noexcept {
  refuse_descriptors(listener.value());
  return listener;
}

using Sockets = std::vector<os::FileDescriptor>;

}  // namespace

class BrokerServer::Impl {
 public:
  Impl(os::EventLoop& loop, Log& log, BrokerSetup setup);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void stop_accepting() {
    acceptor_.take_waiting();
    acceptor_.stop();
  }
  [[nodiscard]] BrokerFigures figures() const noexcept;

 private:
  using Id = std::uint64_t;  // never reused, unlike a descriptor's number
  struct Connection {
    os::FileDescriptor socket{};
    os::PeerCredentials peer{};
    Instant deadline{};
    bool queued = false, paused = false;
  };

  void admit(os::FileDescriptor socket, ClientAcceptor::Room room);
  [[nodiscard]] bool is_crowded(uid_t user) const;
  void keep(os::FileDescriptor socket, const os::PeerCredentials& peer);
  void watch(Id id);
  void drop(Id id) noexcept;
  void sweep();

  void queue(Id id);
  void take_turns();
  void take_turn(Id id);
  /// These return false when the connection is over.
  [[nodiscard]] bool serve(Connection& connection);
  [[nodiscard]] bool serve_packet(Connection& connection, std::span<const std::uint8_t> bytes);
  [[nodiscard]] bool answer(Connection& connection, const broker::BrokerRequest& request);
  [[nodiscard]] bool grant(Connection& connection, const broker::BrokerRequest& request);
  [[nodiscard]] bool hand_over(Connection& connection, const Sockets& sockets);
  [[nodiscard]] bool fail(const Connection& connection, const os::PingSocket& made);
  [[nodiscard]] bool limit(Connection& connection, const Refusal& refusal);
  void pause(Id id, Connection& connection);
  void resume();
  void tell(const std::string& what, const os::PeerCredentials& peer, const std::string& why);

  os::EventLoop& loop_;
  Log& log_;
  BrokerPolicy policy_;
  PingSocketMaker maker_;
  IdentifierProbe probe_;
  UserQuota quota_;
  std::unordered_map<Id, Connection> connections_;
  std::unordered_map<uid_t, std::size_t> connections_of_;
  FairQueue<uid_t, Id> turns_;
  std::vector<Id> paused_;
  Id last_id_ = 0;
  std::optional<os::EventLoop::TimerId> turn_timer_, resume_timer_, sweep_timer_;
  BrokerFigures figures_;
  ClientAcceptor acceptor_;
};

BrokerServer::Impl::Impl(os::EventLoop& loop, Log& log, BrokerSetup setup)
    : loop_{loop},
      log_{log},
      policy_{std::move(setup.policy)},
      maker_{std::move(setup.maker)},
      quota_{limits_of(policy_), [this](std::uint16_t id) { return probe_(id); }},
      acceptor_{loop, ready_to_accept(std::move(setup.listener)),
                [this](os::FileDescriptor client, ClientAcceptor::Room room) { admit(std::move(client), room); }} {}

BrokerServer::Impl::~Impl() {
  for (const auto& timer : {turn_timer_, resume_timer_, sweep_timer_}) {
    if (timer) loop_.cancel(*timer);
  }
  for (const auto& [id, connection] : connections_) loop_.unwatch(connection.socket.value());
}

BrokerFigures BrokerServer::Impl::figures() const noexcept {
  BrokerFigures figures = figures_;
  figures.connected = connections_.size();
  figures.living_sockets = quota_.living();
  return figures;
}

// Each user has a kind of its own in the log, so that a flood of one user hides no line about another. `why` is not
// part of the kind: it may hold text that a client has chosen.
void BrokerServer::Impl::tell(const std::string& what, const os::PeerCredentials& peer, const std::string& why) {
  log_.limited_line(what + " " + std::to_string(peer.uid), what + " " + to_string(peer) + ": " + why,
                    os::EventLoop::now());
}

void BrokerServer::Impl::admit(os::FileDescriptor socket, ClientAcceptor::Room room) {
  ++figures_.connections;
  const auto peer = os::peer_credentials(socket.value());
  if (!peer) return;
  keep_few_replies(socket.value());
  if (!allows(policy_, socket.value(), *peer)) {
    ++figures_.denied;
    send_last_reply(socket.value(), {.status = broker::BrokerStatus::denied});
    tell("refused", *peer, "not allowed");
  } else if (room == ClientAcceptor::Room::no || is_crowded(peer->uid)) {
    ++figures_.limited;
    send_last_reply(socket.value(), limited_reply(retry_of_crowd));
    tell("limited", *peer, room == ClientAcceptor::Room::no ? "no descriptor is left" : "too many connections");
  } else {
    keep(std::move(socket), *peer);
  }
}

bool BrokerServer::Impl::is_crowded(uid_t user) const {
  const auto found = connections_of_.find(user);
  const std::size_t of_user = found == connections_of_.end() ? 0 : found->second;
  return connections_.size() >= policy_.connections || of_user >= policy_.connections_of_user;
}

void BrokerServer::Impl::keep(os::FileDescriptor socket, const os::PeerCredentials& peer) {
  const Id id = ++last_id_;
  const Instant deadline = after(os::EventLoop::now(), longest_idle);
  connections_.emplace(id, Connection{.socket = std::move(socket), .peer = peer, .deadline = deadline});
  ++connections_of_[peer.uid];
  watch(id);
  if (!sweep_timer_) sweep_timer_ = loop_.once(between_sweeps, [this] { sweep(); });
}

void BrokerServer::Impl::watch(Id id) {
  try {
    loop_.watch(connections_.at(id).socket.value(), [this, id] { queue(id); });
  } catch (const std::system_error& error) {
    tell("limited", connections_.at(id).peer, error.what());
    drop(id);
  }
}

void BrokerServer::Impl::drop(Id id) noexcept {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_.unwatch(found->second.socket.value());
  const auto count = connections_of_.find(found->second.peer.uid);
  if (--count->second == 0) connections_of_.erase(count);
  connections_.erase(found);
}

void BrokerServer::Impl::sweep() {
  sweep_timer_.reset();
  const Instant now = os::EventLoop::now();
  std::vector<Id> idle;
  for (const auto& [id, connection] : connections_) {
    if (!connection.queued && !connection.paused && connection.deadline <= now) idle.push_back(id);
  }
  for (const Id id : idle) drop(id);
  if (!connections_.empty()) sweep_timer_ = loop_.once(between_sweeps, [this] { sweep(); });
}

void BrokerServer::Impl::queue(Id id) {
  Connection& connection = connections_.at(id);
  if (std::exchange(connection.queued, true)) return;
  turns_.add(connection.peer.uid, id);
  if (!turn_timer_) turn_timer_ = loop_.once(Duration::zero(), [this] { take_turns(); });
}

void BrokerServer::Impl::take_turns() {
  turn_timer_.reset();
  for (const Id id : turns_.next_round()) take_turn(id);
  if (!turns_.empty()) turn_timer_ = loop_.once(Duration::zero(), [this] { take_turns(); });
}

void BrokerServer::Impl::take_turn(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  connection.queued = false;
  try {
    if (!serve(connection)) return drop(id);
  } catch (const std::exception& error) {
    tell("failed", connection.peer, error.what());
    return drop(id);
  }
  if (connection.paused) pause(id, connection);
}

bool BrokerServer::Impl::serve(Connection& connection) {
  RequestBytes bytes{};
  const Incoming incoming = receive_request(connection.socket.value(), bytes);
  if (incoming.kind == Incoming::Kind::nothing) return true;
  if (incoming.kind == Incoming::Kind::end) return false;
  ++figures_.requests;
  // A packet with descriptors is refused as malformed.
  return serve_packet(connection, std::span{bytes}.first(incoming.descriptors ? 0 : incoming.size));
}

bool BrokerServer::Impl::serve_packet(Connection& connection, std::span<const std::uint8_t> bytes) {
  const auto request = broker::parse_broker_request(bytes);
  if (request && request->version == broker::broker_version) {
    connection.deadline = after(os::EventLoop::now(), longest_idle);
    return answer(connection, *request);
  }
  ++figures_.bad;
  send_last_reply(connection.socket.value(),
                  {.status = request ? broker::BrokerStatus::bad_version : broker::BrokerStatus::bad_request});
  tell("refused", connection.peer, request ? "another version of the protocol" : "malformed request");
  return false;
}

bool BrokerServer::Impl::answer(Connection& connection, const broker::BrokerRequest& request) {
  const auto refusal = quota_.refusal(connection.peer.uid, request.count, os::EventLoop::now());
  return refusal ? limit(connection, *refusal) : grant(connection, request);
}

bool BrokerServer::Impl::grant(Connection& connection, const broker::BrokerRequest& request) {
  Sockets sockets;
  sockets.reserve(request.count);
  while (sockets.size() < request.count) {
    os::PingSocket made = maker_(request);
    if (!made.socket) return fail(connection, made);
    sockets.push_back(std::move(made.socket));
  }
  return hand_over(connection, sockets);
}

bool BrokerServer::Impl::fail(const Connection& connection, const os::PingSocket& made) {
  ++figures_.failed;
  tell("failed", connection.peer, made.doing + ": " + made.error.message());
  const int error = made.error ? made.error.value() : EIO;
  const broker::BrokerReply reply{.status = broker::BrokerStatus::failed, .error = static_cast<std::uint32_t>(error)};
  return !send_reply(connection.socket.value(), reply);
}

bool BrokerServer::Impl::hand_over(Connection& connection, const Sockets& sockets) {
  const broker::BrokerReply reply{.status = broker::BrokerStatus::granted,
                                  .count = static_cast<std::uint8_t>(sockets.size())};
  const std::error_code error = send_reply(connection.socket.value(), reply, sockets);
  if (error == std::error_code{ETOOMANYREFS, std::system_category()})
    return limit(connection, {"too many sockets wait to be fetched", pause_of_greedy});
  if (error) return false;  // the client is gone, or does not fetch its replies
  ++figures_.granted;
  for (const auto& socket : sockets) quota_.add(connection.peer.uid, os::bound_port(socket.value()));
  return true;
}

/// Tells the client, then does not read from it for 50 ms, so that a flood costs this process little.
bool BrokerServer::Impl::limit(Connection& connection, const Refusal& refusal) {
  ++figures_.limited;
  tell("limited", connection.peer, std::string{refusal.why});
  connection.paused = true;
  const bool in_time = refusal.retry_after > Duration::zero();
  const Duration wait = in_time ? std::max(refusal.retry_after, pause_of_greedy) : Duration::zero();
  return !send_reply(connection.socket.value(), limited_reply(wait));
}

void BrokerServer::Impl::pause(Id id, Connection& connection) {
  loop_.unwatch(connection.socket.value());
  paused_.push_back(id);
  if (!resume_timer_) resume_timer_ = loop_.once(pause_of_greedy, [this] { resume(); });
}

void BrokerServer::Impl::resume() {
  resume_timer_.reset();
  for (const Id id : std::exchange(paused_, {})) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    found->second.paused = false;
    found->second.deadline = after(os::EventLoop::now(), longest_idle);
    watch(id);
  }
}

BrokerServer::BrokerServer(os::EventLoop& loop, Log& log, BrokerSetup setup)
    : impl_{std::make_unique<Impl>(loop, log, std::move(setup))} {}

BrokerServer::~BrokerServer() = default;

void BrokerServer::stop_accepting() { impl_->stop_accepting(); }

BrokerFigures BrokerServer::figures() const noexcept { return impl_->figures(); }

}  // namespace multiping::daemon
