// Tests the system's resolver, in a network namespace with a hosts file and a name server of the test's own.
// Also tests silence, deadlines and repetition through the whole library and getaddrinfo(3).
#include <netdb.h>
#include <sched.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <clocale>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "multiping/error.hpp"
#include "netns/namespace.hpp"
#include "resolve/name_server.hpp"
#include "resolve/pending_lookups.hpp"
#include "resolve/resolve_names.hpp"
#include "resolve/resolver_settings.hpp"
#include "resolve/single_lookup.hpp"

using namespace multiping;
using namespace multiping::resolver;
using namespace multiping::test;
using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(resolver_asio, *precondition(needs_root))

namespace {

using Names = std::vector<std::string>;
using Seconds = std::chrono::duration<double>;

const std::string hosts =
    "127.0.0.1 localhost\n"
    "::1 localhost\n"
    "192.0.2.77 one.test\n"
    "192.0.2.77 twice.test\n"
    "192.0.2.77 twice.test\n"
    "::ffff:192.0.2.78 mapped.test\n"
    "2001:db8::77 six.test\n"
    "192.0.2.79 m\xc3\xbcnchen.test\n"
    "fe80::77 link.test\n";

std::vector<Address> addresses(const Names& texts) {
  std::vector<Address> addresses;
  for (const auto& text : texts) addresses.push_back(*Address::parse(text));
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

Resolution resolve_one(const std::string& name, const ResolveOptions& options = {}) {
  auto resolution = resolve_names(Names{name}, options).front();
  std::sort(resolution.addresses.begin(), resolution.addresses.end());
  return resolution;
}

std::string nibbles(const char* last) {
  return std::string{last} + ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
}

std::string label(std::size_t size) { return std::string(size, 'a'); }

/// The names of the addresses 192.0.2.<number>.
std::optional<Response> names_of_the_test(const test::Question& question) {
  static const std::map<std::string, std::string> pointers{
      {"1", "router.example.test"},
      {"2", "a_b.example.test"},
      {"20", "192.0.2.1"},
      {"21", "\x1b[2J.example.test"},
      {"22", "new\nline.test"},
      {"23", "a b.test"},
      {"24", "\x9b\x31.test"},
      {"25", "10"},
      {"26", label(63) + '.' + label(63) + '.' + label(63) + '.' + label(63) + '.' + label(63)},
      {"27", "<b>.test"},
      {"28", std::string{"nul\0.test", 9}},
  };
  if (question.name == nibbles("1")) return Response{.pointer = "six.example.test"};
  if (question.name == nibbles("2")) return Response{.pointer = "::1"};
  const auto number = question.name.substr(0, question.name.find('.'));
  if (number == "30") return Response{test::ResponseCode::server_failure};
  if (number == "31") return std::nullopt;
  const auto found = pointers.find(number);
  if (found == pointers.end()) return Response{test::ResponseCode::no_such_name};
  return Response{.pointer = found->second};
}

std::optional<Response> zone_of_the_test(const test::Question& question) {
  if (question.name.ends_with(".arpa")) return names_of_the_test(question);
  if (question.name == "both.test")
    return Response{.addresses = addresses({"192.0.2.1", "2001:db8::1", "2001:db8::2"})};
  if (question.name == "v6only.test") return Response{.addresses = addresses({"2001:db8::1"})};
  if (question.name == "twice.dns.test") return Response{.addresses = addresses({"192.0.2.1", "192.0.2.1"})};
  if (question.name == "broken.test") return Response{ResponseCode::server_failure};
  if (question.name == "recovers.test" && question.count <= 2) return Response{ResponseCode::server_failure};
  if (question.name == "recovers.test") return Response{.addresses = addresses({"192.0.2.3"})};
  if (question.name == "silent.test") return std::nullopt;
  if (question.name == "xn--bcher-kva.test") return Response{.addresses = addresses({"192.0.2.4"})};
  return Response{ResponseCode::no_such_name};
}

ReverseResolution reverse_one(const std::string& text, const ResolveOptions& options = {}) {
  return reverse_names(addresses({text}), options).front();
}

/// Runs `body` in a namespace with the test's hosts file and name server.
void with_name_server(const std::function<void(const NameServer&)>& body) {
  in_namespace([&] {
    make_resolver_files(hosts);
    const NameServer server{zone_of_the_test};
    body(server);
  });
}

/// If lookups were made again until the timeout, this would take a minute.
void check_that_lookups_fail_at_once(const std::string& why) {
  const auto began = std::chrono::steady_clock::now();
  const auto resolutions = resolve_names(Names{"both.test", "192.0.2.1", "v6only.test"}, {.timeout = 60s});
  BOOST_TEST((resolutions[0].error == Errc::lookup_failed), why);
  BOOST_TEST((resolutions[1].addresses == addresses({"192.0.2.1"})), why);
  BOOST_TEST((resolutions[2].error == Errc::lookup_failed), why);
  for (const auto* text : {"192.0.2.1", "2001:db8::1"})
    BOOST_TEST((reverse_one(text, {.timeout = 60s}).error == Errc::lookup_failed), why);
  const Seconds took = std::chrono::steady_clock::now() - began;
  BOOST_TEST(took.count() < 10.0, why);
}

/// The C library gets the ASCII form of names from another library, which may be missing.
boost::test_tools::assertion_result needs_idn(boost::unit_test::test_unit_id) {
  const NamesInUtf8 in_utf8;
  addrinfo hints{};
  hints.ai_flags = flag_for("\xc3\xbc") | AI_NUMERICHOST;
  addrinfo* none = nullptr;
  boost::test_tools::assertion_result result{::getaddrinfo("\xc3\xbc", nullptr, &hints, &none) == EAI_NONAME &&
                                             flag_for("\xc3\xbc") != 0};
  if (!result) result.message() << "getaddrinfo() cannot make the ASCII form of names (libidn2)";
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_hosts_file_is_read) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST((resolve_one("localhost").addresses == addresses({"127.0.0.1", "::1"})));
    BOOST_TEST((resolve_one("one.test").addresses == addresses({"192.0.2.77"})));
    BOOST_TEST((resolve_one("twice.test").addresses == addresses({"192.0.2.77"})));
    BOOST_TEST((resolve_one("mapped.test").addresses == addresses({"192.0.2.78"})));
    BOOST_TEST((resolve_one("mapped.test", {.family = Family::ipv6}).error == Errc::no_address));
    BOOST_TEST(server.questions("one.test") == 0);
  });
}

