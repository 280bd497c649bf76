// Asks multiping-packet and Debian's mtr-packet the same on the same networks: Linux routers, and a simulated network.
// The replies are the same, but for those that are listed here as different, and mtr shows the same hops with both.
#include <boost/test/unit_test.hpp>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "apps/mtr_packet/packet_client.hpp"
#include "netns/through_broker.hpp"
#include "netns/tun_device.hpp"
#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(beside_mtr_packet_test,
                      *precondition(needs_tun) * precondition(needs_to_work("command -v mtr && command -v mtr-packet")))

/// Debian's helper has its own capability; here it runs as root in any case.
const std::vector<std::string> their_helper = {"mtr-packet"};

User user_of_ours() { return through_broker_only() ? User::nobody : User::root; }

/// A command, and what we answer where that is not what mtr-packet answers.
struct Question {
  std::string words{};
  std::optional<std::string> only_ours{};
};

/// For a TCP probe that an ICMP error answers, mtr-packet says "no-route" where it sees the error of connect(2) first.
bool lost_their_race(const std::string& words, const std::string& theirs, const std::string& ours) {
  const bool has_address = ours.starts_with("ttl-expired ip-") || ours.starts_with("no-route ip-");
  return words.find("protocol tcp") != std::string::npos && theirs == "no-route" && has_address;
}

struct Replies {
  std::string theirs{}, ours{};
};

std::vector<Replies> replies_to(const std::vector<Question>& questions) {
  std::string commands;
  for (std::size_t i = 0; i < questions.size(); ++i)
    commands += std::to_string(i + 1) + " " + questions[i].words + "\n";
  auto theirs = answers_by_token(their_helper, commands);
  auto ours = answers_by_token(our_helper(), commands, user_of_ours());
  std::vector<Replies> all;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::string token = std::to_string(i + 1);
    all.push_back({theirs[token], ours[token]});
  }
  return all;
}

bool is_as_expected(const Question& question, const Replies& replies) {
  if (lost_their_race(question.words, replies.theirs, replies.ours)) return true;
  const bool differs = replies.theirs != replies.ours;
  return question.only_ours ? differs && replies.ours == *question.only_ours : !differs;
}

/// Asks up to four times, since on a busy machine a packet may be lost for any program.
void check_same_replies(std::vector<Question> questions) {
  for (int left = 3; !questions.empty(); --left) {
    const auto replies = replies_to(questions);
    std::vector<Question> again;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (is_as_expected(questions[i], replies[i])) continue;
      again.push_back(questions[i]);
      if (left > 0) continue;
      BOOST_ERROR(questions[i].words << ": ours " << replies[i].ours << ", theirs " << replies[i].theirs
                                     << ", expected " << questions[i].only_ours.value_or("the same"));
    }
    if (left == 0) return;
    questions = std::move(again);
  }
}

const std::vector<std::string> protocols = {"icmp", "udp", "tcp"};
const std::string invalid = "invalid-argument";

/// Nothing of this is sent.
BOOST_AUTO_TEST_CASE(malformed_commands_have_the_same_replies) {
  const std::string long_line = "8 bogus a ", all_of_it(4095 - long_line.size(), 'x');
  std::string text =
      "\nword\n1\n1 bogus\n-1 bogus\n0x10 bogus\n010 bogus\n1x bogus\nword bogus\n99999999999999999999999 bogus\n"
      "2 bogus name\n3 check-support\n4 check-support feature\n5 check-support name value\n"
      "6 check-support feature udp feature version\n7 check-support feature colour\n"
      "\t9\tcheck-support\tfeature  icmp \r\n10 send-probe\n11 send-probe ip-4\n12 send-probe ip-4 ::1\n"
      "13 send-probe ip-4 localhost\n14 send-probe ip-6 127.0.0.1\n15 send-probe ip-4 127.0.0.1 protocol gre\n"
      "16 send-probe ip-4 127.0.0.1 size 1x\n17 send-probe ip-4 127.0.0.1 timeout 0.5\n"
      "18 send-probe ip-4 127.0.0.1 local-port 1023\n19 send-probe ip-4 127.0.0.1 local-ip-6 ::1\n"
      "20 send-probe local-ip-4 127.0.0.1\n21 send-probe ip-4 127.1\n22 send-probe ip-4 127.0.0.1 size 9999\n";
  for (const int pairs : {15, 16, 17}) {
    text += "23 bogus";
    for (int i = 0; i < pairs; ++i) text += " name value";
    text += "\n";
  }
  text += long_line + all_of_it.substr(1) + "\n" + long_line + all_of_it + "\n" + long_line + all_of_it + all_of_it +
          all_of_it + "\n24 bogus\n25 the line that does not end";
  in_namespace([&] {
    allow_ping_sockets();
    BOOST_TEST(answers(our_helper(), text, user_of_ours()) == answers(their_helper, text));
  });
}

