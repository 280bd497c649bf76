// Tests how the broker's client side handles brokers that are absent, refuse, limit, stay silent, or lie.
// On real Unix sockets; the ping sockets are tested in netns/broker_test.cpp.
#include "broker/broker_client.hpp"

#include <fcntl.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <thread>

#include "broker/broker_sockets.hpp"
#include "broker/fake_broker.hpp"
#include "multiping/error.hpp"
#include "multiping/transport.hpp"
#include "os/clock.hpp"
#include "os/socket_basics.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace multiping::broker;

BOOST_AUTO_TEST_SUITE(broker_client_test)

std::error_code system_error_code(int number) { return {number, std::system_category()}; }

os::PingSocket ask(const std::string& path, Family family = Family::ipv4) {
  return BrokerClient{path}.ask(family, {}, 0).got;
}

/// Asks a broker that gives this answer to every request, and checks that the error names the broker's path.
os::PingSocket ask_one_that(const Script& script) {
  const BrokerThread broker{script};
  os::PingSocket got = ask(broker.path());
  BOOST_TEST(!got.socket);
  BOOST_TEST((got.doing.find(broker.path()) != std::string::npos), got.doing);
  return got;
}

void check_protocol_error(const std::string& what, const Script& script) {
  BOOST_TEST_CONTEXT(what) { BOOST_TEST(ask_one_that(script).error == make_error_code(Errc::broker_protocol)); }
}

std::vector<os::FileDescriptor> udp_sockets(std::size_t count) {
  std::vector<os::FileDescriptor> sockets;
  while (sockets.size() < count) sockets.push_back(os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP));
  return sockets;
}

FakeAnswer hand_over(std::vector<os::FileDescriptor> descriptors, const BrokerReply& reply = {.count = 1}) {
  FakeAnswer answer = say(reply);
  answer.descriptors = std::move(descriptors);
  return answer;
}

