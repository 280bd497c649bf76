// Tests the command line of multipingd: which values it accepts, and errors that name option, value and range.
#include "apps/multipingd/daemon_options.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

BOOST_AUTO_TEST_SUITE(multipingd_options_test)

namespace {

using namespace multiping;
using daemon::Options;

using Words = std::vector<const char*>;

std::variant<Options, daemon::Answer> parse(Words words) {
  words.insert(words.begin(), "multipingd");
  return daemon::parse_options(static_cast<int>(words.size()), words.data());
}

Options options_of(const Words& words) { return std::get<Options>(parse(words)); }

std::string mistake_of(const Words& words) {
  try {
    (void)parse(words);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_not_said_has_its_documented_value) {
  const Options options = options_of({});
  BOOST_TEST(options.socket == "/run/multiping/multiping.sock");
  BOOST_TEST(options.mode == 0666U);
  BOOST_TEST(options.max_sockets == 4096U);
  BOOST_TEST(options.max_sockets_per_user == 1024U);
  BOOST_TEST(options.rate == 1000U);
  BOOST_TEST(options.ready == 16U);
  BOOST_TEST(options.receive_buffer == 4U << 20U);
  BOOST_TEST((options.icmp4em.empty() && !options.activated && !options.check));
}

BOOST_AUTO_TEST_CASE(values_are_taken) {
  const Options options = options_of({"--socket", "/a/b", "--mode", "0640", "--socket-group", "adm", "--rate", "0",
                                      "--allow-user", "a", "7", "--allow-user", "b", "--allow-group", "g", "--check"});
  BOOST_TEST(options.socket == "/a/b");
  BOOST_TEST(options.mode == 0640U);
  BOOST_TEST(options.socket_group == "adm");
  BOOST_TEST(options.rate == 0U);
  BOOST_TEST((options.allow_users == std::vector<std::string>{"a", "7", "b"}));
  BOOST_TEST((options.allow_groups == std::vector<std::string>{"g"}));
  BOOST_TEST(options.check);
}

BOOST_AUTO_TEST_CASE(bad_values_are_told_with_their_range) {
  BOOST_TEST(mistake_of({"--ready", "257"}) == "--ready is 257; it must be 0 to 256");
  BOOST_TEST(mistake_of({"--max-sockets", "0"}) == "--max-sockets is 0; it must be 1 to 65536");
  BOOST_TEST(mistake_of({"--max-sockets-per-user", "-1"}) == "--max-sockets-per-user is -1; it must be 1 to 65536");
  BOOST_TEST(mistake_of({"--rate", "fast"}) == "--rate is fast; it must be 0 to 1000000");
  BOOST_TEST(mistake_of({"--receive-buffer", "4k"}) == "--receive-buffer is 4k; it must be 4096 to 1073741824");
  BOOST_TEST(mistake_of({"--mode", "0888"}) == "--mode is 0888; it must be octal, 0 to 0777");
  BOOST_TEST(mistake_of({"--mode", "1777"}) == "--mode is 1777; it must be octal, 0 to 0777");
  BOOST_TEST(mistake_of({"--socket", "a/b"}) == "--socket is a/b; it must be an absolute path of at most 107 bytes");
  BOOST_TEST(mistake_of({"--socket", "/a/"}).starts_with("--socket is /a/; it must be"));
  BOOST_TEST(mistake_of({"--socket", ("/" + std::string(107, 'a')).c_str()}).starts_with("--socket is /aaa"));
}

BOOST_AUTO_TEST_CASE(what_does_not_belong_together_is_refused) {
  BOOST_TEST(mistake_of({"--activated", "--mode", "0600"}).starts_with("--mode and --socket-group have no meaning"));
  BOOST_TEST(mistake_of({"--activated", "--socket-group", "adm"}).starts_with("--mode and --socket-group"));
  BOOST_TEST(mistake_of({"--icmp4em-allow", "10.0.0.0/8"}) == "--icmp4em-allow has no meaning without --icmp4em");
}

BOOST_AUTO_TEST_CASE(what_is_unknown_or_lacks_its_value_is_named) {
  BOOST_TEST(mistake_of({"--bogus"}).find("--bogus") != std::string::npos);
  BOOST_TEST(mistake_of({"extra"}).find("extra") != std::string::npos);
  BOOST_TEST(mistake_of({"--rate"}).find("--rate") != std::string::npos);
  BOOST_TEST(mistake_of({"--rate", "1", "--rate", "2"}).find("--rate") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(icmp4em_has_a_default_and_takes_several) {
  const Options plain = options_of({"--icmp4em", "--check"});
  BOOST_REQUIRE(plain.icmp4em.size() == 1U);
  BOOST_TEST(plain.icmp4em[0].host == *Address::parse("127.0.0.1"));
  BOOST_TEST(plain.icmp4em[0].port == 63312U);
  const Options two = options_of({"--icmp4em", "127.0.0.2:80", "--icmp4em", "[::1]:81", "--icmp4em", "[::1]"});
  BOOST_REQUIRE(two.icmp4em.size() == 3U);
  BOOST_TEST(two.icmp4em[0].port == 80U);
  BOOST_TEST(two.icmp4em[1].host == *Address::parse("::1"));
  BOOST_TEST(two.icmp4em[1].port == 81U);
  BOOST_TEST(two.icmp4em[2].port == 63312U);
}

BOOST_AUTO_TEST_CASE(icmp4em_takes_no_name_and_no_bad_port) {
  for (const char* text : {"localhost:63312", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "[::1", ":80", "1",
                           "[127.0.0.1]:80", "0:0:0:0:0:0:0:1:80", "[::1]80"})
    BOOST_TEST(mistake_of({"--icmp4em", text}).starts_with("--icmp4em is " + std::string{text} + "; it must be"), text);
}

BOOST_AUTO_TEST_CASE(icmp4em_beyond_this_host_needs_an_allow_list) {
  BOOST_TEST(mistake_of({"--icmp4em", "0.0.0.0"}).find("--icmp4em-allow") != std::string::npos);
  BOOST_TEST(mistake_of({"--icmp4em", "192.0.2.1:9"}).starts_with("--icmp4em is 192.0.2.1; it must be a loopback"));
  const Options open = options_of({"--icmp4em", "0.0.0.0", "--icmp4em-allow", "10.0.0.0/8", "192.0.2.1", "fd00::/8"});
  BOOST_REQUIRE(open.icmp4em_allow.size() == 3U);
  BOOST_TEST(open.icmp4em_allow[0].prefix == 8U);
  BOOST_TEST(open.icmp4em_allow[1].prefix == 32U);
  BOOST_TEST(open.icmp4em_allow[2].address == *Address::parse("fd00::"));
  for (const char* text : {"10.0.0.0/33", "fd00::/129", "host/8", "10.0.0.0/", "10.0.0.0/-1"})
    BOOST_TEST(mistake_of({"--icmp4em", "--icmp4em-allow", text}).find(text) != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(help_and_version_are_answers) {
  const auto help = std::get<daemon::Answer>(parse({"--help"})).text;
  for (const char* option : {"--socket", "--mode", "--socket-group", "--allow-user", "--allow-group", "--user",
                             "--group", "--max-sockets", "--max-sockets-per-user", "--rate", "--ready",
                             "--receive-buffer", "--activated", "--icmp4em", "--icmp4em-allow", "--check", "--version"})
    BOOST_TEST(help.find(option) != std::string::npos, option);
  BOOST_TEST(std::get<daemon::Answer>(parse({"--version"})).text.starts_with("multipingd "));
}

BOOST_AUTO_TEST_SUITE_END()
