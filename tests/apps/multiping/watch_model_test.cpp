// Checks the table of --watch without a terminal: states, order, filter, scrolling, pause, and the columns of a width.
#include "apps/multiping/watch_model.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "apps/multiping/watch_layout.hpp"

BOOST_AUTO_TEST_SUITE(watch_model_test)

namespace {

using namespace multiping;           // NOLINT(google-build-using-namespace)
using namespace multiping::command;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

using Kind = WatchKey::Kind;

Result result_of(Outcome outcome, Duration time) {
  Result result;
  result.outcome = outcome;
  result.rtt = time;
  return result;
}

/// Three hosts and a name without an address: "Alpha" in 3 ms, "beta" in 1 ms, "gamma" lost; "nosuch".
struct Fixture {
  std::vector<Statistics> statistics{3};
  WatchModel model{{"Alpha", "beta", "gamma", "nosuch"}, statistics};

  Fixture() {
    answer(0, 3ms);
    answer(1, 1ms);
    lose(2);
    model.refresh();
  }
  void answer(std::size_t host, Duration time) {
    statistics[host].add(result_of(Outcome::reply, time));
    model.answered(host, time);
  }
  void lose(std::size_t host) {
    statistics[host].add(result_of(Outcome::no_reply, 0ms));
    model.lost(host);
  }
  void type(std::string_view text) {
    for (const char c : text) model.press({.character = c});
  }
  [[nodiscard]] std::string order() const {
    std::string names;
    for (const std::size_t host : model.shown()) names += model.name(host).substr(0, 1);
    return names;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(states_follow_the_probes) {
  Fixture f;
  BOOST_TEST((f.model.row(0).state == HostState::up));
  BOOST_TEST((f.model.row(2).state == HostState::lost));
  f.lose(2);
  BOOST_TEST((f.model.row(2).state == HostState::lost));
  f.lose(2);
  BOOST_TEST((f.model.row(2).state == HostState::down));
  f.model.not_sent(0);
  BOOST_TEST((f.model.row(0).state == HostState::failing));
  BOOST_TEST((f.model.row(3).state == HostState::not_found));
  f.answer(2, 4ms);
  BOOST_TEST((f.model.row(2).state == HostState::up));
  BOOST_TEST(f.model.row(2).loss == 0.75);
  BOOST_TEST(f.model.count(HostState::up) == 2U);
  BOOST_TEST(f.model.count(HostState::down) == 0U);
  BOOST_TEST(f.model.count(HostState::not_found) == 1U);
}

BOOST_AUTO_TEST_CASE(each_column_sorts_and_unknown_values_come_last) {
  Fixture f;
  f.answer(0, 5ms);
  BOOST_TEST(f.order() == "Abgn");
  f.type("1");
  BOOST_TEST(f.order() == "Abgn");
  f.type("r");
  BOOST_TEST(f.order() == "ngbA");
  f.type("2");
  BOOST_TEST(f.order() == "ngAb");  // no name, lost, up
  f.type("3");
  BOOST_TEST(f.order() == "gAbn");
  for (const char column : {'4', '5', '6'}) {
    f.model.press({.character = column});
    BOOST_TEST(f.order() == "Abgn", "column " << column);
    f.type("r");
    BOOST_TEST(f.order() == "bAng", "column " << column);
  }
  f.type("7");
  BOOST_TEST(f.order().front() == 'A');
  f.type("0");
  BOOST_TEST(f.order() == "Abgn");
  BOOST_TEST(!f.model.sorted_by().has_value());
}

BOOST_AUTO_TEST_CASE(arrows_go_through_the_columns_in_a_circle) {
  Fixture f;
  f.model.press({.kind = Kind::left});
  BOOST_TEST((f.model.sorted_by() == WatchColumn::jitter));
  f.model.press({.kind = Kind::right});
  BOOST_TEST(!f.model.sorted_by().has_value());
  f.type(">");
  BOOST_TEST((f.model.sorted_by() == WatchColumn::host));
}

BOOST_AUTO_TEST_CASE(a_filter_takes_text_and_keeps_it) {
  Fixture f;
  f.type("/A");
  BOOST_TEST(f.model.typing());
  BOOST_TEST(f.order() == "Abg");  // in capitals or not
  f.type("l");
  BOOST_TEST(f.order() == "A");
  f.type("q");  // a letter as any other
  BOOST_TEST(f.order() == "");
  BOOST_TEST(!f.model.wants_to_end());
  f.model.press({.kind = Kind::erase});
  f.model.press({.kind = Kind::enter});
  BOOST_TEST(!f.model.typing());
  BOOST_TEST(f.order() == "A");
  f.model.press({.kind = Kind::escape});
  BOOST_TEST(f.order() == "Abgn");
  f.type("/\xc3\xbc");
  f.model.press({.kind = Kind::erase});
  BOOST_TEST(f.model.filter() == "");  // both bytes of the character
}

BOOST_AUTO_TEST_CASE(trouble_can_be_shown_alone) {
  Fixture f;
  f.type("d");
  BOOST_TEST(f.order() == "gn");
  f.type("d");
  BOOST_TEST(f.order() == "Abgn");
}

BOOST_AUTO_TEST_CASE(a_pause_freezes_rows_and_order) {
  Fixture f;
  f.type("3p");
  BOOST_TEST(f.model.paused());
  f.lose(1);
  f.answer(2, 1ms);
  f.model.refresh();
  BOOST_TEST(f.order() == "gAbn");
  BOOST_TEST((f.model.row(1).state == HostState::up));
  f.type("p");
  BOOST_TEST((f.model.row(1).state == HostState::lost));
  BOOST_TEST(f.order() == "bgAn");
}

BOOST_AUTO_TEST_CASE(scrolling_stays_inside_the_list) {
  std::vector<Statistics> statistics(100);
  WatchModel model{std::vector<std::string>(100, "host"), statistics};
  model.fit(10);
  model.press({.kind = Kind::page_down});
  BOOST_TEST(model.top() == 10U);
  model.press({.kind = Kind::end});
  BOOST_TEST(model.top() == 90U);
  model.press({.kind = Kind::down});
  BOOST_TEST(model.top() == 90U);
  model.fit(50);  // the terminal has grown
  BOOST_TEST(model.top() == 50U);
  model.press({.kind = Kind::home});
  model.press({.kind = Kind::up});
  BOOST_TEST(model.top() == 0U);
  model.fit(0);
  model.press({.kind = Kind::page_down});
  BOOST_TEST(model.top() == 1U);
}

BOOST_AUTO_TEST_CASE(help_goes_at_any_key_and_q_ends) {
  Fixture f;
  f.type("h");
  BOOST_TEST(f.model.help());
  f.type("3");
  BOOST_TEST(!f.model.help());
  BOOST_TEST(!f.model.sorted_by().has_value());
  f.type("hq");
  BOOST_TEST(f.model.wants_to_end());
}

BOOST_AUTO_TEST_CASE(keys_without_a_meaning_change_nothing) {
  Fixture f;
  BOOST_TEST(!f.model.press({.character = 'x'}));
  BOOST_TEST(!f.model.press({.character = '\0'}));
  BOOST_TEST(f.model.press({.kind = Kind::resize}));
}

BOOST_AUTO_TEST_CASE(the_history_has_the_last_sixty) {
  ProbeHistory history;
  BOOST_TEST(history.size() == 0U);
  for (int at = 0; at < 70; ++at) history.add(at % 7 == 0 ? Duration{-1} : Duration{std::chrono::milliseconds{at}});
  BOOST_TEST(history.size() == 60U);
  BOOST_TEST(history[1].count() == Duration{11ms}.count());
  BOOST_TEST(history[4].count() == -1);  // the 15th, number 14
  BOOST_TEST(history[59].count() == Duration{69ms}.count());
}

BOOST_AUTO_TEST_CASE(a_layout_never_exceeds_its_width) {
  for (std::size_t columns = 1; columns < 300; ++columns) {
    for (const std::size_t longest : {0U, 9U, 15U, 255U}) {
      const auto layout = layout_for(columns, longest);
      BOOST_REQUIRE(!layout.empty());
      BOOST_TEST((layout.front().column == WatchColumn::host));
      std::size_t used = layout.size() - 1;
      for (const LayoutColumn& column : layout) used += column.width;
      BOOST_TEST(used <= columns);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wide_screen_has_all_columns_and_long_names) {
  BOOST_TEST(layout_for(20, 15).size() == 2U);  // host and state
  const auto layout = layout_for(160, 40);
  BOOST_TEST(layout.size() == watch_columns);
  BOOST_TEST(layout.front().width == 40U);
  BOOST_TEST(layout.back().width == ProbeHistory::most);
}

BOOST_AUTO_TEST_SUITE_END()
