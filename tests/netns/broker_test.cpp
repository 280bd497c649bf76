// Tests an ordinary user who may not open ping sockets and uses those of a broker, with the same results.
// The broker here is a process that may open them; the daemon itself has its own tests.
#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <memory>
#include <new>

#include "broker/broker_sockets.hpp"
#include "broker/fake_broker.hpp"
#include "multiping/error.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "os/io_under_test.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(broker_test, *precondition(needs_root))

const char* const default_path = "/run/multiping/multiping.sock";
const gid_t group_of_broker = 4242;

/// Only the broker's group may open ping sockets.
void reserve_ping_sockets() {
  write_file("/proc/sys/net/ipv4/ping_group_range",
             std::to_string(group_of_broker) + " " + std::to_string(group_of_broker));
}

/// Becomes an ordinary user in the broker's group. The user is `nobody`, so that a test that became nobody may end it.
void become_broker() {
  constexpr uid_t nobody = 65534;
  BOOST_REQUIRE(::setgroups(1, &group_of_broker) == 0);
  BOOST_REQUIRE(::setresuid(nobody, nobody, nobody) == 0);
  BOOST_REQUIRE(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);  // the change of user has removed the death signal
}

/// A broker at the default path, in a process of its own.
class BrokerProcess {
 public:
  explicit BrokerProcess(Script script = [](const Bytes& request) { return grant(request); }) {
    reserve_ping_sockets();
    std::filesystem::create_directories("/run/multiping");
    broker_ = std::make_unique<FakeBroker>(default_path);
    child_ = std::make_unique<Child>([this, script = std::move(script)] {
      become_broker();
      broker_->serve(script);
    });
    broker_->leave_to_children();  // when the children end, no process listens
  }
  void end() { child_.reset(); }

 private:
  std::unique_ptr<FakeBroker> broker_;
  std::unique_ptr<Child> child_;
};

Script answering(broker::BrokerReply reply) {
  return [reply](const Bytes&) { return say(reply); };
}

Options through_broker() { return options_for(TransportKind::broker); }

/// The text of the exception that `body` throws; a failed check and an empty text when it throws none.
template <class Error = std::system_error>
std::string complaint(const std::function<void()>& body, std::error_code expected) {
  try {
    body();
  } catch (const Error& error) {
    BOOST_TEST(error.code() == expected, error.what());
    return error.what();
  }
  BOOST_ERROR("nothing was thrown");
  return {};
}

bool contains(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

void check_all_answer(TargetList targets, const Options& options) {
  const std::size_t count = targets.size();
  const Batch batch = multi_ping(std::move(targets), 10s, 2, options);
  BOOST_TEST(batch.responses.size() == count);
  for (const Result& result : batch.responses)
    BOOST_REQUIRE_MESSAGE(unsigned{result.auth_bits} == 80U && result.rtt > 0s, result);
}

BOOST_AUTO_TEST_CASE(the_broker_is_the_third_choice) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    std::error_code own;
    BOOST_TEST(open_transport({.kinds = {TransportKind::raw, TransportKind::ping_socket}}, own) == nullptr);
    const auto transport = open_transport();
    const Capabilities can = capabilities(*transport);
    BOOST_CHECK(can.kind == TransportKind::broker);
    BOOST_TEST((can.ipv4 && can.ipv6 && can.icmp_errors && can.mpls && can.udp && can.tcp && can.kernel_timestamps &&
                can.icmp));
    BOOST_TEST((!can.sctp && !can.mark));
    check_all_answer({"127.0.0.1", "::1"}, {.transport = transport});
    check_all_answer({"127.0.0.1", "::1"}, {});
  });
}

