// Tests attacks of clients on the broker, on real sockets: it stays alive and small, and serves the other clients.
// Normal use is tested in broker_server_test.cpp.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "apps/multipingd/broker/broker_client_side.hpp"
#include "os/clock.hpp"
#include "support/sanitized.hpp"

BOOST_AUTO_TEST_SUITE(broker_siege_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using multiping::Family;
using multiping::broker::BrokerReply;
using multiping::broker::BrokerStatus;
using multiping::daemon::BrokerPolicy;
namespace net_test = multiping::test;
namespace os = multiping::os;
using namespace std::chrono_literals;
using net_test::as_user;
using net_test::Broker;
using net_test::check_status;
using net_test::Child;
using net_test::Client;
using net_test::request_for;
using Bytes = std::vector<std::uint8_t>;

constexpr long most_growth = net_test::sanitized ? 64'000 : 1'000;  // kilobytes

void in_a_host(const std::function<void()>& body) {
  net_test::in_namespace(
      [&] {
        net_test::allow_ping_sockets();
        body();
      },
      120s);
}

/// A policy that limits no client of these tests.
BrokerPolicy generous() {
  return {
      .requests = {}, .sockets_of_user = 60'000, .sockets = 60'000, .connections = 4000, .connections_of_user = 4000};
}

Bytes valid() {
  const auto bytes = encode(request_for(1));
  return {bytes.begin(), bytes.end()};
}

Bytes mutated(std::mt19937& random) {
  Bytes bytes = valid();
  if (random() % 4 == 0) bytes.resize(random() % 80);
  for (auto changes = random() % 4; changes > 0 && !bytes.empty(); --changes)
    bytes.at(random() % bytes.size()) = static_cast<std::uint8_t>(random());
  return bytes;
}

/// Checks the answer to these bytes. A valid request may fail, because a socket may not be bound to its source.
void check_answer(const Bytes& bytes, const std::optional<BrokerReply>& reply) {
  BOOST_REQUIRE(reply.has_value());
  const auto request = multiping::broker::parse_broker_request(bytes);
  if (!request) {
    BOOST_REQUIRE(reply->status == BrokerStatus::bad_request);
  } else if (request->version != multiping::broker::broker_version) {
    BOOST_REQUIRE(reply->status == BrokerStatus::bad_version);
  } else {
    BOOST_REQUIRE((reply->status == BrokerStatus::granted || reply->status == BrokerStatus::failed));
    BOOST_REQUIRE((reply->status != BrokerStatus::granted || reply->count == request->count));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_no_request_is_refused_and_ends_the_connection) {
  in_a_host([] {
    const Broker broker{{.policy = generous()}};
    std::vector<Bytes> messages = {Bytes(1), Bytes(35), Bytes(37), Bytes(65536), valid()};
    messages.back().push_back(0);
    for (const Bytes& message : messages) {
      Client client{broker.path};
      BOOST_TEST(client.send(message));
      check_status(client.receive(), BrokerStatus::bad_request);
      BOOST_TEST(!client.receive().has_value());
    }
    Client empty{broker.path};
    BOOST_TEST(empty.send(Bytes{}));
    BOOST_TEST(!empty.receive().has_value());
    broker.check_alive();
    BOOST_TEST(broker.log().find(": malformed request\n") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(mutated_requests_by_the_thousand_leave_it_as_it_was) {
  in_a_host([] {
    const Broker broker{{.policy = generous()}};
    std::mt19937 random{39};
    auto client = std::make_unique<Client>(broker.path);
    const auto round = [&](int count) {
      for (int i = 0; i < count; ++i) {
        const Bytes bytes = mutated(random);
        if (bytes.empty()) continue;
        BOOST_REQUIRE(client->send(bytes));
        const auto reply = client->receive();
        check_answer(bytes, reply);
        if (reply->status == BrokerStatus::bad_request || reply->status == BrokerStatus::bad_version)
          client = std::make_unique<Client>(broker.path);
      }
    };
    round(2000);
    const long before = broker.resident_kilobytes();
    const std::size_t open = broker.open_descriptors();
    round(18'000);
    BOOST_TEST(broker.resident_kilobytes() <= before + most_growth);
    BOOST_TEST(broker.descriptors_fall_to(open + 16));
    broker.check_alive();
  });
}

BOOST_AUTO_TEST_CASE(descriptors_that_a_client_sends_never_arrive) {
  in_a_host([] {
    const Broker broker;
    broker.check_alive();
    const std::size_t before = broker.open_descriptors();
    for (int i = 0; i < 50; ++i) {
      Client client{broker.path};
      const os::FileDescriptor mine{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
      auto bytes = valid();
      iovec part{bytes.data(), bytes.size()};
      alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      *header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
      const int value = mine.value();
      std::memcpy(CMSG_DATA(header), &value, sizeof value);
      // Newer kernels refuse to send the descriptors, older ones close them on the way.
      if (::sendmsg(client.descriptor(), &message, MSG_NOSIGNAL) < 0) {
        BOOST_TEST(errno == EPERM);
        continue;
      }
      check_status(client.receive(), BrokerStatus::bad_request);
    }
    BOOST_TEST(broker.descriptors_fall_to(before + 1));
    broker.check_alive();
  });
}

BOOST_AUTO_TEST_CASE(a_thousand_connections_at_once_are_served_or_told) {
  in_a_host([] {
    std::optional<Broker> current;
    std::vector<std::unique_ptr<Client>> clients;
    int granted = 0, limited = 0;
    // A client that has not asked after five seconds is disconnected. So a slow machine gets several tries.
    for (int tries = 0; tries < 5 && (granted != 200 || limited != 800); ++tries) {
      clients.clear();
      current.emplace(Broker::Options{.policy = {.connections = 300, .connections_of_user = 200}},
                      "/run/broker" + std::to_string(tries));
      for (int i = 0; i < 1000; ++i) clients.push_back(std::make_unique<Client>(current->path));
      granted = limited = 0;
      for (const auto& client : clients) {
        client->send(request_for(1));
        const auto reply = client->receive();
        granted += reply && reply->status == BrokerStatus::granted ? 1 : 0;
        limited += reply && reply->status == BrokerStatus::limited ? 1 : 0;
      }
    }
    BOOST_TEST(granted == 200);
    BOOST_TEST(limited == 800);
    const Broker& broker = *current;
    Child other{[&] {
      as_user(1000, 1000);
      broker.check_alive();
    }};
    BOOST_TEST(other.join());
    const long before = broker.resident_kilobytes();
    for (int i = 0; i < 5; ++i) {
      clients.clear();
      for (int j = 0; j < 1000; ++j) clients.push_back(std::make_unique<Client>(broker.path));
    }
    BOOST_TEST(broker.resident_kilobytes() <= before + most_growth);
  });
}

BOOST_AUTO_TEST_CASE(a_client_that_never_reads_loses_its_connection_and_its_sockets) {
  in_a_host([] {
    const Broker broker{{.policy = generous()}};
    Client deaf{broker.path};
    int sent = 0;
    while (sent < 1000 && deaf.send(request_for(16))) ++sent;
    BOOST_TEST(sent < 1000);  // the connection is over
    BOOST_TEST(sent >= 1);
    broker.check_alive();
    BOOST_TEST(broker.open_descriptors() < 64U);
  });
}

BOOST_AUTO_TEST_CASE(a_client_that_never_writes_is_sent_away_after_a_while) {
  in_a_host([] {
    const Broker broker;
    const auto start = os::monotonic_now();
    Client silent{broker.path};
    std::optional<Client> busy{broker.path};
    auto asked_at = start;
    const auto ask_again = [&] {  // a client that asks in time stays; a busy machine may delay this process
      const auto before = std::exchange(asked_at, os::monotonic_now());
      const auto reply = busy->ask(request_for(1));
      if (!reply && os::monotonic_now() - before >= 5s) {
        busy.emplace(broker.path);
      } else {
        check_status(reply, BrokerStatus::granted);
      }
    };
    const timeval limit{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(silent.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    bool sent_away = false;
    while (!sent_away && os::monotonic_now() - start < 60s) {
      ask_again();
      errno = 0;
      BOOST_TEST(!silent.receive().has_value());
      sent_away = errno != EAGAIN;
    }
    BOOST_TEST(sent_away);
    BOOST_CHECK(os::monotonic_now() - start >= 5s);
    ask_again();
  });
}

BOOST_AUTO_TEST_CASE(a_flood_by_one_user_costs_another_one_nothing) {
  in_a_host([] {
    const Broker broker;  // with the default policy
    std::vector<std::unique_ptr<Child>> flood;
    for (int i = 0; i < 2; ++i) {
      flood.push_back(std::make_unique<Child>([&] {
        as_user(1000, 1000);
        BOOST_REQUIRE(::nice(19) == 19);  // else the test measures the scheduler, with more busy processes than cores
        std::vector<std::unique_ptr<Client>> clients;
        for (int j = 0; j < 50; ++j) clients.push_back(std::make_unique<Client>(broker.path));
        const auto bytes = encode(request_for(16));
        for (;;) {
          for (auto& client : clients) {
            if (!client->send(bytes, MSG_DONTWAIT) && errno != EAGAIN) client = std::make_unique<Client>(broker.path);
          }
        }
      }));
    }
    Child measuring{[&] {
      as_user(2000, 2000);
      Client client{broker.path};
      std::vector<double> times;
      const auto end = os::monotonic_now() + 20s;  // a slow machine manages fewer
      for (int i = 0; i < 500 && os::monotonic_now() < end; ++i) {
        const auto start = os::monotonic_now();
        check_status(client.ask(request_for(1)), BrokerStatus::granted);
        BOOST_TEST(client.sockets.size() == 1U);
        times.push_back(multiping::to_milliseconds(os::monotonic_now() - start));
        ::usleep(1000);  // the pace of an ordinary client
      }
      std::ranges::sort(times);
      const double median = times.at(times.size() / 2);
      BOOST_TEST_MESSAGE("milliseconds: median " << median << ", p99 " << times.at(times.size() * 99 / 100)
                                                 << ", worst " << times.back());
      // The bound is wide, because the machine may be busy. broker_server_test.cpp tests exactly that a user waits for
      // only one request of another user at a time.
      if (!net_test::sanitized) BOOST_TEST(median < 1000);
    }};
    BOOST_TEST(measuring.join());
    const auto told = [&] { return broker.log().find("limited uid 1000 gid 1000 pid ") != std::string::npos; };
    for (const auto end = os::monotonic_now() + 20s; !told() && os::monotonic_now() < end;) ::usleep(1000);
    BOOST_TEST(told());
    BOOST_TEST(broker.log().find("limited uid 2000") == std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(without_descriptors_clients_are_told_and_it_does_not_spin) {
  in_a_host([] {
    const Broker broker{{.policy = generous(), .prepare = [] {
                           const rlimit few{40, 40};
                           BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
                         }}};
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<Client>(broker.path));
    Client unlucky{broker.path};
    check_status(unlucky.receive(), BrokerStatus::limited);
    BOOST_TEST(broker.log().find(": no descriptor is left\n") != std::string::npos);
    const auto before = broker.processor_time();
    ::usleep(500'000);
    BOOST_CHECK(broker.processor_time() - before < 250ms);
    const auto reply = clients.front()->ask(request_for(16));
    check_status(reply, BrokerStatus::failed);
    BOOST_TEST(reply->error == static_cast<std::uint32_t>(EMFILE));
    clients.clear();
    bool served = false;
    for (int tries = 0; tries < 1000 && !served; ++tries) {  // until the broker has noticed that the others ended
      Client client{broker.path};
      client.send(request_for(1));
      const auto answer = client.receive();
      served = answer && answer->status == BrokerStatus::granted;
    }
    BOOST_TEST(served);
  });
}

BOOST_AUTO_TEST_CASE(sockets_in_flight_do_not_keep_others_from_theirs) {
  in_a_host([] {
    const Broker broker{{.policy = {.sockets_of_user = 64, .sockets = 128}, .prepare = [] {
                           const rlimit enough{256, 256};
                           BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &enough) == 0);
                           as_user(7, 7);
                         }}};
    std::vector<std::unique_ptr<Client>> deaf;
    for (int i = 0; i < 64; ++i) {
      deaf.push_back(std::make_unique<Client>(broker.path));
      deaf.back()->send(request_for(16));
    }
    Child other{[&] {
      as_user(1000, 1000);
      Client client{broker.path};
      for (int i = 0; i < 4; ++i) check_status(client.ask(request_for(16)), BrokerStatus::granted);
    }};
    BOOST_TEST(other.join());
  });
}

BOOST_AUTO_TEST_SUITE_END()
