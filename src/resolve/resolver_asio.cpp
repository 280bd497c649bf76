// The system's resolver, through Boost.Asio. The one file that includes Boost.Asio.
// Synchronous on purpose: Asio's asynchronous resolver has a thread of its own, whose end it waits for.
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
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

Answer failure(const boost::system::error_code& error) {
  if (error == asio::error::host_not_found || error == asio::error::no_data) return {{}, Errc::no_address};
  return {{}, Errc::lookup_failed, error == asio::error::host_not_found_try_again};
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
    const auto found = ask(name, family, error);
    if (error) return failure(error);
    auto addresses = distinct(found, family);
    if (addresses.empty()) return {{}, Errc::no_address};
    return {std::move(addresses)};
  }

  /// Asio calls getnameinfo(3) once more when it fails, so that a silent name server costs twice the time. Where there
  /// is no name, it gives the address as text.
  Answer look_up(const Address& address) override {
    boost::system::error_code error;
    const auto found = resolver_.resolve(endpoint_of(address), error);
    if (error) return failure(error);
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
