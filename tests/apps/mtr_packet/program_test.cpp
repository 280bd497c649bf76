// Runs multiping-packet as root, as an ordinary user with ping sockets of its own, and with those of a broker: what it
// may do then, and how it treats its streams.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "apps/mtr_packet/packet_client.hpp"
#include "netns/through_broker.hpp"

BOOST_AUTO_TEST_SUITE(mtr_packet_program_test, *boost::unit_test::precondition(multiping::test::needs_root))

using namespace multiping::test;
using boost::unit_test::label;
using boost::unit_test::precondition;

namespace {

/// Who may ping here: an ordinary user by ping sockets of its own or of a broker, and root where this run is root's.
std::vector<User> users() {
  return through_broker_only() ? std::vector{User::nobody} : std::vector{User::root, User::nobody};
}

std::string probes(int count, const std::string& arguments) {
  std::string commands;
  for (int i = 1; i <= count; ++i)
    commands += std::to_string(i) + " send-probe ip-4 127.1." + std::to_string(i / 250) + "." +
                std::to_string(i % 250 + 1) + " " + arguments + "\n";
  return commands;
}

std::size_t count_of(const std::string& text, const std::string& words) {
  std::size_t found = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++found;
  return found;
}

/// The value of a line of /proc/PID/status.
std::string status_of(pid_t pid, const std::string& name) {
  std::istringstream lines{read_file("/proc/" + std::to_string(pid) + "/status")};
  for (std::string word, rest; lines >> word && std::getline(lines >> std::ws, rest);)
    if (word == name + ":") return rest;
  return "";
}

void check_without_capabilities(pid_t pid) {
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    BOOST_TEST(status_of(pid, set) == "0000000000000000", set << " is " << status_of(pid, set));
  BOOST_TEST(status_of(pid, "NoNewPrivs") == "1");
}

}  // namespace

BOOST_AUTO_TEST_CASE(whoever_may_ping_is_served) {
  in_namespace([] {
    allow_ping_sockets();
    for (const User user : users()) {
      const auto told =
          answers_by_token(our_helper(),
                           "1 send-probe ip-4 127.0.0.1\n2 send-probe ip-6 ::1\n"
                           "3 send-probe ip-4 127.0.0.1 protocol udp\n4 send-probe ip-6 ::1 protocol udp\n"
                           "5 send-probe ip-4 127.0.0.1 protocol tcp\n6 send-probe ip-6 ::1 protocol tcp\n"
                           "7 check-support feature icmp\n8 send-probe ip-4 127.0.0.1 local-device lo\n"
                           "9 send-probe ip-4 127.0.0.1 local-ip-4 127.0.0.9\n",
                           user);
      const std::string v4 = "reply ip-4 127.0.0.1 round-trip-time T", v6 = "reply ip-6 ::1 round-trip-time T";
      const std::map<std::string, std::string> expected = {
          {"1", v4}, {"2", v6}, {"3", v4}, {"4", v6}, {"5", v4}, {"6", v6}, {"7", "feature-support support ok"},
          {"8", v4}, {"9", v4}};
      for (const auto& [token, words] : expected) BOOST_TEST(told.at(token) == words, "command " << token);
    }
  });
}

BOOST_AUTO_TEST_CASE(without_permission_udp_and_tcp_are_served, *label("own_sockets")) {
  in_namespace([] {
    allow_ping_sockets(false);
    const auto told = answers_by_token(our_helper(),
                                       "1 send-probe ip-4 127.0.0.1\n2 send-probe ip-4 127.0.0.1 protocol udp\n"
                                       "3 send-probe ip-6 ::1 protocol tcp\n4 check-support feature icmp\n"
                                       "5 check-support feature udp\n6 send-probe ip-4 127.0.0.1 protocol sctp\n",
                                       User::nobody);
    BOOST_TEST(told.at("1") == "permission-denied");
    BOOST_TEST(told.at("2") == "reply ip-4 127.0.0.1 round-trip-time T");
    BOOST_TEST(told.at("3") == "reply ip-6 ::1 round-trip-time T");
    BOOST_TEST(told.at("4") == "feature-support support no");
    BOOST_TEST(told.at("5") == "feature-support support ok");
    BOOST_TEST(told.at("6") == "invalid-argument reason protocol-not-supported");
  });
}

