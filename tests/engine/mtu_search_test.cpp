// Tests the search for the largest packet step by step: the sizes to probe, their outcomes, and the next sizes.
// A path is a function from a size to its outcome; no packet is sent.
#include "engine/mtu_search.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>
#include <set>
#include <vector>

namespace multiping::engine {
namespace {

using Fate = MtuSearch::Fate;
using Kind = Fate::Kind;
using Sizes = std::vector<std::uint32_t>;
using PathModel = std::function<Fate(std::uint32_t size)>;

BOOST_AUTO_TEST_SUITE(mtu_search_test)

const Address near_router = Address::v4({10, 1, 0, 1}), far_router = Address::v4({10, 1, 0, 2});
const Fate fits{.kind = Kind::fits}, refused{.kind = Kind::refused}, silent{.kind = Kind::silent};

Fate reported(std::uint32_t mtu, const Address& by = near_router) {
  return {.kind = Kind::reported, .mtu = mtu, .reporter = by};
}

/// A path whose first link, on this host, has this MTU; for smaller packets it behaves as `path`.
PathModel behind_link(std::uint32_t mtu, const PathModel& path) {
  return [mtu, path](std::uint32_t size) { return size > mtu ? refused : path(size); };
}

PathModel up_to(std::uint32_t mtu, const Fate& otherwise) {
  return [mtu, otherwise](std::uint32_t size) { return size <= mtu ? fits : otherwise; };
}

/// The figures of one search.
struct Course {
  std::map<std::uint32_t, int> asked{};
  int probes = 0;
  int timeouts = 0;  ///< Steps in which some size was silent.
  int steps = 0;
};

Course run(MtuSearch& search, const PathModel& path) {
  Course course;
  for (Sizes sizes = search.next_sizes(); !sizes.empty(); sizes = search.next_sizes()) {
    bool waited = false;
    for (const std::uint32_t size : sizes) {
      const Fate fate = path(size);
      waited = waited || fate.kind == Kind::silent;
      ++course.asked[size];
      ++course.probes;
      search.told(size, fate);
    }
    ++course.steps;
    course.timeouts += waited ? 1 : 0;
    BOOST_REQUIRE(course.steps < 1000);
  }
  BOOST_TEST(search.over());
  return course;
}

BOOST_AUTO_TEST_CASE(the_smallest_and_the_largest_are_asked_first) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    MtuSearch search{{.family = family}};
    BOOST_TEST(search.next_sizes() == (Sizes{68, MtuSearch::largest_size(family)}), boost::test_tools::per_element());
    BOOST_TEST(search.next_sizes().empty());  // the outcomes are awaited
    BOOST_TEST(!search.over());
    search.told(MtuSearch::largest_size(family), fits);
    BOOST_TEST(search.over());
    BOOST_TEST(search.mtu() == MtuSearch::largest_size(family));
    BOOST_TEST(!search.limiting_hop());
    search.told(68, silent);  // changes nothing: the search is over
    BOOST_TEST(search.mtu() == MtuSearch::largest_size(family));
    BOOST_TEST(search.next_sizes().empty());
  }
}

BOOST_AUTO_TEST_CASE(each_report_leads_one_step_further) {
  MtuSearch search{{}};
  const Course course = run(search, behind_link(1500, [](std::uint32_t size) {
                              if (size > 1400) return reported(1400, near_router);
                              return size > 1280 ? reported(1280, far_router) : fits;
                            }));
  BOOST_TEST(search.mtu() == 1280U);
  BOOST_CHECK(search.limiting_hop() == far_router);
  BOOST_TEST(course.timeouts == 0);
  int on_the_wire = 0;
  for (const auto& [size, times] : course.asked) on_the_wire += size <= 1500 ? times : 0;
  BOOST_TEST(on_the_wire == 4);  // sizes 68, 1500, 1400 and 1280
}