BOOST_AUTO_TEST_CASE(a_batch_is_as_with_own_ping_sockets) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    std::vector<Target> targets{"::1"};
    for (const Address& host : loopback_hosts(5000)) targets.push_back(host);
    for (const int threads : {1, 2}) {
      Options options = through_broker();
      options.threads = threads;
      check_all_answer(targets, options);
    }
    const ProbeOptions tcp{.protocol = Protocol::tcp, .port = 9}, udp{.protocol = Protocol::udp};
    const Batch mixed = multi_ping({{"127.0.0.1", tcp}, {"::1", udp}, {"127.0.0.2", {}}}, 5s, 1, through_broker());
    BOOST_TEST(mixed.responses.size() == 3U);
  });
}

BOOST_AUTO_TEST_CASE(icmp_errors_come_too) {
  in_namespace([] {
    make_router();
    run("nsenter --net=/run/netns/router ip route add unreachable 10.3.0.0/24");
    run("nsenter --net=/run/netns/router ip -6 route add unreachable fd03::/64");
    BrokerProcess broker;
    become_nobody();
    MultiPing batch{{"10.3.0.9", "fd03::9", "10.2.0.2", "fd02::2"}, {.fail_fast = true, .transport = open_transport()}};
    batch.send();
    static_cast<void>(batch.receive(2s));
    BOOST_TEST(count(batch.results(), Outcome::unreachable) == 2U);
    BOOST_TEST(count(batch.results(), Outcome::reply) == 2U);
    TraceOptions options;
    options.ping = through_broker();
    for (const Route& route : traceroute({"10.2.0.2", "fd02::2"}, options)) {
      BOOST_REQUIRE(route.hops.size() == 2U);
      BOOST_TEST(route.reached);
    }
  });
}

BOOST_AUTO_TEST_CASE(single_probes_and_series_go_through_it) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    Prober prober{through_broker()};
    for (const Address& host : {address("127.0.0.1"), address("::1")})
      static_cast<void>(prober.submit(host, {}, 10s, 1));
    std::size_t answered = 0;
    while (prober.in_flight() > 0)
      for (const auto& [token, result] : prober.poll(60s)) answered += result.answered() ? 1U : 0U;
    BOOST_TEST(answered == 2U);
    const auto all =
        ping_series({"127.0.0.1", "::1"}, {.count = 5, .interval = 5ms, .timeout = 10s, .ping = through_broker()});
    for (const Series& series : all) BOOST_TEST(series.statistics.received() == 5U);
  });
}

BOOST_AUTO_TEST_CASE(devices_and_sources_hold) {
  in_namespace([] {
    make_peer();
    run("ip addr add fe80::a/64 dev va nodad && nsenter --net=/run/netns/peer ip addr add fe80::b/64 dev vb nodad");
    wait_for_addresses();
    wait_for_addresses("peer");
    BrokerProcess broker;
    become_nobody();
    const ProbeOptions device{.device = "va"}, wrong{.device = "lo"};
    const ProbeOptions source{.source_v4 = address("10.1.0.1"), .source_v6 = address("fd01::1")};
    for (const ProbeOptions& probe : {device, source})
      BOOST_TEST(multi_ping({{"10.1.0.2", probe}, {"fd01::2", probe}}, 5s, 2, through_broker()).responses.size() == 2U);
    BOOST_TEST(multi_ping({{"10.1.0.2", wrong}, {"fd01::2", wrong}}, 300ms, 0, through_broker()).responses.empty());
    const ProbeOptions link_local{.source_v6 = address("fe80::a%va"), .device = "va"};
    BOOST_TEST(multi_ping({{"fe80::b%va", link_local}}, 5s, 2, through_broker()).responses.size() == 1U);
    const ProbeOptions foreign{.source_v6 = address("fd01::77")};
    const auto send = [&foreign] { MultiPing{{{"fd01::2", foreign}}, through_broker()}.send(); };
    BOOST_TEST(contains(complaint(send, error_of(EADDRNOTAVAIL)), "fd01::77"));
  });
}

BOOST_AUTO_TEST_CASE(marks_are_refused_as_for_ping_sockets) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    const auto send_marked = [] { MultiPing{{{"127.0.0.1", {.mark = 5}}}, through_broker()}.send(); };
    const std::string text = complaint<PermissionError>(send_marked, error_of(EPERM));
    BOOST_TEST(contains(text, "ProbeOptions::mark 5"), text);
  });
}