BOOST_AUTO_TEST_CASE(the_name_server_is_asked) {
  with_name_server([](const NameServer&) {
    BOOST_TEST((resolve_one("both.test").addresses == addresses({"192.0.2.1", "2001:db8::1", "2001:db8::2"})));
    BOOST_TEST((resolve_one("both.test.").addresses.size() == 3U));
    BOOST_TEST((resolve_one("v6only.test").addresses == addresses({"2001:db8::1"})));
    BOOST_TEST((resolve_one("twice.dns.test").addresses == addresses({"192.0.2.1"})));
  });
}

BOOST_AUTO_TEST_CASE(a_family_filters) {
  with_name_server([](const NameServer&) {
    BOOST_TEST((resolve_one("both.test", {.family = Family::ipv4}).addresses == addresses({"192.0.2.1"})));
    BOOST_TEST((resolve_one("both.test", {.family = Family::ipv6}).addresses.size() == 2U));
    BOOST_TEST((resolve_one("v6only.test", {.family = Family::ipv4}).error == Errc::no_address));
  });
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_there_is_known_at_once) {
  with_name_server([](const NameServer& server) {
    const auto resolution = resolve_one("nosuch.test");
    BOOST_TEST((resolution.error == Errc::no_address));
    BOOST_TEST(resolution.addresses.empty());
    BOOST_TEST(server.questions("nosuch.test") == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_name_listed_often_is_asked_once) {
  with_name_server([](const NameServer& server) {
    const auto resolutions = resolve_names(Names(1000, "both.test"), {});
    BOOST_TEST(resolutions.size() == 1000U);
    BOOST_TEST(std::ranges::all_of(resolutions, [](const Resolution& r) { return r.addresses.size() == 3; }));
    BOOST_TEST(server.questions("both.test") == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_name_server_may_recover) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST((resolve_one("recovers.test", {.timeout = 30s}).addresses == addresses({"192.0.2.3"})));
    BOOST_TEST(server.questions("recovers.test") >= 2);
  });
}

BOOST_AUTO_TEST_CASE(a_name_server_that_does_not_recover_is_a_failed_lookup) {
  with_name_server([](const NameServer&) {
    BOOST_TEST((resolve_one("broken.test", {.timeout = 700ms}).error == Errc::lookup_failed));
  });
}

BOOST_AUTO_TEST_CASE(without_a_name_server_lookups_fail_at_once) {
  in_namespace([] {
    make_resolver_files(hosts);  // no server listens at 127.0.0.1
    BOOST_TEST((resolve_one("one.test").addresses == addresses({"192.0.2.77"})));
    check_that_lookups_fail_at_once("nobody listens");
  });
}

BOOST_AUTO_TEST_CASE(without_settings_lookups_fail_at_once) {
  in_namespace([] {
    make_resolver_files(hosts);
    run("rm /etc/resolv.conf");
    check_that_lookups_fail_at_once("no resolv.conf");
    BOOST_REQUIRE(::unshare(CLONE_NEWNET) == 0);
    check_that_lookups_fail_at_once("the loopback was never up");
  });
}

BOOST_AUTO_TEST_CASE(without_a_way_to_any_name_server_lookups_fail_at_once) {
  in_namespace([] {
    make_resolver_files(hosts);
    write_file("/etc/resolv.conf", "nameserver 192.0.2.53\nnameserver 2001:db8::53\n");
    check_that_lookups_fail_at_once("no route");
    run("ip route add prohibit 192.0.2.53 && ip route add blackhole 2001:db8::53");
    check_that_lookups_fail_at_once("prohibited");
    write_file("/etc/resolv.conf", "nameserver 192.0.2.53\nnameserver ::1\nnameserver 127.0.0.1\n");
    check_that_lookups_fail_at_once("prohibited, or nobody listens");
  });
}

BOOST_AUTO_TEST_CASE(a_name_server_that_serves_others_only_fails_lookups_at_once) {
  in_namespace([] {
    make_resolver_files(hosts);
    const NameServer server{[](const test::Question&) { return Response{ResponseCode::refused}; }};
    check_that_lookups_fail_at_once("refused");
  });
}

BOOST_AUTO_TEST_CASE(a_name_server_that_comes_up_is_asked_by_the_next_call) {
  in_namespace([] {
    make_resolver_files(hosts);
    BOOST_TEST((resolve_one("both.test").error == Errc::lookup_failed));
    const NameServer server{zone_of_the_test};
    BOOST_TEST(resolve_one("both.test").addresses.size() == 3U);
  });
}

BOOST_AUTO_TEST_CASE(one_name_server_that_refuses_does_not_end_the_wait_for_another) {
  in_namespace([] {
    make_resolver_files(hosts);
    write_file("/etc/resolv.conf", "nameserver 127.0.0.2\nnameserver 127.0.0.1\n");  // no server listens at the first
    const NameServer server{zone_of_the_test};
    BOOST_TEST((resolve_one("recovers.test", {.timeout = 30s}).addresses == addresses({"192.0.2.3"})));
  });
}

BOOST_AUTO_TEST_CASE(a_silent_first_name_server_costs_each_call_the_same) {
  in_namespace([] {
    make_resolver_files(hosts);
    write_file("/etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
    const NameServer silent{[](const test::Question&) { return std::nullopt; }};
    const NameServer server{zone_of_the_test, "127.0.0.2"};
    for (int call = 1; call <= 4; ++call) {  // a thread may get the memory of the one before
      BOOST_TEST(resolve_one("both.test", {.timeout = 4500ms}).addresses.size() == 3U, "call " << call);
    }
  });
}

BOOST_AUTO_TEST_CASE(settings_that_change_are_read_by_the_next_lookup) {
  with_name_server([](const NameServer&) {
    const NameServer other{[](const test::Question&) { return Response{.addresses = addresses({"192.0.2.9"})}; },
                           "127.0.0.2"};
    const auto lookup = system_lookup();
    BOOST_TEST(lookup->look_up("both.test", Family::any).addresses.size() == 3U);
    write_file("/etc/resolv.conf", "nameserver 127.0.0.2\n");
    BOOST_TEST((lookup->look_up("both.test", Family::any).addresses == addresses({"192.0.2.9"})));
  });
}

BOOST_AUTO_TEST_CASE(international_names_are_looked_up_in_their_ascii_form, *precondition(needs_idn)) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST((resolve_one("b\xc3\xbc"
                            "cher.test")
                    .addresses == addresses({"192.0.2.4"})));
    BOOST_TEST(server.questions("xn--bcher-kva.test") == 1);
    BOOST_TEST((std::setlocale(LC_ALL, "C.UTF-8") != nullptr));
    BOOST_TEST((resolve_one("b\xc3\xbc"
                            "cher.test")
                    .addresses == addresses({"192.0.2.4"})));
    BOOST_TEST((resolve_one("xn--bcher-kva.test").addresses == addresses({"192.0.2.4"})));
    BOOST_TEST((resolve_one("\xe4\xbe\x8b.test").error == Errc::no_address));
    BOOST_TEST(server.questions("xn--fsq.test") == 1);
  });
}

BOOST_AUTO_TEST_CASE(international_names_of_the_hosts_file_are_found) {
  with_name_server([](const NameServer&) {
    BOOST_TEST((resolve_one("m\xc3\xbcnchen.test").addresses == addresses({"192.0.2.79"})));
  });
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_no_name) {
  with_name_server([](const NameServer&) {
    BOOST_TEST((resolve_one("b\xfc"
                            "cher.test")
                    .error == Errc::no_address));
    BOOST_TEST((resolve_one("\xff.test").error == Errc::no_address));
  });
}

BOOST_AUTO_TEST_CASE(names_become_known_one_by_one) {
  with_name_server([](const NameServer&) {
    PendingLookups lookups{{"silent.test", "192.0.2.9", "one.test", "both.test"}, {.timeout = 60s}};
    std::vector<std::size_t> known;
    while (known.size() < 3) {
      lookups.wait(std::chrono::steady_clock::now() + 10s);
      for (const auto& [position, resolution] : lookups.take()) {
        known.push_back(position);
        BOOST_TEST(!resolution.error);
      }
    }
    std::sort(known.begin(), known.end());
    BOOST_TEST(known == (std::vector<std::size_t>{1, 2, 3}), boost::test_tools::per_element());
    lookups.end();
    BOOST_TEST((lookups.take().at(0).resolution.error == Errc::lookup_timeout));
  });
}

BOOST_AUTO_TEST_CASE(silence_is_bounded_and_costs_the_others_nothing) {
  with_name_server([](const NameServer& server) {
    const Names names{"silent.test", "both.test", "192.0.2.9", "one.test", "silent.test", "nosuch.test"};
    const auto began = std::chrono::steady_clock::now();
    const auto resolutions = resolve_names(names, {.timeout = 2s});
    const Seconds took = std::chrono::steady_clock::now() - began;
    BOOST_TEST(took.count() >= 2.0);
    BOOST_TEST(took.count() < 10.0);
    BOOST_TEST((resolutions[0].error == Errc::lookup_timeout));
    BOOST_TEST(resolutions[1].addresses.size() == 3U);
    BOOST_TEST(resolutions[2].addresses.size() == 1U);
    BOOST_TEST(resolutions[3].addresses.size() == 1U);
    BOOST_TEST((resolutions[4].error == Errc::lookup_timeout));
    BOOST_TEST((resolutions[5].error == Errc::no_address));
    BOOST_TEST(server.questions("silent.test") >= 1);
  });
}

BOOST_AUTO_TEST_CASE(a_silent_name_server_holds_a_thread_for_a_second) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST((resolve_one("silent.test", {.timeout = 2500ms}).error == Errc::lookup_timeout));
    BOOST_TEST(server.questions("silent.test") >= 2);  // left alone, a lookup would take ten seconds
  });
}