BOOST_AUTO_TEST_CASE(it_has_no_privilege_when_it_serves) {
  in_namespace([] {
    allow_ping_sockets();
    for (const User user : users()) {
      PacketClient client{our_helper(), user};
      BOOST_TEST(client.write("1 check-support feature send-probe\n"));
      BOOST_TEST(client.read_lines(1));
      check_without_capabilities(client.pid());
      BOOST_TEST(client.write("2 send-probe ip-4 127.0.0.1\n3 send-probe ip-6 ::1\n"));
      BOOST_TEST(client.read_lines(3));
      BOOST_TEST(count_of(client.text(), " reply ") == 2U, client.text());
    }
  });
}

BOOST_AUTO_TEST_CASE(the_datagram_of_a_udp_service_is_a_reply) {
  in_namespace([] {
    allow_ping_sockets();
    const multiping::os::FileDescriptor service{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(5353), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    BOOST_REQUIRE(::bind(service.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    PacketClient client{our_helper(), users().back()};
    BOOST_TEST(client.write("1 send-probe ip-4 127.0.0.1 protocol udp port 5353 timeout 20\n"));
    pollfd asked{service.value(), POLLIN, 0};
    BOOST_REQUIRE(::poll(&asked, 1, 20'000) == 1);
    sockaddr_in from{};
    socklen_t size = sizeof from;
    char byte = 0;
    BOOST_TEST(::recvfrom(service.value(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size) == 1);
    BOOST_TEST(::sendto(service.value(), "yes", 3, 0, reinterpret_cast<const sockaddr*>(&from), size) == 3);
    BOOST_TEST(client.read_lines(1));
    BOOST_TEST(without_times(client.text()) == "1 reply ip-4 127.0.0.1 round-trip-time T\n");
  });
}

/// As the Debian package installs it.
BOOST_AUTO_TEST_CASE(the_capability_of_its_file_serves_any_user,
                     *label("own_sockets") * precondition(needs_to_work("command -v setcap"))) {
  in_namespace([] {
    allow_ping_sockets(false);
    const std::string copy = "/run/multiping-packet";
    std::filesystem::copy_file(our_helper()[0], copy);
    run("chmod 755 /run " + copy + " && setcap cap_net_raw+ep " + copy);
    PacketClient client{{copy}, User::nobody};
    BOOST_TEST(client.write("1 send-probe ip-4 127.0.0.1\n2 check-support feature sctp\n"));
    BOOST_TEST(client.read_lines(2));
    BOOST_TEST(count_of(client.text(), "1 reply ip-4 127.0.0.1 round-trip-time ") == 1U, client.text());
    BOOST_TEST(count_of(client.text(), "2 feature-support support ok\n") == 1U, client.text());
    check_without_capabilities(client.pid());
  });
}

BOOST_AUTO_TEST_CASE(a_mark_needs_the_option_and_the_capability, *label("own_sockets")) {
  in_namespace([] {
    const std::string commands = "1 send-probe ip-4 127.0.0.1 mark 7\n2 check-support feature mark\n";
    const auto without = answers_by_token(our_helper(), commands);
    BOOST_TEST(without.at("1") == "permission-denied");
    BOOST_TEST(without.at("2") == "feature-support support no");
    const auto with = answers_by_token({our_helper()[0], "--mark"}, commands);
    BOOST_TEST(with.at("1") == "reply ip-4 127.0.0.1 round-trip-time T");
    BOOST_TEST(with.at("2") == "feature-support support ok");
    BOOST_TEST(
        !try_run("setpriv --reuid 65534 --regid 65534 --clear-groups " + our_helper()[0] + " --mark </dev/null"));
  });
}

BOOST_AUTO_TEST_CASE(options_are_read, *label("own_sockets")) {
  BOOST_TEST(count_of(answers({our_helper()[0], "--help"}, ""), "--mtr") == 2U);
  BOOST_TEST(answers({our_helper()[0], "--version"}, "").starts_with("multiping-packet "));
  for (const char* wrong : {"--mtr", "--mtr 0.94", "--colour", "file"})
    BOOST_TEST(!try_run(our_helper()[0] + " " + wrong + " </dev/null"), wrong);
  in_namespace([] {
    const std::string command = "1 send-probe ip-4 10.1.2.3\n";
    BOOST_TEST(answers(our_helper(), command) == "1 no-route\n");
    BOOST_TEST(answers({our_helper()[0], "--mtr", "0.96"}, command) == "1 no-route-network\n");
    BOOST_TEST(answers({our_helper()[0], "--mtr=0.96"}, command) == "1 no-route-network\n");
  });
}

BOOST_AUTO_TEST_CASE(the_end_of_input_waits_for_probes_in_flight) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    run("ip neigh add 10.1.0.77 lladdr 02:00:00:00:00:77 dev va nud permanent");
    for (const User user : users())
      BOOST_TEST(answers(our_helper(), "1 send-probe ip-4 10.1.0.77 timeout 1\n2 check-support feature ip-4", user) ==
                 "1 no-reply\n");
  });
}

/// The pipes hold 64 KiB each; more than a megabyte of commands and replies would be memory of the helper.
BOOST_AUTO_TEST_CASE(a_slow_reader_loses_nothing_and_takes_no_memory) {
  in_namespace([] {
    allow_ping_sockets();
    PacketClient client{our_helper(), users().back()};
    std::size_t asked = 0;
    while (asked < 200'000 && client.write_without_reading("1 check-support feature send-probe\n")) ++asked;
    BOOST_TEST(asked < 20'000U);
    client.end_input();
    BOOST_TEST(client.read_to_end());
    BOOST_TEST(client.lines() == asked);
    BOOST_TEST(client.ends_well());
  });
}

BOOST_AUTO_TEST_CASE(a_reader_that_is_gone_ends_it_silently) {
  in_namespace([] {
    allow_ping_sockets();
    PacketClient idle{our_helper(), users().back()};
    BOOST_TEST(idle.write("1 check-support feature send-probe\n"));
    BOOST_TEST(idle.read_lines(1));
    idle.stop_reading();
    BOOST_TEST(idle.ends_well());
    PacketClient busy{our_helper(), users().back()};
    BOOST_TEST(busy.write(probes(100, "timeout 30")));
    busy.stop_reading();
    BOOST_TEST(busy.ends_well());
  });
}

BOOST_AUTO_TEST_CASE(many_probes_are_all_answered) {
  in_namespace(
      [] {
        allow_ping_sockets();
        for (const char* protocol : {"icmp", "udp", "tcp"}) {
          const int count = std::string{protocol} == "icmp" ? 12'000 : 2'000;
          lift_error_limits();
          const std::string told =
              answers(our_helper(), probes(count, std::string{"protocol "} + protocol), users().back());
          BOOST_TEST(count_of(told, " reply ip-4 127.1.") == static_cast<std::size_t>(count), protocol);
        }
      },
      std::chrono::seconds{120});
}

/// Ports are few, or one for all: probes wait for each other, and none fails.
BOOST_AUTO_TEST_CASE(tcp_probes_share_few_ports) {
  in_namespace([] {
    allow_ping_sockets();
    write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40019");
    std::string one_target;
    for (int i = 1; i <= 100; ++i) one_target += std::to_string(i) + " send-probe ip-4 127.0.0.1 protocol tcp port 9\n";
    BOOST_TEST(count_of(answers(our_helper(), one_target, users().back()), " reply ip-4 127.0.0.1 ") == 100U);
    const std::string one_port =
        answers(our_helper(), probes(200, "protocol tcp port 9 local-port 5000"), users().back());
    BOOST_TEST(count_of(one_port, " reply ip-4 127.1.") == 200U);
  });
}

BOOST_AUTO_TEST_SUITE_END()
