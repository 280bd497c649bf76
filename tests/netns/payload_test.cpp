// Tests payloads from 0 bytes to the largest that IP can carry; large ones are sent in fragments.
// A payload that does not fit is refused before anything is sent.
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(payload_test, *precondition(needs_root))

Options with_payload(TransportKind kind, std::size_t size) {
  Options options = options_for(kind);
  options.probe.payload_size = size;
  return options;
}

BOOST_AUTO_TEST_CASE(every_size_comes_back_whole) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      for (const std::size_t size : {0U, 1U, 7U, 8U, 1400U, 1472U, 1473U, 9000U, 65'507U}) {
        BOOST_TEST_CONTEXT(size << " bytes") {
          MultiPing batch{{"10.1.0.2", "fd01::2"}, with_payload(kind, size)};
          batch.send();
          BOOST_TEST(batch.receive(2s).responses.size() == 2U);
          BOOST_TEST(!batch.results()[0].payload_altered);
          BOOST_TEST(batch.counters().malformed == 0U);
        }
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(one_byte_more_is_refused) {
  in_namespace([] {
    BOOST_CHECK_THROW(MultiPing("127.0.0.1", with_payload(TransportKind::raw, 65'508)), std::invalid_argument);
    Options options = with_payload(TransportKind::raw, 65'528);
    options.probe.family = Family::ipv6;
    BOOST_CHECK_THROW(MultiPing("::1", options), std::invalid_argument);
  });
}

BOOST_AUTO_TEST_CASE(ipv6_carries_twenty_bytes_more) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      Options options = with_payload(kind, 65'527);
      options.probe.family = Family::ipv6;
      const Result result = ping("::1", 2s, options);
      BOOST_TEST_CONTEXT(result) {
        BOOST_TEST(result.answered());
        BOOST_TEST(!result.payload_altered);
      }
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