bool contains(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

BOOST_AUTO_TEST_CASE(who_is_absent_is_named) {
  const std::string path = broker_path();
  os::PingSocket none = ask(path);
  BOOST_TEST(none.error == system_error_code(ENOENT));
  BOOST_TEST(none.doing == "cannot connect to the broker " + path);
  {
    const FakeBroker ended{path};
    ::shutdown(ended.listener(), SHUT_RDWR);
    BOOST_TEST(ask(path).error == system_error_code(ECONNREFUSED));
  }
  BOOST_TEST(ask("").error == system_error_code(ENOENT));
  none = ask("/tmp");
  BOOST_TEST(none.error == system_error_code(ENOTSOCK));
  BOOST_TEST(none.doing == "cannot connect to the broker /tmp, which is no socket");
  const std::string long_path = "/tmp/" + std::string(200, 'x');
  none = ask(long_path);
  BOOST_TEST(none.error == system_error_code(ENAMETOOLONG));
  BOOST_TEST(contains(none.doing, long_path));
}

BOOST_AUTO_TEST_CASE(open_transport_says_why_the_broker_does_not_serve) {
  const std::string path = broker_path();
  const TransportOptions options{.kinds = {TransportKind::broker}, .broker = path};
  std::error_code error;
  BOOST_TEST(open_transport(options, error) == nullptr);
  BOOST_TEST(error == system_error_code(ENOENT));
  BOOST_CHECK_EXCEPTION((void)open_transport(options), std::system_error, [&](const std::system_error& absent) {
    return absent.what() == "cannot connect to the broker " + path + ": No such file or directory";
  });
  const BrokerThread broker{[](const Bytes&) { return say({.status = BrokerStatus::denied}); }};
  const TransportOptions denied{.kinds = {TransportKind::broker}, .broker = broker.path()};
  BOOST_TEST(open_transport(denied, error) == nullptr);
  BOOST_TEST(error == make_error_code(Errc::broker_denied));
  BOOST_CHECK_EXCEPTION((void)open_transport(denied), PermissionError, [&](const PermissionError& refusal) {
    const std::string text = refusal.what();
    return contains(text, broker.path()) && contains(text, "must allow user") && contains(text, "the broker refused");
  });
  // After a denial for one family the broker is not asked for the other: each open_transport() asks once.
  BOOST_TEST(broker.requests() == 2);
}

BOOST_AUTO_TEST_CASE(the_system_s_refusal_in_the_broker_is_passed_on) {
  const BrokerThread broker{[](const Bytes&) { return say({.status = BrokerStatus::failed, .error = EAFNOSUPPORT}); }};
  const BrokerAnswer answer = BrokerClient{broker.path()}.ask(Family::ipv6, {}, 0);
  BOOST_TEST(!answer.got.may_pass);
  BOOST_TEST(answer.got.error == system_error_code(EAFNOSUPPORT));
  BOOST_TEST(answer.got.doing == "the broker " + broker.path() + " cannot open a ping socket for ipv6");
}

BOOST_AUTO_TEST_CASE(the_request_is_what_was_asked_for) {
  std::optional<BrokerRequest> seen;
  const Address source = Address::v4({127, 0, 0, 2});
  {
    const BrokerThread broker{[&seen](const Bytes& request) {
      seen = parse_broker_request(request);
      return say({.status = BrokerStatus::denied});
    }};
    static_cast<void>(BrokerClient{broker.path()}.ask(Family::ipv4, source, 12345));
  }
  BOOST_REQUIRE(seen.has_value());
  BOOST_CHECK((*seen == BrokerRequest{.family = Family::ipv4, .receive_buffer = 12345, .source = source}));
}

BOOST_AUTO_TEST_CASE(who_is_limited_asks_again) {
  std::atomic<int> asked = 0;
  const BrokerThread broker{[&asked](const Bytes&) {
    if (++asked < 3) return say({.status = BrokerStatus::limited, .retry_after_milliseconds = 20});
    return say({.status = BrokerStatus::failed, .error = ENODEV});
  }};
  BOOST_TEST(ask(broker.path()).error == system_error_code(ENODEV));
  BOOST_TEST(asked == 3);
}

BOOST_AUTO_TEST_CASE(who_is_limited_for_long_is_told) {
  for (const std::uint32_t retry_after : {0U, 5000U, 4'000'000'000U}) {
    const BrokerThread broker{[retry_after](const Bytes&) {
      return say({.status = BrokerStatus::limited, .retry_after_milliseconds = retry_after});
    }};
    const os::PingSocket none = ask(broker.path());
    BOOST_TEST(none.error == system_error_code(EAGAIN));
    BOOST_TEST(contains(none.doing, "limits this user"), none.doing);
    BOOST_TEST(broker.requests() == 1);
  }
  // The client gives up after a second.
  const BrokerThread broker{
      [](const Bytes&) { return say({.status = BrokerStatus::limited, .retry_after_milliseconds = 1}); }};
  const std::error_code error = ask(broker.path()).error;
  BOOST_TEST((error == std::errc::resource_unavailable_try_again || error == std::errc::timed_out));
  BOOST_TEST(broker.requests() > 1);
  BOOST_TEST(broker.requests() <= 101);
}

BOOST_AUTO_TEST_CASE(silence_ends_after_a_second) {
  const Instant start = os::monotonic_now();
  const os::PingSocket none = ask_one_that([](const Bytes&) { return FakeAnswer{.silent = true}; });
  BOOST_TEST(none.error == system_error_code(ETIMEDOUT));
  BOOST_TEST(contains(none.doing, "does not answer"), none.doing);
  BOOST_CHECK(os::monotonic_now() - start >= 1s);
  BOOST_CHECK(os::monotonic_now() - start < 10s);
}

BOOST_AUTO_TEST_CASE(both_families_are_fetched_within_one_second) {
  const BrokerThread broker{[](const Bytes& bytes) {
    const auto request = parse_broker_request(bytes);
    if (!request || request->family == Family::ipv6) return FakeAnswer{.silent = true};
    std::this_thread::sleep_for(900ms);
    return say({.status = BrokerStatus::failed, .error = EAFNOSUPPORT});
  }};
  Duration quickest = Duration::max();
  for (int tries = 0; tries < 5 && quickest >= 1700ms; ++tries) {  // a busy machine may delay this test
    const Instant start = os::monotonic_now();
    BOOST_TEST(BrokerSockets(broker.path(), 0).fetch().error);
    quickest = std::min(quickest, os::monotonic_now() - start);
  }
  BOOST_CHECK(quickest < 1700ms);
}

BOOST_AUTO_TEST_CASE(nobody_waits_long_in_a_queue) {
  const FakeBroker busy{broker_path(), 0};
  std::vector<os::FileDescriptor> queue;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, busy.path().data(), busy.path().size());
  for (int i = 0; i < 8; ++i) {
    queue.emplace_back(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(queue.back().value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) break;
  }
  BOOST_REQUIRE(errno == EAGAIN);
  const Instant start = os::monotonic_now();
  const os::PingSocket none = ask(busy.path());
  BOOST_TEST(none.error == system_error_code(ETIMEDOUT));
  BOOST_CHECK(os::monotonic_now() - start < 10s);
}

BOOST_AUTO_TEST_CASE(silence_is_waited_for_once) {
  const BrokerThread broker{[](const Bytes&) { return FakeAnswer{.silent = true}; }};
  BrokerSockets sockets{broker.path(), 0};
  for (int i = 0; i < 20; ++i) {
    const os::PingSocket none = sockets.ping_socket(i % 2 == 0 ? Family::ipv4 : Family::ipv6, {}, 0);
    BOOST_TEST(none.error == system_error_code(ETIMEDOUT));
    BOOST_TEST(contains(none.doing, "does not answer"), none.doing);
  }
  BOOST_TEST(broker.requests() < 5);
}

BOOST_AUTO_TEST_CASE(an_end_without_an_answer_is_told) {
  const os::PingSocket none = ask_one_that([](const Bytes&) { return FakeAnswer{}; });
  BOOST_TEST(none.error == system_error_code(ECONNRESET));
}

// A broker may deny a user before it has read the request.
BOOST_AUTO_TEST_CASE(an_answer_before_the_question_is_heard) {
  FakeBroker broker{broker_path()};
  std::thread hasty{[&broker] {
    const os::FileDescriptor connection{::accept4(broker.listener(), nullptr, nullptr, SOCK_CLOEXEC)};
    send_answer(connection.value(), say({.status = BrokerStatus::denied}));
  }};
  BOOST_TEST(ask(broker.path()).error == make_error_code(Errc::broker_denied));
  hasty.join();
}

BOOST_AUTO_TEST_CASE(what_is_no_reply_is_refused) {
  const Bytes granted = bytes_of({.count = 1});
  for (const Bytes& bytes :
       {Bytes{0}, Bytes(20, 0xff), Bytes(5000, 0x61), granted + Bytes{0}, Bytes(granted.begin(), granted.end() - 1)})
    check_protocol_error(std::to_string(bytes.size()) + " bytes", [&bytes](const Bytes&) {
      FakeAnswer answer;
      answer.bytes = bytes;
      return answer;
    });
  check_protocol_error("failed without an error", [](const Bytes&) { return say({.status = BrokerStatus::failed}); });
  check_protocol_error("bad request", [](const Bytes&) { return say({.status = BrokerStatus::bad_request}); });
}

BOOST_AUTO_TEST_CASE(another_version_is_named) {
  for (const BrokerReply& reply : {BrokerReply{.version = 2, .status = BrokerStatus::bad_version},
                                   BrokerReply{.version = 2, .status = BrokerStatus::denied}}) {
    const os::PingSocket none = ask_one_that([&reply](const Bytes&) { return say(reply); });
    BOOST_TEST(none.error == make_error_code(Errc::broker_protocol));
    BOOST_TEST(contains(none.doing, "version 2"), none.doing);
    BOOST_TEST(contains(none.doing, "version 1"), none.doing);
  }
}

BOOST_AUTO_TEST_CASE(sockets_that_were_not_asked_for_are_refused_and_closed) {
  check_protocol_error("none", [](const Bytes&) { return hand_over({}); });
  check_protocol_error("UDP", [](const Bytes&) { return hand_over(udp_sockets(1)); });
  check_protocol_error("two", [](const Bytes&) { return hand_over(udp_sockets(2), {.count = 2}); });
  check_protocol_error("too many", [](const Bytes&) { return hand_over(udp_sockets(20)); });
  check_protocol_error("one more than said", [](const Bytes&) { return hand_over(udp_sockets(2)); });
  check_protocol_error("with a refusal",
                       [](const Bytes&) { return hand_over(udp_sockets(1), {.status = BrokerStatus::denied}); });
  check_protocol_error("a file", [](const Bytes&) {
    std::vector<os::FileDescriptor> files;
    files.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return hand_over(std::move(files));
  });
  check_protocol_error("garbage and sockets", [](const Bytes&) {
    FakeAnswer answer = hand_over(udp_sockets(3));
    answer.bytes.push_back(0);
    return answer;
  });
}

BOOST_AUTO_TEST_CASE(nothing_stays_open) {
  const auto next_descriptor = [] { return os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP).value(); };
  const BrokerThread broker{[](const Bytes&) { return hand_over(udp_sockets(20)); }};
  static_cast<void>(ask(broker.path()));
  const int before = next_descriptor();
  for (int i = 0; i < 50; ++i) static_cast<void>(ask(broker.path()));
  // The broker's thread may not have closed its own sockets yet.
  BOOST_TEST(next_descriptor() < before + 60);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
