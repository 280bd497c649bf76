// Checks what a session does without streams: the limit of probes in flight, and the order of what it tells.
#include "apps/mtr_packet/session.hpp"

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(mtr_packet_session_test, *boost::unit_test::precondition(multiping::test::needs_root))

using namespace multiping;
using mtr_packet::Session;

namespace {

/// Serves until nothing is in flight.
void finish(Session& session) {
  for (int turns = 0; turns < 10'000 && session.in_flight() > 0; ++turns) {
    std::vector<pollfd> waiting;
    for (const int descriptor : session.descriptors()) waiting.push_back({descriptor, POLLIN, 0});
    for (std::size_t lane = 0; lane < waiting.size(); ++lane) session.collect(lane);
    if (session.in_flight() > 0) ::poll(waiting.data(), waiting.size(), 1000);
  }
  BOOST_TEST(session.in_flight() == 0U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(more_probes_than_the_limit_are_exhausted) {
  test::in_namespace([] {
    Session session{{.most_in_flight = 2}};
    session.take("1 send-probe ip-4 127.0.0.1\n2 send-probe ip-6 ::1\n3 send-probe ip-4 127.0.0.1\n");
    BOOST_TEST(session.output() == "3 probes-exhausted\n");
    finish(session);
    session.wrote(session.output().size());
    session.take("4 send-probe ip-4 127.0.0.1\n");
    BOOST_TEST(session.output().empty());
    finish(session);
    BOOST_TEST(session.output().starts_with("4 reply ip-4 127.0.0.1 round-trip-time "));
  });
}

BOOST_AUTO_TEST_CASE(output_is_taken_in_parts) {
  test::in_namespace([] {
    Session session{{.dialect = mtr_packet::Dialect::mtr_0_96}};
    session.take("1 a\n2 check-support feature send-probe\n3 check-support colour blue\nrest");
    const std::string all = "1 unknown-command\n2 feature-support support ok\n3 invalid-argument\n";
    BOOST_TEST(session.output() == all);
    session.wrote(5);
    BOOST_TEST(session.output() == all.substr(5));
    session.take(" of the line\n");
    BOOST_TEST(session.output() == all.substr(5) + "0 unknown-command\n");
    session.wrote(session.output().size());
    BOOST_TEST(session.output().empty());
  });
}

BOOST_AUTO_TEST_CASE(descriptors_tell_of_answers) {
  test::in_namespace([] {
    Session session{{}};
    std::string commands;
    for (int i = 0; i < 3000; ++i)
      commands += std::to_string(i) + " send-probe ip-4 127.1.2." + std::to_string(i % 250 + 1) + "\n";
    session.take(commands);
    finish(session);
    std::size_t replies = 0;
    for (std::size_t at = 0; (at = session.output().find(" reply ip-4 127.1.2.", at)) != std::string_view::npos; ++at)
      ++replies;
    BOOST_TEST(replies == 3000U);
  });
}

BOOST_AUTO_TEST_SUITE_END()
