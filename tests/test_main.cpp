// main() of every test program: runs Boost.Test and prints each skipped test case with the reason.
// If MULTIPING_FORBID_SKIPS is set, a skipped case fails the run.
#define BOOST_TEST_NO_MAIN
#define BOOST_TEST_ALTERNATIVE_INIT_API
#ifdef MULTIPING_BOOST_TEST_HEADERS_ONLY
#include <boost/test/included/unit_test.hpp>
#else
#include <boost/test/unit_test.hpp>
#endif
#include <cstdlib>
#include <iostream>

namespace {

namespace unit_test = boost::unit_test;

constexpr int exit_all_skipped = 77;  // ctest reports this exit status as "skipped": tests/CMakeLists.txt.

class SkipReport : public unit_test::test_observer {
 public:
  void test_unit_start(const unit_test::test_unit& unit) override {
    if (unit.p_type == unit_test::TUT_CASE) ran_any_ = true;
  }

  void test_unit_skipped(const unit_test::test_unit& unit, unit_test::const_string reason) override {
    if (reason == "disabled") return;  // --run_test left the case out.
    skipped_any_ = true;
    std::cout << "SKIPPED " << unit.full_name() << ": " << reason << std::endl;
  }

  [[nodiscard]] int exit_code(int code) const {
    if (code != EXIT_SUCCESS || !skipped_any_) return code;
    if (std::getenv("MULTIPING_FORBID_SKIPS") != nullptr) {
      std::cout << "MULTIPING_FORBID_SKIPS is set: a skipped case is a failure" << std::endl;
      return EXIT_FAILURE;
    }
    return ran_any_ ? code : exit_all_skipped;
  }

 private:
  bool ran_any_ = false;
  bool skipped_any_ = false;
};

bool name_the_suite() {
  unit_test::framework::master_test_suite().p_name.value = "multiping";
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  SkipReport skips;
  unit_test::framework::register_observer(skips);
  const int code = unit_test::unit_test_main(&name_the_suite, argc, argv);
  unit_test::framework::deregister_observer(skips);
  return skips.exit_code(code);
}
