// A daemon that joins gets the descriptors of the claim by SCM_RIGHTS; a pipe tells when the last one has ended.
// See ping_group_claim.hpp.
#include "apps/multipingd/ping_group_claim.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

namespace multiping::daemon {
namespace {

using ClaimClock = std::chrono::steady_clock;

constexpr std::string_view claim_name{"\0multiping/ping_group_range", 27};
constexpr int claim_backlog = 8;
constexpr std::size_t most_told = 4;
constexpr auto patience_with_told = std::chrono::seconds{2};  // less than a service manager waits for the guard to end
constexpr auto pause_between_tries = std::chrono::milliseconds{5};
constexpr std::uint32_t claim_version = 1;  // of the message, so that another version is not misunderstood

/// The message that tells a claim. A process that is not believed gets one with version 0 and without descriptors.
struct ClaimWord {
  std::uint32_t version = 0, before_first = 0, before_last = 0, after_first = 0, after_last = 0;
};

constexpr std::size_t descriptors_told = 3;

os::FileDescriptor claim_socket() noexcept {
  return os::FileDescriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

struct ClaimName {
  sockaddr_un address{};
  socklen_t size = offsetof(sockaddr_un, sun_path) + claim_name.size();

  ClaimName() noexcept {
    address.sun_family = AF_UNIX;
    claim_name.copy(address.sun_path, claim_name.size());
  }
  [[nodiscard]] const sockaddr* any() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
};

int milliseconds_until(ClaimClock::time_point end) noexcept {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - ClaimClock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

bool becomes_printable(int descriptor, int patience_ms) noexcept {
  pollfd readable{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&readable, 1, patience_ms);
  } while (ready < 0 && errno == EINTR);
  return ready == 1;
}

/// One message with descriptors, as sendmsg(2) and recvmsg(2) take it.
struct ClaimMessage {
  ClaimWord word{};
  iovec bytes{&word, sizeof word};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_told * sizeof(int))> control{};
  msghdr header{};

  ClaimMessage() noexcept {
    header.msg_iov = &bytes;
    header.msg_iovlen = 1;
  }
  ClaimMessage(const ClaimMessage&) = delete;
  ClaimMessage& operator=(const ClaimMessage&) = delete;
  void with_control() noexcept {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  void tell(const RangeChange& change, const std::array<int, descriptors_told>& descriptors) noexcept {
    word = {.version = claim_version,
            .before_first = change.before.first,
            .before_last = change.before.last,
            .after_first = change.after.first,
            .after_last = change.after.last};
    with_control();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptors);
    std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof descriptors);
  }
};

using ToldDescriptors = std::array<os::FileDescriptor, descriptors_told>;

/// The descriptors of a message; none when there are fewer than three. Any further ones are closed.
std::optional<ToldDescriptors> descriptors_in(msghdr& header) noexcept {
  ToldDescriptors found;
  std::size_t count = 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t here = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < here; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(each) + i * sizeof(int), sizeof descriptor);
      os::FileDescriptor owned{descriptor};
      if (count < found.size()) found.at(count++) = std::move(owned);
    }
  }
  return count == found.size() ? std::optional{std::move(found)} : std::nullopt;
}

bool believes(const os::PeerCredentials& peer, const Account& account) noexcept {
  return peer.uid == 0 || peer.uid == account.user;
}

}  // namespace

std::optional<PingGroupClaim> PingGroupClaim::make() noexcept {
  PingGroupClaim claim;
  claim.listener_ = claim_socket();
  const ClaimName own;
  if (::bind(claim.listener_.value(), own.any(), own.size) != 0) return std::nullopt;
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
  claim.others_ = os::FileDescriptor{ends[0]};
  claim.here_ = os::FileDescriptor{ends[1]};
  if (::listen(claim.listener_.value(), claim_backlog) != 0) return std::nullopt;
  return claim;
}

std::optional<PingGroupClaim> PingGroupClaim::told_by(os::FileDescriptor connection) noexcept {
  ClaimMessage message;
  message.with_control();
  const ssize_t size = ::recvmsg(connection.value(), &message.header, MSG_CMSG_CLOEXEC);
  auto descriptors = size > 0 ? descriptors_in(message.header) : std::nullopt;
  const ClaimWord& word = message.word;
  if (size != sizeof word || word.version != claim_version || !descriptors) return std::nullopt;
  PingGroupClaim claim;
  claim.listener_ = std::move((*descriptors)[0]);
  claim.others_ = std::move((*descriptors)[1]);
  claim.here_ = std::move((*descriptors)[2]);
  claim.teller_ = std::move(connection);
  claim.change_ = RangeChange{.before = {.first = word.before_first, .last = word.before_last},
                              .after = {.first = word.after_first, .last = word.after_last}};
  return claim;
}

/// The process that holds the name may be starting or ending, and close the connection. Then this is tried again.
ClaimAttempt PingGroupClaim::take(const Account& account, std::chrono::milliseconds patience) {
  const auto end = ClaimClock::now() + patience;
  ClaimAttempt attempt;
  for (;; std::this_thread::sleep_for(pause_between_tries)) {
    if ((attempt.claim = make())) return attempt;
    if (milliseconds_until(end) == 0) return attempt;
    os::FileDescriptor connection = claim_socket();
    const ClaimName theirs;
    if (::connect(connection.value(), theirs.any(), theirs.size) != 0) continue;
    attempt.holder = os::peer_credentials(connection.value());
    if (!attempt.holder || !believes(*attempt.holder, account)) return attempt;
    if (!becomes_printable(connection.value(), milliseconds_until(end))) return attempt;
    char nothing = 0;
    if (::recv(connection.value(), &nothing, 1, MSG_PEEK) <= 0) continue;
    attempt.claim = told_by(std::move(connection));
    return attempt;
  }
}

std::vector<int> PingGroupClaim::descriptors() const { return {listener_.value(), others_.value(), here_.value()}; }

void PingGroupClaim::answer(const Account& account) noexcept {
  os::FileDescriptor asker{::accept4(listener_.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  const auto peer = asker ? os::peer_credentials(asker.value()) : std::nullopt;
  if (!peer) return;
  ClaimMessage message;
  const bool believed = change_ && (believes(*peer, account) || peer->gid == account.group);
  if (believed) message.tell(*change_, {listener_.value(), others_.value(), here_.value()});
  if (::sendmsg(asker.value(), &message.header, MSG_NOSIGNAL) < 0 || !believed) return;
  std::erase_if(told_, [](const os::FileDescriptor& each) { return becomes_printable(each.value(), 0); });
  if (told_.size() < most_told) told_.push_back(std::move(asker));
}

bool PingGroupClaim::leave() noexcept {
  here_ = os::FileDescriptor{};
  const auto end = ClaimClock::now() + patience_with_told;
  for (const os::FileDescriptor& each : told_) (void)becomes_printable(each.value(), milliseconds_until(end));
  told_.clear();
  char nothing = 0;
  return ::read(others_.value(), &nothing, 1) == 0;
}

}  // namespace multiping::daemon
