// Tests multipingd as a server of the icmp4em protocol: its addresses, and what the locked-down process can still do.
// The answers are tested in apps/multipingd/icmp4em/icmp4em_server_test.cpp.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "apps/multipingd/daemon.hpp"
#include "netns/namespace.hpp"
#include "os/file_descriptor.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_icmp4em_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using namespace multiping;
using namespace multiping::test;

/// A socket that is connected to the icmp4em server.
os::FileDescriptor icmp4em_client() {
  os::FileDescriptor client{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(63312);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(client.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return client;
}

/// The request of an icmp4em client: length and text of the address, and an ICMP echo request, RFC 792.
std::string echo_of_icmp4em(const std::string& address) {
  std::string bytes{'\0', static_cast<char>(address.size())};
  bytes += address;
  const std::array<unsigned char, 12> echo = {8, 0, 0x50, 0x1f, 0x12, 0x34, 0x00, 0x01, 'p', 'i', 'n', 'g'};
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < echo.size(); i += 2) sum += i == 2 ? 0U : echo[i] * 256U + echo[i + 1];
  sum = ~((sum & 0xffffU) + (sum >> 16U));
  for (std::size_t i = 0; i < echo.size(); ++i)
    bytes += static_cast<char>(i == 2 ? sum >> 8U & 0xffU : i == 3 ? sum & 0xffU : echo.at(i));
  return bytes;
}

/// Whether the kernel has dropped datagrams at port 63312: the last word of its line in /proc/net/udp is not 0.
bool kernel_has_dropped() {
  const std::string table = read_file("/proc/net/udp");
  const auto begin = table.find(":F750 ");
  if (begin == std::string::npos) return false;
  const auto last = table.find_last_not_of(" \n", table.find('\n', begin));
  return !table.substr(0, last + 1).ends_with(" 0");
}

}  // namespace

BOOST_AUTO_TEST_CASE(icmp4em_is_served_where_asked_for) {
  in_namespace([] {
    const Daemon daemon{Arguments{"--icmp4em", "--icmp4em", "[::1]:7000"}};
    daemon.wait_for_log("serving icmp4em at [::1]:7000");
    const os::FileDescriptor client = icmp4em_client();
    const std::string request = echo_of_icmp4em("127.0.0.1");
    BOOST_REQUIRE(::send(client.value(), request.data(), request.size(), 0) > 0);
    std::array<unsigned char, 64> answer{};
    BOOST_REQUIRE(::recv(client.value(), answer.data(), answer.size(), 0) == 12);
    BOOST_TEST(answer[0] == 0U);  // an echo reply, with the identifier and payload of the request
    BOOST_TEST((answer[4] == 0x12U && answer[5] == 0x34U && answer[8] == 'p' && answer[11] == 'g'));
    daemon.signal(SIGUSR1);
    daemon.wait_for_log("figures of icmp4em at 127.0.0.1:63312: requests 1, denied 0");
  });
}

// The seccomp filter must let the daemon set a packet filter. Each burst is smaller than the socket's receive buffer,
// so the kernel drops datagrams only because of the packet filter.
BOOST_AUTO_TEST_CASE(who_floods_icmp4em_is_muted_by_the_kernel) {
  in_namespace([] {
    const Daemon daemon{Arguments{"--icmp4em"}};
    daemon.wait_for_log("serving icmp4em");
    const os::FileDescriptor client = icmp4em_client();
    const std::string request = echo_of_icmp4em("127.0.0.1");
    const auto flood = [&] {
      for (int i = 0; i < 300; ++i) static_cast<void>(::send(client.value(), request.data(), request.size(), 0));
    };
    const auto flood_until = [&](const std::function<bool()>& done, const char* what) {
      wait_until([&] { return flood(), done(); }, what);
    };
    flood_until([&] { return daemon.log().find("is not listened to") != std::string::npos; }, "it is muted");
    flood_until(kernel_has_dropped, "the kernel drops what it sends");
    daemon.signal(SIGUSR1);
    daemon.wait_for_log(", muted ");
  });
}

BOOST_AUTO_TEST_CASE(icmp4em_address_of_another_host_is_an_error) {
  in_namespace([] {
    std::string error = "none";
    try {
      const Daemon daemon{Arguments{"--icmp4em", "192.0.2.1", "--icmp4em-allow", "192.0.2.0/24"}};
    } catch (const std::runtime_error& thrown) {
      error = thrown.what();
    }
    BOOST_TEST(error.find("cannot serve icmp4em at 192.0.2.1:63312") != std::string::npos, error);
    BOOST_TEST(read_file("/proc/sys/net/ipv4/ping_group_range") == "1\t0\n");
  });
}

BOOST_AUTO_TEST_SUITE_END()