BOOST_AUTO_TEST_CASE(its_death_changes_nothing_for_sockets_that_it_gave) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    MultiPing early{{"127.0.0.1", "::1"}, through_broker()};
    const Options options = through_broker();
    broker.end();
    early.send();
    BOOST_TEST(early.receive(10s).responses.size() == 2U);
    // The sockets that were fetched when the transport was opened serve the first object.
    check_all_answer({"127.0.0.1", "::1"}, options);
    const MultiPing holder{{"127.0.0.1", "::1"}, options};  // uses the sockets that the broker gave before
    const auto again = [&options] { MultiPing{{"127.0.0.1", "::1"}, options}.send(); };
    BOOST_TEST(contains(complaint(again, error_of(ECONNREFUSED)), std::string{"the broker "} + default_path));
    const auto anew = [] { static_cast<void>(through_broker()); };
    BOOST_TEST(contains(complaint(anew, error_of(ECONNREFUSED)), std::string{"the broker "} + default_path));
    // A batch without ICMP does not need the broker.
    BOOST_TEST(multi_ping({{"127.0.0.1", {.protocol = Protocol::tcp, .port = 9}}}, 5s).responses.size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_long_lived_object_finds_a_broker_that_comes_back) {
  in_namespace([] {
    auto broker = std::make_unique<BrokerProcess>();
    // The first object uses the sockets that were fetched.
    const auto transport = open_transport({.kinds = {TransportKind::broker}});
    const MultiPing first{{"127.0.0.1", "::1"}, {.transport = transport}};
    Prober prober{{.transport = transport}};
    const auto outcome = [&prober] {
      static_cast<void>(prober.submit(address("127.0.0.1"), {}, 10s, 1));
      const auto results = prober.poll(60s);
      BOOST_REQUIRE(results.size() == 1U);
      return results.front().result.outcome;
    };
    broker.reset();
    BOOST_CHECK(outcome() == Outcome::send_failed);
    broker = std::make_unique<BrokerProcess>();
    // The failure is remembered for a moment.
    const Stopwatch stopwatch;
    Outcome last = Outcome::send_failed;
    while (last == Outcome::send_failed && stopwatch.elapsed() < 20s) last = outcome();
    BOOST_CHECK(last == Outcome::reply);
  });
}

BOOST_AUTO_TEST_CASE(two_objects_never_have_the_same_socket) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    broker::BrokerSockets sockets{default_path, 0};
    BOOST_TEST(!sockets.fetch().error);
    const os::PingSocket first = sockets.ping_socket(Family::ipv4, {}, 0);
    const os::PingSocket second = sockets.ping_socket(Family::ipv4, {}, 0);
    BOOST_REQUIRE((first.socket && second.socket));
    BOOST_TEST(first.id != second.id);
    BOOST_TEST(first.id != 0U);
    broker.end();
    // The fetched IPv6 socket stays with the parent; a forked child must not use it.
    Child child{[&sockets] { BOOST_TEST(sockets.ping_socket(Family::ipv6, {}, 0).error == error_of(ECONNREFUSED)); }};
    BOOST_TEST(child.join());
    const os::PingSocket kept = sockets.ping_socket(Family::ipv6, {}, 0);
    BOOST_TEST(!kept.error);
    for (const int descriptor : {first.socket.value(), kept.socket.value()})
      BOOST_TEST((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  });
}

BOOST_AUTO_TEST_CASE(a_program_that_is_started_inherits_nothing) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    const std::string list = "ls -l /proc/self/fd | grep -c socket:";
    const bool before = try_run(list);
    const Options options = through_broker();
    MultiPing batch{{"127.0.0.1", "::1"}, options};
    batch.send();
    BOOST_TEST(try_run(list) == before);
    BOOST_TEST(!before);
  });
}