BOOST_AUTO_TEST_CASE(a_stop_request_does_not_wait_for_silence) {
  with_name_server([](const NameServer& server) {
    std::stop_source stop;
    std::chrono::steady_clock::time_point stopped;
    std::jthread stopper{[&] {
      while (server.questions("silent.test") == 0) std::this_thread::yield();
      stopped = std::chrono::steady_clock::now();
      stop.request_stop();
    }};
    const auto resolutions = resolve_names(Names{"silent.test", "one.test"}, {.timeout = 60s}, stop.get_token());
    const auto returned = std::chrono::steady_clock::now();
    stopper.join();
    BOOST_TEST(Seconds(returned - stopped).count() < 10.0);  // 10 ms where nothing else runs
    BOOST_TEST((resolutions[0].error == Errc::lookup_timeout));
  });
}

BOOST_AUTO_TEST_CASE(addresses_have_names) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST(reverse_one("192.0.2.1").name == "router.example.test");
    BOOST_TEST(!reverse_one("192.0.2.2").error);
    BOOST_TEST(reverse_one("192.0.2.2").name == "a_b.example.test");
    BOOST_TEST(reverse_one("2001:db8::1").name == "six.example.test");
    BOOST_TEST(server.questions("1.2.0.192.in-addr.arpa") == 1);
  });
}