/// mtr-packet serves nothing after a NUL.
BOOST_AUTO_TEST_CASE(a_nul_is_a_parse_error) {
  in_namespace([] {
    allow_ping_sockets();
    BOOST_TEST(answers(our_helper(), std::string{"1 bo\0gus\n2 bogus\n", 17}, user_of_ours()) ==
               "0 command-parse-error\n2 unknown-command\n");
  });
}

BOOST_AUTO_TEST_CASE(probes_of_this_host_have_the_same_replies) {
  std::vector<Question> questions;
  for (const std::string& protocol : protocols)
    for (const std::string to : {"send-probe ip-4 127.0.0.1", "send-probe ip-6 ::1"}) {
      const std::string probe = to + " protocol " + protocol;
      for (const char* more : {"", " size 0", " size 100 bit-pattern 170", " ttl 1", " tos 16", " port 9", " bogus 1"})
        questions.push_back({probe + more});
    }
  // mtr-packet wraps these.
  for (const char* wraps : {"ttl 256", "port 70000", "timeout -1", "tos 256", "bit-pattern -1", "size -5", "ttl 0"})
    questions.push_back({std::string{"send-probe ip-4 127.0.0.1 "} + wraps, invalid});
  for (const char* protocol : {"icmp", "udp", "tcp"})
    questions.push_back({std::string{"send-probe ip-4 127.0.0.1 timeout 0 protocol "} + protocol});
  questions.push_back({"send-probe ip-4 127.0.0.1 local-ip-4 127.0.0.9"});
  questions.push_back({"send-probe ip-4 127.0.0.1 protocol udp port 9 local-port 5000"});
  questions.push_back({"send-probe ip-4 0.0.0.0", invalid});
  questions.push_back({"check-support feature version", "feature-support support 0.1.0"});
  questions.push_back({"check-support feature mark", "feature-support support no"});
  for (const char* feature : {"ip-4", "ip-6", "send-probe", "icmp", "udp", "tcp", "colour"})
    questions.push_back({std::string{"check-support feature "} + feature});
  in_namespace([&] {
    allow_ping_sockets();
    lift_error_limits();
    check_same_replies(questions);
  });
}

/// Addresses of one family behind the router of make_router().
struct Places {
  std::string version, far, prohibited, silent, dead, own, foreign, no_route;
};

Places places_of(Family family) {
  if (family == Family::ipv4)
    return {"4", "10.2.0.2", "10.2.0.3", "10.2.0.4", "10.1.0.77", "10.1.0.1", "192.0.2.9", "10.60.0.1"};
  return {"6", "fd02::2", "fd02::3", "fd02::4", "fd01::77", "fd01::1", "2001:db8::9", "fd60::1"};
}

/// A router that tells of what it forbids and drops what it hides, and local routes of type unreachable.
void make_network() {
  make_router();
  lift_error_limits("far");
  lift_error_limits();
  run("nsenter --net=/run/netns/router nft 'table inet guard { chain guard { type filter hook forward priority 0;"
      " ip daddr 10.2.0.3 reject with icmp type admin-prohibited; ip daddr 10.2.0.4 drop;"
      " ip6 daddr fd02::3 reject with icmpv6 type admin-prohibited; ip6 daddr fd02::4 drop; }; }'");
  run("ip route add unreachable 10.60.0.0/16 && ip -6 route add unreachable fd60::/64");
}

void ask_about(std::vector<Question>& questions, const Places& at, const std::string& protocol) {
  const std::string probe = "send-probe protocol " + protocol + " ip-" + at.version + " ";
  for (const char* more : {"", " ttl 1", " ttl 2", " ttl 3 size 200", " port 33434 ttl 1"})
    questions.push_back({probe + at.far + more});
  questions.push_back({probe + at.far + " local-ip-" + at.version + " " + at.own});
  questions.push_back({probe + at.prohibited});
  questions.push_back({probe + at.silent + " timeout 1"});
  questions.push_back({probe + at.dead + " timeout 8"});
  questions.push_back({probe + at.far + " local-device nosuch0", "unexpected-error errno 19"});
  // mtr-packet sends ICMP and UDP over IPv4 from any address, and hears nothing.
  Question foreign{probe + at.far + " timeout 1 local-ip-" + at.version + " " + at.foreign};
  if (at.version == "4" && protocol != "tcp") foreign.only_ours = "address-not-available";
  questions.push_back(foreign);
  questions.push_back({probe + at.no_route + " local-ip-" + at.version + " " + at.own});
}