BOOST_AUTO_TEST_CASE(a_full_table_of_descriptors_is_this_process_s_own) {
  in_namespace([] {
    BrokerProcess broker;
    become_nobody();
    const int next = os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP).value();
    const broker::BrokerClient client{default_path};
    for (const int room : {0, 1}) {
      const auto most = static_cast<rlim_t>(next + room);
      const rlimit limit{.rlim_cur = most, .rlim_max = 4096};
      BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
      const auto none = client.ask(Family::ipv4, {}, 0).got;
      BOOST_TEST(none.error == error_of(EMFILE), none.doing);
    }
    const rlimit enough{.rlim_cur = 4096, .rlim_max = 4096};
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &enough) == 0);
    BOOST_TEST(!client.ask(Family::ipv4, {}, 0).got.error);
  });
}

BOOST_AUTO_TEST_CASE(a_buffer_that_was_forced_stays) {
  constexpr std::size_t forced = 64U << 20U;
  in_namespace([] {
    allow_ping_sockets();
    /// Sockets that were opened by a process that may force buffer sizes; each is handed over once.
    class Forced final : public os::PingSocketSource {
     public:
      os::PingSocket ping_socket(Family, const Address&, std::size_t) override {
        os::PingSocket last = std::move(opened_.back());
        opened_.pop_back();
        return last;
      }
      Forced() {
        for (int i = 0; i < 4; ++i) opened_.push_back(os::open_ping_socket(Family::ipv4, {}, forced));
      }

     private:
      std::vector<os::PingSocket> opened_;
    };
    const auto sockets = std::make_shared<Forced>();
    become_nobody();
    for (const std::size_t wish : {std::size_t{0}, std::size_t{1}, forced / 2, 2 * forced}) {
      os::SocketPacketIo io{TransportKind::broker,
                            {.receive_buffer = wish},
                            {.profiles = {{}}, .targets = 100'000},
                            {.broker = {.sockets = sockets}}};
      const net::SendPath way = io.way(Family::ipv4, 0, 0);
      BOOST_REQUIRE_MESSAGE(way.kind == net::SendPath::Kind::socket_id, way.doing);
      BOOST_TEST(io.channel(way.socket_id).receive_room >= forced / 2048, wish);
    }
  });
}

BOOST_AUTO_TEST_CASE(sockets_that_others_could_join_are_refused) {
  in_namespace([] {
    const auto shared = [](const Bytes& request) {
      FakeAnswer answer = grant(request);
      os::set_option(answer.descriptors.front().value(), SOL_SOCKET, SO_REUSEADDR, 1);
      return answer;
    };
    const auto unbound = [](const Bytes&) {
      FakeAnswer answer = say({.count = 1});
      answer.descriptors.push_back(os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_ICMP));
      return answer;
    };
    const auto other_family = [](const Bytes&) {
      FakeAnswer answer = say({.count = 1});
      answer.descriptors.push_back(os::open_ping_socket(Family::ipv6).socket);
      return answer;
    };
    const auto elsewhere = [](const Bytes&) {
      FakeAnswer answer = say({.count = 1});
      answer.descriptors.push_back(os::open_ping_socket(Family::ipv4, address("127.0.0.1")).socket);
      return answer;
    };
    for (const Script& script : {Script{shared}, Script{unbound}, Script{other_family}, Script{elsewhere}}) {
      BrokerProcess broker{script};
      const auto none = broker::BrokerClient{default_path}.ask(Family::ipv4, address("127.0.0.2"), 0).got;
      BOOST_TEST(none.error == make_error_code(Errc::broker_protocol));
      BOOST_TEST(contains(none.doing, "handed over a socket that"), none.doing);
    }
  });
}

BOOST_AUTO_TEST_CASE(without_any_right_the_broker_is_named_too) {
  in_namespace([] {
    allow_ping_sockets(false);
    become_nobody();
    const auto icmp = [] { MultiPing{"127.0.0.1"}.send(); };
    const std::string text = complaint<PermissionError>(icmp, error_of(EPERM));
    for (const char* remedy : {"setcap", "ping_group_range", "multipingd, listening at /run/multiping/multiping.sock"})
      BOOST_TEST(contains(text, remedy), text);
    BOOST_TEST(!contains(text, "listening at /run/multiping/multiping.sock,"), text);
  });
}

