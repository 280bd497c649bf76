// The system's resolver, through Boost.Asio. The one file that includes Boost.Asio.
// Synchronous on purpose: Asio's asynchronous resolver has a thread of its own, whose end it waits for.
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <utility>

#include "multiping/error.hpp"
#include "resolve/lookup.hpp"

namespace multiping::resolver {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

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

/// getaddrinfo(3) may list an address more than once, and hosts files have IPv4-mapped ones.
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

/// As far as this process can tell now.
bool out_of_descriptors() noexcept {
  const int trial = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (trial < 0) return is_shortage(errno);
  ::close(trial);
  return false;
}

/// `number` is the errno that the lookup left. Without a descriptor for the hosts file or for a name server
/// getaddrinfo(3) says that there is no such name, which nobody has looked at.
Answer failure(const boost::system::error_code& error, int number) {
  const bool none = error == asio::error::host_not_found || error == asio::error::no_data;
  const bool not_made = is_shortage(number) || is_shortage(error.value()) || (none && out_of_descriptors());
  if (none && !not_made) return {{}, Errc::no_address};
  return {{}, Errc::lookup_failed, not_made || error == asio::error::host_not_found_try_again};
}

class SystemLookup final : public Lookup {
 public:
  SystemLookup() {
    if (::res_init() != 0) return;  // the settings stay as they are: slower, not wrong
    _res.retrans = 1;               // seconds
    _res.retry = 1;
  }

  Answer look_up(const std::string& name, Family family) override {
    boost::system::error_code error;
    errno = 0;
    const auto found = ask(name, family, error);
    if (error) return failure(error, errno);
    auto addresses = distinct(found, family);
    if (addresses.empty()) return {{}, Errc::no_address};
    return {std::move(addresses)};
  }

  /// Asio calls getnameinfo(3) once more when it fails, so that a silent name server costs twice the time. Where there
  /// is no name, it gives the address as text.
  Answer look_up(const Address& address) override {
    boost::system::error_code error;
    errno = 0;
    const auto found = resolver_.resolve(endpoint_of(address), error);
    if (error) return failure(error, errno);
    return {.name = found.begin()->host_name()};
  }

 private:
  udp::resolver::results_type ask(const std::string& name, Family family, boost::system::error_code& error) {
    constexpr udp::resolver::flags none{};
    if (family == Family::any) return resolver_.resolve(name, "", none, error);
    return resolver_.resolve(family == Family::ipv4 ? udp::v4() : udp::v6(), name, "", none, error);
  }

  asio::io_context context_{};
  udp::resolver resolver_{context_};
};

}  // namespace

std::unique_ptr<Lookup> system_lookup() { return std::make_unique<SystemLookup>(); }

}  // namespace multiping::resolver