BOOST_AUTO_TEST_CASE(the_limit_of_this_host_is_found_without_reporter) {
  for (const std::uint32_t mtu : {68U, 69U, 576U, 1000U, 1280U, 1411U, 1430U, 1500U, 1501U, 9000U, 9001U, 65'534U}) {
    MtuSearch search{{}};
    const Course course = run(search, behind_link(mtu, [](std::uint32_t) { return fits; }));
    BOOST_TEST(search.mtu() == mtu);
    BOOST_TEST(!search.limiting_hop());
    BOOST_TEST(course.timeouts == 0);
  }
  MtuSearch loopback{{.family = Family::ipv6}};
  run(loopback, behind_link(65'536, [](std::uint32_t) { return fits; }));
  BOOST_TEST(loopback.mtu() == 65'536U);
}

BOOST_AUTO_TEST_CASE(a_black_hole_is_found_to_the_byte_in_few_timeouts) {
  for (std::uint32_t mtu = 68; mtu < 1500; ++mtu) {
    MtuSearch search{{}};
    const Course course = run(search, behind_link(1500, up_to(mtu, silent)));
    BOOST_TEST(search.mtu() == mtu);
    BOOST_TEST(!search.limiting_hop());
    BOOST_TEST(course.timeouts <= (mtu > 1280 ? 4 : 5));
  }
  for (const std::uint32_t usual : {576U, 1280U, 1380U, 1400U, 1420U, 1450U, 1472U, 1480U, 1492U}) {
    MtuSearch search{{}};
    BOOST_TEST(run(search, behind_link(1500, up_to(usual, silent))).timeouts == 3);
    BOOST_TEST(search.mtu() == usual);
  }
}

BOOST_AUTO_TEST_CASE(few_sizes_at_once_take_more_steps_to_the_same_answer) {
  for (std::uint32_t mtu = 68; mtu < 9000; mtu += 37) {
    MtuSearch search{{.width = 2}};
    const Course course = run(search, behind_link(9000, up_to(mtu, silent)));
    BOOST_TEST(search.mtu() == mtu);
    BOOST_TEST(course.probes <= 70);
  }
}

BOOST_AUTO_TEST_CASE(a_black_hole_behind_a_report_is_searched_below_it) {
  MtuSearch search{{}};
  run(search, behind_link(1500, [](std::uint32_t size) {
        if (size > 1450) return reported(1450);
        return size > 1333 ? silent : fits;
      }));
  BOOST_TEST(search.mtu() == 1333U);
  BOOST_TEST(!search.limiting_hop());
}

BOOST_AUTO_TEST_CASE(a_silent_size_is_asked_so_often_and_no_more) {
  for (const int tries : {1, 2, 5}) {
    MtuSearch search{{.tries = tries}};
    const Course course = run(search, behind_link(1500, up_to(1400, silent)));
    BOOST_TEST(search.mtu() == 1400U);
    BOOST_TEST(course.asked.at(1401) == tries);
  }
}

BOOST_AUTO_TEST_CASE(who_never_answers_has_no_mtu) {
  MtuSearch search{{.tries = 4}};
  const Course course = run(search, behind_link(1500, up_to(0, silent)));
  BOOST_TEST(search.mtu() == 0U);
  BOOST_TEST(course.asked.at(68) == 4);
  BOOST_TEST(course.steps == 4);
  MtuSearch told_off{{}};
  run(told_off, [](std::uint32_t size) { return size > 1300 ? reported(1300) : silent; });
  BOOST_TEST(told_off.mtu() == 0U);
  BOOST_TEST(!told_off.limiting_hop());
  MtuSearch mute{{}};
  run(mute, [](std::uint32_t) { return refused; });
  BOOST_TEST(mute.mtu() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_larger_and_fits_proves_that_silence_was_loss) {
  MtuSearch search{{}};
  std::set<std::uint32_t> lost;
  run(search, behind_link(1500, [&](std::uint32_t size) {
        if (size == 1500 && lost.size() < 2) return lost.insert(static_cast<std::uint32_t>(lost.size())), silent;
        return size > 68 && size < 1440 ? silent : fits;
      }));
  BOOST_TEST(search.mtu() == 1500U);
}

BOOST_AUTO_TEST_CASE(every_first_probe_of_a_size_may_be_lost) {
  for (const std::uint32_t mtu : {1280U, 1400U, 1411U, 1499U, 1500U}) {
    for (const Fate& beyond : {silent, reported(mtu)}) {
      MtuSearch search{{}};
      std::set<std::uint32_t> seen;
      run(search, behind_link(1500, [&](std::uint32_t size) {
            if (seen.insert(size).second) return silent;
            return size > mtu ? beyond : fits;
          }));
      BOOST_TEST(search.mtu() == mtu);
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be_are_not_believed) {
  for (const std::uint32_t nonsense : {0U, 1U, 67U, 1500U, 1501U, 65'535U, 4'000'000'000U}) {
    MtuSearch search{{}};
    run(search, behind_link(1500, up_to(1400, reported(nonsense))));
    BOOST_TEST(search.mtu() == 1400U);
    BOOST_TEST(!search.limiting_hop());
  }
}

BOOST_AUTO_TEST_CASE(a_report_below_what_fits_is_not_believed) {
  MtuSearch search{{}};
  static_cast<void>(search.next_sizes());
  search.told(68, fits);
  search.told(65'535, refused);
  run(search, behind_link(1500, [](std::uint32_t size) { return size > 1400 ? reported(70) : fits; }));
  BOOST_TEST(search.mtu() >= 70U);  // false reports make it too small, never larger than an answered size
  MtuSearch mended{{}};
  run(mended, behind_link(1500, [](std::uint32_t size) {
        if (size == 1500) return reported(1450);
        return size > 1400 ? reported(69) : fits;
      }));
  BOOST_TEST(mended.mtu() == 69U);
}

BOOST_AUTO_TEST_CASE(no_ipv6_report_is_below_1280) {
  MtuSearch search{{.family = Family::ipv6}};
  run(search, behind_link(1500, up_to(1280, reported(600))));
  BOOST_TEST(search.mtu() == 1280U);
  BOOST_CHECK(search.limiting_hop() == near_router);
  MtuSearch old{{.family = Family::ipv4}};
  run(old, behind_link(1500, up_to(600, reported(600))));
  BOOST_TEST(old.mtu() == 600U);
}

BOOST_AUTO_TEST_CASE(this_host_refuses_what_was_reported_for_another_probe) {
  MtuSearch search{{}};
  bool known = false;
  run(search, behind_link(1500, [&](std::uint32_t size) {
        if (size <= 1300) return fits;
        if (known) return refused;
        known = true;
        return reported(1300);
      }));
  BOOST_TEST(search.mtu() == 1300U);
  BOOST_CHECK(search.limiting_hop() == near_router);
}

BOOST_AUTO_TEST_CASE(a_path_that_changes_all_the_time_ends_the_search_all_the_same) {
  MtuSearch search{{}};
  unsigned turn = 0;
  const Course course = run(search, [&](std::uint32_t size) {
    ++turn;
    if (size == 68) return fits;
    return turn % 2 == 0 ? reported(size - 1) : turn % 3 == 0 ? refused : silent;
  });
  BOOST_TEST(course.steps <= 201);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::engine
