// Tests sending through a device without a bind to it, and the answers of rtnetlink(7) about devices.
// The kernel of a test machine may not support VRFs, so the test itself makes these answers.
#include "os/network_device.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "netns/namespace.hpp"
#include "os/socket_basics.hpp"
#include "support/hex.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(network_device_test, *precondition(needs_root))

template <class T>
Bytes bytes_of(const T& value) {
  Bytes bytes(NLMSG_ALIGN(sizeof value));
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

Bytes attribute(unsigned type, const Bytes& payload) {
  const auto length = static_cast<unsigned short>(RTA_LENGTH(payload.size()));
  Bytes bytes = bytes_of(rtattr{.rta_len = length, .rta_type = static_cast<unsigned short>(type)}) + payload;
  bytes.resize(RTA_ALIGN(bytes.size()));
  return bytes;
}

Bytes text(const std::string& value) {
  Bytes bytes{value.begin(), value.end()};
  bytes.push_back(0);
  return bytes;
}

Bytes answer(const Bytes& attributes, unsigned type = RTM_NEWLINK) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + sizeof(ifinfomsg) + attributes.size());
  header.nlmsg_type = static_cast<std::uint16_t>(type);
  return bytes_of(header) + bytes_of(ifinfomsg{}) + attributes;
}

BOOST_AUTO_TEST_CASE(a_vrf_and_its_devices_are_known) {
  const Bytes name = attribute(IFLA_IFNAME, text("va"));
  const auto kinds = [](const Bytes& attributes) { return attribute(IFLA_LINKINFO, attributes); };
  const Bytes vrf = attribute(IFLA_INFO_KIND, text("vrf")), veth = attribute(IFLA_INFO_KIND, text("veth"));
  const Bytes of_vrf = attribute(IFLA_INFO_SLAVE_KIND, text("vrf"));
  const Bytes of_bridge = attribute(IFLA_INFO_SLAVE_KIND, text("bridge"));
  BOOST_TEST((os::is_of_vrf(answer(name + kinds(vrf))) == true));
  BOOST_TEST((os::is_of_vrf(answer(name + kinds(veth + of_vrf))) == true));
  BOOST_TEST((os::is_of_vrf(answer(name + kinds(veth + of_bridge))) == false));
  BOOST_TEST((os::is_of_vrf(answer(name + kinds(veth))) == false));
  BOOST_TEST((os::is_of_vrf(answer(name)) == false));
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_tells_nothing) {
  BOOST_TEST(!os::is_of_vrf({}).has_value());
  BOOST_TEST(!os::is_of_vrf(answer({}, NLMSG_ERROR)).has_value());
  Bytes cut = answer(attribute(IFLA_IFNAME, text("va")));
  cut.pop_back();
  BOOST_TEST(!os::is_of_vrf(cut).has_value());
  Bytes odd = answer(attribute(IFLA_LINKINFO, hex("ffff 0100 76726600")));  // longer than the attribute around it
  BOOST_TEST((os::is_of_vrf(odd) == false));
  odd = answer(hex("0300 1200"));  // shorter than its own header
  BOOST_TEST((os::is_of_vrf(odd) == false));
}

BOOST_AUTO_TEST_CASE(the_master_of_a_device_is_known) {
  BOOST_TEST(os::master_in(answer(attribute(IFLA_IFNAME, text("va")) + attribute(IFLA_MASTER, bytes_of(7U)))) == 7U);
  BOOST_TEST(os::master_in(answer(attribute(IFLA_IFNAME, text("va")))) == 0U);
  BOOST_TEST(os::master_in(answer(attribute(IFLA_MASTER, hex("0700")))) == 0U);
  BOOST_TEST(os::master_in({}) == 0U);
  in_namespace([] {
    run("ip link add va type veth peer name vb && ip link add br0 type bridge && ip link set va master br0");
    BOOST_TEST(os::master_of(::if_nametoindex("va")) == ::if_nametoindex("br0"));
    BOOST_TEST(os::master_of(::if_nametoindex("vb")) == 0U);
    BOOST_TEST(os::master_of(12'345) == 0U);
  });
}

BOOST_AUTO_TEST_CASE(only_devices_that_are_there_are_sent_through) {
  in_namespace([] {
    run("ip link add va type veth peer name vb && ip link add br0 type bridge && ip link set va master br0");
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const os::FileDescriptor socket = os::open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
      for (const char* device : {"lo", "va", "vb", "br0"})
        BOOST_TEST(os::send_through(socket.value(), family, device), device);
      for (const char* device : {"vc", "", "a_name_of_too_many_characters"})
        BOOST_TEST(!os::send_through(socket.value(), family, device), device);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
