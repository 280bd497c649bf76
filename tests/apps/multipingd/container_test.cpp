// Tests a client in its own user and network namespace, as in a container, which shares only the broker's socket with
// the host. Its echo requests are sent by the host; everything else is sent in its own network namespace.
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <system_error>

#include "apps/multipingd/daemon.hpp"
#include "broker/broker_sockets.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"
#include "os/socket_basics.hpp"

BOOST_AUTO_TEST_SUITE(container_test,
                      *boost::unit_test::precondition(multiping::test::needs_to_work(
                          "setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --net true")))

namespace {

using namespace multiping;
using namespace multiping::test;
using namespace std::chrono_literals;

using boost::unit_test::precondition;

std::error_code error_of(int number) { return {number, std::system_category()}; }

Options over_broker() { return {.transport = open_transport({.kinds = {TransportKind::broker}})}; }

/// True when a sanitizer runs a thread: a process with several threads cannot make a user namespace, unshare(2).
bool has_threads() {
  const auto threads = std::filesystem::directory_iterator{"/proc/self/task"};
  return std::distance(begin(threads), end(threads)) > 1;
}

/// An ordinary user makes a user and a network namespace, and has all capabilities inside. With threads the process
/// only enters a network namespace and becomes the user nobody.
void enter_namespaces() {
  const bool only_network = has_threads();
  if (only_network) BOOST_REQUIRE(::unshare(CLONE_NEWNET) == 0);
  become_nobody();
  if (only_network) return;
  BOOST_REQUIRE_MESSAGE(::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, "a user namespace, error " << errno);
}

/// Enters the namespaces as an ordinary user, and gives up the capabilities inside.
void enter_container() {
  enter_namespaces();
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  BOOST_REQUIRE(::syscall(SYS_capset, &header, none) == 0);
}

/// Enters the namespaces as root of the container, with all capabilities inside.
void enter_container_as_root() {
  const uid_t user = 65534;
  enter_namespaces();
  BOOST_REQUIRE(::prctl(PR_SET_DUMPABLE, 1) == 0);  // else the files in /proc/self belong to root of the host
  std::ofstream{"/proc/self/uid_map"} << "0 " << user << " 1";
  BOOST_REQUIRE(::geteuid() == 0U);
}

boost::test_tools::assertion_result needs_one_thread(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result{!has_threads()};
  result.message() << "a thread of a sanitizer keeps a process from a user namespace";
  return result;
}

/// Runs `inside` in a container, while a daemon runs on its host. The host has 10.77.0.1 and fe80::77 on the interface
/// "outer", which the container does not have.
void in_container(const std::function<void()>& enter, const std::function<void()>& inside) {
  in_namespace([&] {
    run("ip link add outer type veth peer name other && ip link set outer up && ip link set other up");
    run("ip addr add 10.77.0.1/24 dev outer && ip addr add fe80::77/64 dev outer nodad");
    wait_for_addresses();
    const Daemon daemon;
    Child client{[&] {
      enter();
      inside();
    }};
    BOOST_TEST(client.join());
  });
}

Result probe(const std::string& host, const ProbeOptions& options, const Options& over) {
  MultiPing one{{{host, options}}, over};
  one.send();
  static_cast<void>(one.receive(10s));
  return one.results().front();
}

std::string complaint(const std::string& host, const ProbeOptions& options, std::error_code expected) {
  try {
    const Result result = probe(host, options, over_broker());
    std::ostringstream text;
    text << result;
    BOOST_ERROR("no error, but " << text.str());
  } catch (const std::system_error& error) {
    BOOST_TEST(error.code() == expected, error.what());
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

BOOST_AUTO_TEST_CASE(hosts_are_those_that_the_broker_reaches) {
  in_container(enter_container, [] {
    const Options over{.transport = open_transport()};
    BOOST_CHECK(capabilities(*over.transport).kind == TransportKind::broker);
    // The container's own loopback interface is down.
    const multiping::Batch batch = multi_ping({"10.77.0.1", "127.0.0.1", "::1"}, 10s, 2, over);
    BOOST_TEST(batch.responses.size() == 3U);
    for (const Result& result : batch.responses) BOOST_TEST(unsigned{result.auth_bits} == 80U);
  });
}

BOOST_AUTO_TEST_CASE(other_probes_take_the_container_s_own_network) {
  in_container(enter_container, [] {
    const ProbeOptions udp{.protocol = Protocol::udp}, tcp{.protocol = Protocol::tcp, .port = 9};
    const Options over = over_broker();
    for (const ProbeOptions& each : {udp, tcp}) {
      const Result result = probe("10.77.0.1", each, over);
      BOOST_CHECK(result.outcome == multiping::Outcome::send_failed);
      BOOST_CHECK(result.error == error_of(ENETUNREACH));
    }
    BOOST_TEST(probe("10.77.0.1", {}, over_broker()).answered());
  });
}

BOOST_AUTO_TEST_CASE(devices_and_sources_are_the_broker_s) {
  in_container(enter_container, [] {
    const Address source = *Address::parse("10.77.0.1");
    for (const ProbeOptions& each : {ProbeOptions{.device = "outer"}, ProbeOptions{.source_v4 = source},
                                     ProbeOptions{.source_v4 = source, .device = "outer"}})
      BOOST_TEST(probe("10.77.0.1", each, over_broker()).answered());
  });
}

BOOST_AUTO_TEST_CASE(devices_and_sources_of_the_container_are_errors, *precondition(needs_one_thread)) {
  in_container(enter_container_as_root, [] {
    run("ip link add inner type veth peer name other && ip link set inner up && ip link set other up");
    run("ip addr add 10.78.0.1/24 dev inner && ip addr add fd78::1/64 dev inner nodad");
    wait_for_addresses();
    const std::string device = complaint("10.77.0.1", {.device = "inner"}, error_of(ENODEV));
    BOOST_TEST(contains(device, "ProbeOptions::device inner in the broker's network"), device);
    const ProbeOptions v4{.source_v4 = *Address::parse("10.78.0.1")}, v6{.source_v6 = *Address::parse("fd78::1")};
    const std::string first = complaint("10.77.0.1", v4, error_of(EADDRNOTAVAIL));
    BOOST_TEST(contains(first, "cannot open a ping socket for ipv4 at 10.78.0.1"), first);
    const std::string second = complaint("::1", v6, error_of(EADDRNOTAVAIL));
    BOOST_TEST(contains(second, "cannot open a ping socket for ipv6 at fd78::1"), second);
  });
}

BOOST_AUTO_TEST_CASE(zones_by_number_are_the_broker_s) {
  in_namespace([] {
    run("ip link add outer index 77 type veth peer name other && ip link set outer up && ip link set other up");
    run("ip addr add fe80::77/64 dev outer nodad");
    wait_for_addresses();
    const Daemon daemon;
    Child client{[] {
      enter_container();
      BOOST_TEST(probe("fe80::77%77", {}, over_broker()).answered());
      // A name is looked up by this process, which has no such interface.
      BOOST_CHECK_THROW(MultiPing("fe80::77%outer", over_broker()), ResolveError);
    }};
    BOOST_TEST(client.join());
  });
}

BOOST_AUTO_TEST_CASE(root_of_a_container_has_no_rights_elsewhere, *precondition(needs_one_thread)) {
  in_container(enter_container_as_root, [] {
    run("ip link set lo up");
    BOOST_CHECK(capabilities(*open_transport()).kind == TransportKind::raw);  // in the container's own network
    BOOST_TEST(!probe("10.77.0.1", {}, {}).answered());
    const Options over = over_broker();
    BOOST_TEST(!capabilities(*over.transport).mark);
    const std::string text = complaint("10.77.0.1", {.mark = 5}, error_of(EPERM));
    BOOST_TEST(contains(text, "ProbeOptions::mark 5"), text);
    BOOST_TEST(probe("10.77.0.1", {}, over).answered());
  });
}

BOOST_AUTO_TEST_CASE(sockets_of_this_network_are_not_elsewhere) {
  in_namespace([] {
    const Daemon daemon;
    for (const bool container : {false, true}) {
      Child client{[container] {
        container ? enter_container() : become_nobody();
        broker::BrokerSockets sockets{TransportOptions{}.broker, 0};
        BOOST_REQUIRE(!sockets.fetch().error);
        BOOST_TEST(sockets.elsewhere() == container);
      }};
      BOOST_TEST(client.join());
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
