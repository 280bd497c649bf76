// Compares the index of tokens with a map, and checks that it finds what it holds and nothing else.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <map>
#include <random>

#include "engine/single_probe_by_token.hpp"

BOOST_AUTO_TEST_SUITE(token_index_test)

using multiping::engine::SingleProbeByToken;

BOOST_AUTO_TEST_CASE(an_empty_index_finds_nothing) {
  SingleProbeByToken index;
  BOOST_TEST(!index.find(0).has_value());
  index.make_room(1);
  BOOST_TEST(!index.find(0).has_value());
}

BOOST_AUTO_TEST_CASE(it_finds_what_a_map_finds) {
  SingleProbeByToken index;
  std::map<std::uint64_t, std::uint32_t> known;
  std::map<std::uint32_t, std::uint64_t> used;
  std::mt19937 random{1};
  std::uint64_t next = 1;
  for (int step = 0; step < 20'000; ++step) {
    const auto item = static_cast<std::uint32_t>(random() % static_cast<unsigned>(1 + step / 20));
    if (const auto at = used.find(item); at != used.end()) {
      index.remove(at->second);
      known.erase(at->second);
      used.erase(at);
    } else {
      index.make_room(item + 1);
      index.add(next, item);
      known[next] = item;
      used[item] = next;
      next += random() % 8 == 0 ? 1000U : 1U;
    }
    const std::uint64_t asked = random() % next;
    const auto expected = known.find(asked);
    const auto found = index.find(asked);
    BOOST_REQUIRE(found.has_value() == (expected != known.end()));
    if (found) BOOST_REQUIRE(*found == expected->second);
  }
  for (const auto& [token, item] : known) BOOST_REQUIRE(index.find(token) == item);
}

BOOST_AUTO_TEST_SUITE_END()