BOOST_AUTO_TEST_CASE(linux_routers_give_the_same_replies, *precondition(needs_to_work("command -v nft"))) {
  std::vector<Question> questions;
  for (const Family family : {Family::ipv4, Family::ipv6})
    for (const std::string& protocol : protocols) ask_about(questions, places_of(family), protocol);
  in_namespace(
      [&] {
        allow_ping_sockets();
        make_network();
        check_same_replies(questions);
        // mtr-packet ends with SIGSEGV here.
        for (const Family family : {Family::ipv4, Family::ipv6}) {
          const Places at = places_of(family);
          BOOST_TEST(answers(our_helper(), "1 send-probe ip-" + at.version + " " + at.no_route + "\n",
                             user_of_ours()) == "1 no-route\n");
        }
      },
      std::chrono::seconds{120});
}

constexpr int routers = 5, silent_hop = 4;

/// Labels at two hops, a silent hop, and at host 2 an answer from another address.
Scenario simulated_network(Family family) {
  const auto labels = [](const std::vector<MplsLabel>& stack) {
    return IcmpExtensionData{.objects = {mpls_object(stack)}};
  };
  HostRule host = host_behind(family, routers, host_of(family));
  host.path[1].extension = labels({{16001, 0, true, 1}});
  host.path[silent_hop - 1].silent = true;
  host.path[4].extension = labels({{24, 3, false, 1}, {1048575, 7, true, 254}});
  HostRule other{.block = host_of(family, 2), .replies = {{.from = *Address::parse(host_of(family, 3))}}};
  return {.name = "for helpers", .hosts = {host, other}};
}

BOOST_AUTO_TEST_CASE(a_simulated_network_gives_the_same_replies) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const std::string version = family == Family::ipv4 ? "4" : "6";
    std::vector<Question> questions;
    for (const std::string& protocol : protocols)
      for (int ttl = 1; ttl <= routers + 2; ++ttl)
        questions.push_back({"send-probe timeout 2 protocol " + protocol + " ip-" + version + " " + host_of(family) +
                             " ttl " + std::to_string(ttl)});
    questions.push_back({"send-probe timeout 1 ip-" + version + " " + host_of(family, 2), "no-reply"});
    in_namespace([&] {
      allow_ping_sockets();
      const TunProcess network{simulated_network(family)};
      check_same_replies(questions);
    });
  }
}

/// The hosts of `mtr --report` by hop, in lines such as "  2.|-- 10.1.2.2   0.0%  1  0.1 ...".
std::map<std::string, std::string> hops_of(const std::string& report) {
  std::istringstream lines{report};
  std::map<std::string, std::string> hops;
  for (std::string line, number, host; std::getline(lines, line);) {
    std::istringstream words{line};
    if (words >> number >> host && number.ends_with(".|--")) hops[number] = host;
  }
  return hops;
}

/// A wrapper that says who runs the helper: mtr gives it no arguments.
std::string helper_for_mtr() {
  const std::string path = "/run/helper";
  const std::string user = through_broker_only() ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : "";
  write_file(path, "#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 exec " + user + our_helper()[0] + "\n");
  run("chmod 755 " + path);
  return path;
}

const std::vector<std::string> methods = {"", "-u", "-T -P 80"}, targets = {"10.1.4.2", "fd01:4::2"};

std::string report_path(const char* who, std::size_t method, std::size_t target) {
  return std::string{"/run/"} + who + std::to_string(method) + std::to_string(target);
}

/// All reports at a time, each in a file of its own.
void make_reports(const char* who, const std::string& environment) {
  std::string script;
  for (std::size_t method = 0; method < methods.size(); ++method)
    for (std::size_t target = 0; target < targets.size(); ++target)
      script += environment + " mtr --report -n -c 2 -i 0.3 -G 2 " + methods[method] + " " + targets[target] + " >" +
                report_path(who, method, target) + " & ";
  run(script + "wait");
}

/// Of the hops of a TCP report, mtr-packet loses some: see lost_their_race().
void check_report(const std::string& ours, const std::string& theirs, bool may_lose) {
  const auto our_hops = hops_of(ours);
  BOOST_TEST(our_hops.size() == 4U, ours);
  for (const auto& [number, host] : hops_of(theirs)) {
    const bool lost = may_lose && host == "???";
    BOOST_TEST((lost || (our_hops.contains(number) && our_hops.at(number) == host)), "ours:\n"
                                                                                         << ours << "theirs:\n"
                                                                                         << theirs);
  }
  for (const auto& [number, host] : our_hops) BOOST_TEST(host != "???", ours);
}

BOOST_AUTO_TEST_CASE(mtr_reports_the_same_hops_with_both) {
  in_namespace(
      [] {
        allow_ping_sockets();
        make_chain(3);
        for (const char* name : {"r1", "r2", "r3", "far"}) lift_error_limits(name);
        make_reports("ours", "MTR_PACKET=" + helper_for_mtr());
        make_reports("theirs", "");
        for (std::size_t method = 0; method < methods.size(); ++method)
          for (std::size_t target = 0; target < targets.size(); ++target)
            check_report(read_file(report_path("ours", method, target)),
                         read_file(report_path("theirs", method, target)), method == 2);
      },
      std::chrono::seconds{120});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
