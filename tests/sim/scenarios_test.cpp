// Runs every named scenario through MultiPing and through Prober on the simulator, with each of its kinds of transport.
// Takes only virtual time.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "sim/scenarios.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

BOOST_AUTO_TEST_SUITE(scenarios_test)

namespace data = boost::unit_test::data;

BOOST_DATA_TEST_CASE(simulated, data::make(scenario_runs()), run) {
  BOOST_TEST_CONTEXT(run) {
    const auto transport = simulate(*run.scenario, {.sockets = run.kind});
    check_scenario(*run.scenario, transport, run.kind);
    BOOST_TEST(transport->log().unsound == 0U);
  }
}

BOOST_DATA_TEST_CASE(simulated_singly, data::make(scenario_runs()), run) {
  BOOST_TEST_CONTEXT(run) {
    const auto transport = simulate(*run.scenario, {.sockets = run.kind});
    check_scenario_singly(*run.scenario, transport);
    BOOST_TEST(transport->log().unsound == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
