// getaddrinfo(3) says "try again" both for a server in trouble and for one that is not there, and leaves no errno that
// tells them apart. So each server is asked once more, for the root's name servers. See resolver_settings.hpp.
#include "resolve/resolver_settings.hpp"

#include <langinfo.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace multiping::resolver {
namespace {

#ifdef __GLIBC__

using Clock = std::chrono::steady_clock;

/// RFC 1035, section 4.1: identifier, recursion desired, one question: the root's (no label) NS, class IN.
constexpr std::array<std::uint8_t, 17> root_query{0x6d, 0x70, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
constexpr unsigned not_implemented = 4, refused = 5;  // response codes, section 4.1.1

class Socket {
 public:
  explicit Socket(int family) noexcept : descriptor_{::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int value() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// Whether the error of a system call is about the server, not about this process.
bool is_refusal(int error) noexcept {
  return error != EAGAIN && error != EINTR && error != EMFILE && error != ENFILE && error != ENOMEM && error != ENOBUFS;
}

bool is_refusal(const std::uint8_t* response, std::size_t size) noexcept {
  if (size < 4) return false;
  const unsigned code = response[3] & 0xfU;
  return code == refused || code == not_implemented;
}

void await_printable(int descriptor, Clock::time_point until) noexcept {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  pollfd ready{descriptor, POLLIN, 0};
  static_cast<void>(::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(wait.count(), 0))));
}

bool refuses(const sockaddr* server, socklen_t size, Clock::time_point until) noexcept {
  const Socket socket{server->sa_family};
  if (socket.value() < 0) return is_refusal(errno);
  if (::connect(socket.value(), server, size) != 0) return is_refusal(errno);
  if (::send(socket.value(), root_query.data(), root_query.size(), MSG_NOSIGNAL) < 0) return is_refusal(errno);
  await_printable(socket.value(), until);
  std::array<std::uint8_t, 512> response{};
  const auto got = ::recv(socket.value(), response.data(), response.size(), 0);
  return got < 0 ? is_refusal(errno) : is_refusal(response.data(), static_cast<std::size_t>(got));
}

/// Asks the server with this index: in the list of IPv4 servers the place of an IPv6 server is empty.
bool server_refuses(std::size_t index, Clock::time_point until) noexcept {
  const auto& v4 = _res.nsaddr_list[index];
  if (v4.sin_family == AF_INET) return refuses(reinterpret_cast<const sockaddr*>(&v4), sizeof v4, until);
  const auto* const v6 = _res._u._ext.nsaddrs[index];
  return v6 != nullptr && refuses(reinterpret_cast<const sockaddr*>(v6), sizeof *v6, until);
}

#endif

#ifdef AI_IDN

/// The locale lives as long as the process, since a lookup may outlive every other owner.
::locale_t utf8_locale() noexcept {
  static const ::locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", ::locale_t{});
  return locale;
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

#endif

}  // namespace

#ifdef __GLIBC__

/// glibc keeps these settings in memory that the next thread gets after this one has ended, and res_init(3) takes
/// values that it finds there for a choice of the program. The values of this host would then come back with the next
/// change of its settings, or at once. So this function clears the values first.
void renew_resolver_state() noexcept {
  _res.retrans = 0;
  _res.retry = 0;
  if (::res_init() != 0) return;  // the settings stay as they are: slower, not wrong
  _res.retrans = 1;               // seconds
  _res.retry = 1;
}

bool name_servers_refuse(Duration wait) noexcept {
  const auto until = Clock::now() + wait;
  const auto count = static_cast<std::size_t>(std::clamp(_res.nscount, 0, MAXNS));
  for (std::size_t i = 0; i < count; ++i)
    if (!server_refuses(i, until)) return false;
  return count > 0;
}

#else

void renew_resolver_state() noexcept {}
bool name_servers_refuse(Duration) noexcept { return false; }

#endif

#ifdef AI_IDN

int flag_for(std::string_view name) noexcept { return is_ascii(name) ? 0 : AI_IDN; }

NamesInUtf8::NamesInUtf8() noexcept {
  const bool ascii_alone = std::string_view{::nl_langinfo(CODESET)} == "ANSI_X3.4-1968";
  if (ascii_alone && utf8_locale() != ::locale_t{}) before_ = ::uselocale(utf8_locale());
}

NamesInUtf8::~NamesInUtf8() {
  if (before_ != ::locale_t{}) ::uselocale(before_);
}

#else

int flag_for(std::string_view) noexcept { return 0; }
NamesInUtf8::NamesInUtf8() noexcept = default;
NamesInUtf8::~NamesInUtf8() = default;

#endif

}  // namespace multiping::resolver