BOOST_AUTO_TEST_CASE(the_hosts_file_has_names_of_addresses) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST(reverse_one("127.0.0.1").name == "localhost");
    BOOST_TEST(reverse_one("192.0.2.77").name == "one.test");
    BOOST_TEST(reverse_one("2001:db8::77").name == "six.test");
    BOOST_TEST(reverse_one("fe80::77%lo").name == "link.test");
    BOOST_TEST(reverse_one("192.0.2.79").name == "");  // not ASCII
    BOOST_TEST(server.questions("77.2.0.192.in-addr.arpa") == 0);
  });
}

BOOST_AUTO_TEST_CASE(an_address_without_a_name_is_known_at_once) {
  with_name_server([](const NameServer& server) {
    for (const auto* text : {"192.0.2.200", "2001:db8::9", "fe80::9%lo"}) {
      const auto resolution = reverse_one(text, {.timeout = 30s});
      BOOST_TEST((resolution.error == Errc::no_address), text);
      BOOST_TEST(resolution.name == "");
    }
    BOOST_TEST(server.questions("200.2.0.192.in-addr.arpa") == 1);
  });
}

BOOST_AUTO_TEST_CASE(what_is_no_host_name_is_no_name) {
  with_name_server([](const NameServer& server) {
    for (int number = 20; number <= 28; ++number) {
      const auto resolution = reverse_one("192.0.2." + std::to_string(number), {.timeout = 2s});
      BOOST_TEST(resolution.name == "", number);
      BOOST_TEST(static_cast<bool>(resolution.error), number);
      BOOST_TEST(server.questions(std::to_string(number) + ".2.0.192.in-addr.arpa") >= 1, number);
    }
    BOOST_TEST((reverse_one("2001:db8::2").error == Errc::no_address));
  });
}

