// The system's resolver through Boost.Asio, which no other file includes. See lookup.hpp.
// The calls are synchronous: Asio's asynchronous resolver has a thread of its own, and waits for its end.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

#include "multiping/error.hpp"
#include "resolve/resolver_settings.hpp"
#include "resolve/single_lookup.hpp"

namespace multiping::resolver {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

constexpr Duration at_once = std::chrono::milliseconds{100};    // a lookup that took no longer was turned down
constexpr Duration least_wait = std::chrono::milliseconds{20};  // for a server that turns queries down

Address address_of(const asio::ip::address& address) {
  if (address.is_v4()) return Address::v4(address.to_v4().to_bytes());
  const auto v6 = address.to_v6();
  return Address::v6(v6.to_bytes(), static_cast<std::uint32_t>(v6.scope_id()));
}

udp::endpoint endpoint_of(const Address& address) {
  if (address.family() == Family::ipv4) {
    asio::ip::address_v4::bytes_type octets{};
    std::copy_n(address.bytes().begin(), octets.size(), octets.begin());
    return {asio::ip::address_v4{octets}, 0};
  }
  asio::ip::address_v6::bytes_type octets{};
  std::copy_n(address.bytes().begin(), octets.size(), octets.begin());
  return {asio::ip::address_v6{octets, address.scope_id()}, 0};
}

/// The distinct addresses of `family`: getaddrinfo(3) may list an address more than once, and hosts files may have
/// IPv4-mapped ones.
std::vector<Address> distinct(const udp::resolver::results_type& found, Family family) {
  std::vector<Address> addresses;
  for (const auto& entry : found) {
    const auto address = address_of(entry.endpoint().address());
    if (family != Family::any && address.family() != family) continue;
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

/// Whether no descriptor can be opened at present.
bool out_of_descriptors() noexcept {
  const int trial = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (trial < 0) return is_shortage(errno);
  ::close(trial);
  return false;
}

/// The answer for an error of a lookup; `number` is the errno that the lookup left. Without a descriptor for the hosts
/// file or for a name server, getaddrinfo(3) says that there is no such name, though it has not looked for it.
Answer failure(const boost::system::error_code& error, int number) {
  const bool none = error == asio::error::host_not_found || error == asio::error::no_data;
  const bool not_made = is_shortage(number) || is_shortage(error.value()) || (none && out_of_descriptors());
  if (none && !not_made) return {{}, Errc::no_address};
  return {{}, Errc::lookup_failed, not_made || error == asio::error::host_not_found_try_again};
}

/// After a quick "try again", the lookup is made again unless the name servers refuse: a server that is there may do
/// better soon.
void mind_refusal(Answer& answer, Duration took) noexcept {
  if (answer.try_again && took < at_once) answer.try_again = !name_servers_refuse(2 * took + least_wait);
}

class GetaddrinfoLookup final : public Lookup {
 public:
  /// A name that is not in ASCII is looked up in its ASCII form first, as by ping(8). Then it is looked up as it is,
  /// since hosts files and multicast DNS have such names.
  Answer look_up(const std::string& name, Family family) override {
    if (const int flag = flag_for(name)) {
      auto answer = look_up(name, family, flag);
      if (!answer.error || answer.try_again) return answer;
    }
    return look_up(name, family, 0);
  }

  /// Asio calls getnameinfo(3) again when it fails, so that a silent name server costs twice the time. When there is no
  /// name, getnameinfo(3) gives the address as text.
  Answer look_up(const Address& address) override {
    return timed([&](boost::system::error_code& error) -> Answer {
      const auto found = resolver_.resolve(endpoint_of(address), error);
      if (error) return {};
      return {.name = found.begin()->host_name()};
    });
  }

 private:
  Answer look_up(const std::string& name, Family family, int flag) {
    return timed([&](boost::system::error_code& error) -> Answer {
      const auto found = ask(name, family, static_cast<udp::resolver::flags>(flag), error);
      if (error) return {};
      auto addresses = distinct(found, family);
      if (addresses.empty()) return {{}, Errc::no_address};
      return {std::move(addresses)};
    });
  }

  template <typename Query>
  Answer timed(Query query) {
    renew_resolver_state();
    const auto began = std::chrono::steady_clock::now();
    boost::system::error_code error;
    errno = 0;
    auto answer = query(error);
    if (!error) return answer;
    answer = failure(error, errno);
    mind_refusal(answer, std::chrono::steady_clock::now() - began);
    return answer;
  }

  udp::resolver::results_type ask(const std::string& name, Family family, udp::resolver::flags flags,
                                  boost::system::error_code& error) {
    const NamesInUtf8 in_utf8;
    if (family == Family::any) return resolver_.resolve(name, "", flags, error);
    return resolver_.resolve(family == Family::ipv4 ? udp::v4() : udp::v6(), name, "", flags, error);
  }

  asio::io_context context_{};
  udp::resolver resolver_{context_};
};

}  // namespace

std::unique_ptr<Lookup> system_lookup() { return std::make_unique<GetaddrinfoLookup>(); }

}  // namespace multiping::resolver