BOOST_AUTO_TEST_CASE(a_broker_that_does_not_serve_is_named_with_its_reason) {
  in_namespace([] {
    const auto icmp = [] { MultiPing{"127.0.0.1"}.send(); };
    BrokerProcess broker{answering({.status = broker::BrokerStatus::denied})};
    Child denied{[&] {
      become_nobody();
      const std::string text = complaint<PermissionError>(icmp, error_of(EPERM));
      for (const char* words : {"setcap", "ping_group_range", "must allow user 65534", "(the broker refused)"})
        BOOST_TEST(contains(text, words), text);
      const auto alone = [] { static_cast<void>(through_broker()); };
      static_cast<void>(complaint<PermissionError>(alone, make_error_code(Errc::broker_denied)));
      const Batch tcp = multi_ping({{"127.0.0.1", {.protocol = Protocol::tcp, .port = 9}}}, 5s);
      BOOST_TEST(tcp.responses.size() == 1U);
    }};
    BOOST_TEST(denied.join());
    run("chmod 0600 /run/multiping/multiping.sock");
    Child locked_out{[&] {
      become_nobody();
      const std::string text = complaint<PermissionError>(icmp, error_of(EPERM));
      BOOST_TEST(contains(text, "must allow user 65534 or one of its groups (Permission denied)"), text);
      const auto alone = [] { static_cast<void>(through_broker()); };
      static_cast<void>(complaint<PermissionError>(alone, error_of(EACCES)));
    }};
    BOOST_TEST(locked_out.join());
  });
}

BOOST_AUTO_TEST_CASE(a_later_refusal_is_that_object_s_error) {
  in_namespace([] {
    // The broker grants two requests, one for each family when the transport is opened, and denies later ones.
    auto granted = std::make_shared<int>(0);
    BrokerProcess broker{[granted](const Bytes& request) {
      return ++*granted <= 2 ? grant(request) : say({.status = broker::BrokerStatus::denied});
    }};
    become_nobody();
    const Options options = through_broker();
    check_all_answer({"127.0.0.1", "::1"}, options);
    const MultiPing holder{{"127.0.0.1", "::1"}, options};  // uses the sockets that the broker gave before
    const auto again = [&options] { MultiPing{{"127.0.0.1", "::1"}, options}.send(); };
    const std::string text = complaint<PermissionError>(again, make_error_code(Errc::broker_denied));
    BOOST_TEST(contains(text, default_path), text);
  });
}

/// A counter that is shared with the processes that are forked from now on.
std::atomic<int>& shared_count() {
  void* memory = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  BOOST_REQUIRE(memory != MAP_FAILED);
  return *new (memory) std::atomic<int>{0};
}

BOOST_AUTO_TEST_CASE(silence_after_the_beginning_costs_a_second) {
  in_namespace([] {
    std::atomic<int>& asked = shared_count();
    BrokerProcess broker{
        [&asked](const Bytes& request) { return ++asked <= 2 ? grant(request) : FakeAnswer{.silent = true}; }};
    become_nobody();
    Options options = through_broker();
    check_all_answer({"127.0.0.1", "::1"}, options);
    const MultiPing holder{{"127.0.0.1", "::1"}, options};  // uses the sockets that the broker gave before
    // The object needs several sockets for each thread.
    options.threads = 2;
    const auto again = [&options] {
      std::vector<Target> targets;
      for (const bool whole : {false, true})
        for (const char* host : {"127.0.0.1", "::1"}) targets.push_back({host, {.dont_fragment = whole}});
      MultiPing{targets, options}.send();
    };
    BOOST_TEST(contains(complaint(again, error_of(ETIMEDOUT)), "does not answer"));
    BOOST_TEST(asked <= 2 + options.threads);  // each thread waits once
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