BOOST_AUTO_TEST_CASE(an_address_listed_often_is_asked_once) {
  with_name_server([](const NameServer& server) {
    const std::vector<Address> often(1000, *Address::parse("192.0.2.1"));
    const auto resolutions = reverse_names(often, {});
    BOOST_TEST(resolutions.size() == 1000U);
    BOOST_TEST(
        std::ranges::all_of(resolutions, [](const ReverseResolution& r) { return r.name == "router.example.test"; }));
    BOOST_TEST(server.questions("1.2.0.192.in-addr.arpa") == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_silent_name_server_holds_up_no_other_name) {
  with_name_server([](const NameServer& server) {
    const auto began = std::chrono::steady_clock::now();
    const auto asked = addresses({"192.0.2.1", "192.0.2.31", "192.0.2.77", "192.0.2.200"});
    const auto resolutions = reverse_names(asked, {.timeout = 500ms});
    const Seconds took = std::chrono::steady_clock::now() - began;
    BOOST_TEST(took.count() >= 0.5);
    BOOST_TEST(took.count() < 5.0);
    BOOST_TEST(resolutions[0].name == "router.example.test");
    BOOST_TEST((resolutions[1].error == Errc::lookup_timeout));
    BOOST_TEST(resolutions[2].name == "one.test");
    BOOST_TEST((resolutions[3].error == Errc::no_address));
    BOOST_TEST(server.questions("31.2.0.192.in-addr.arpa") >= 1);
  });
}

BOOST_AUTO_TEST_CASE(a_name_server_in_trouble_is_a_failed_lookup) {
  with_name_server([](const NameServer& server) {
    BOOST_TEST((reverse_one("192.0.2.30", {.timeout = 700ms}).error == Errc::lookup_failed));
    BOOST_TEST(server.questions("30.2.0.192.in-addr.arpa") >= 2);
  });
}

BOOST_AUTO_TEST_SUITE_END()
