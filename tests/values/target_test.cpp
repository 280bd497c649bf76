// Tests targets, lists of targets from several types, and the expansion of address blocks.
#include "multiping/target.hpp"

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <list>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "support/sanitized.hpp"

using namespace multiping;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(target)

namespace {

std::vector<std::string> hosts(const TargetList& targets) {
  std::vector<std::string> hosts;
  for (const auto& target : targets) hosts.push_back(target.host());
  return hosts;
}

std::vector<std::string> texts(std::string_view block) {
  std::vector<std::string> texts;
  for (const auto& address : expand(block)) texts.push_back(address.to_string());
  return texts;
}

std::string refusal_of(std::string_view block) {
  try {
    return "accepted: " + std::to_string(expand(block).size());
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
}

using Texts = std::vector<std::string>;

struct BlockCase {
  std::string block;
  Texts addresses;
};
std::ostream& operator<<(std::ostream& out, const BlockCase& block) { return out << block.block; }

const std::vector<BlockCase> small_blocks{
    {"192.0.2.7", {"192.0.2.7"}},
    {"192.0.2.7/32", {"192.0.2.7"}},
    {"192.0.2.6/31", {"192.0.2.6", "192.0.2.7"}},
    {"192.0.2.7/31", {"192.0.2.6", "192.0.2.7"}},
    {"192.0.2.4/30", {"192.0.2.5", "192.0.2.6"}},
    {"192.0.2.7/30", {"192.0.2.5", "192.0.2.6"}},
    {"255.255.255.252/30", {"255.255.255.253", "255.255.255.254"}},
    {"255.255.255.254/31", {"255.255.255.254", "255.255.255.255"}},
    {"192.0.2.254-192.0.3.1", {"192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1"}},
    {"192.0.2.1-192.0.2.1", {"192.0.2.1"}},
    {"::ffff:192.0.2.1-192.0.2.2", {"192.0.2.1", "192.0.2.2"}},
    {"2001:db8::5/128", {"2001:db8::5"}},
    {"2001:db8::5/126", {"2001:db8::4", "2001:db8::5", "2001:db8::6", "2001:db8::7"}},
    {"2001:DB8::ffff-2001:db8::1:0", {"2001:db8::ffff", "2001:db8::1:0"}},
    {"2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::", {"2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"}},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
     {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}},
    {"fe80::1%lo/127", {"fe80::%lo", "fe80::1%lo"}},
    {"fe80::1%lo-fe80::2%lo", {"fe80::1%lo", "fe80::2%lo"}},
};

struct RefusedBlock {
  std::string block, text;
};
std::ostream& operator<<(std::ostream& out, const RefusedBlock& block) { return out << block.block; }

const std::string no_block = "not an address, a prefix or a range of addresses";
const std::string too_many = "more than 16777216 addresses";
const std::vector<RefusedBlock> refused_blocks{
    {"", "address block \"\": " + no_block},
    {"host.example", "address block host.example: " + no_block},
    {"1.2.3.4 junk", "address block \"1.2.3.4 junk\": " + no_block},
    {"192.0.2.1-", "address block 192.0.2.1-: " + no_block},
    {"-192.0.2.1", "address block -192.0.2.1: " + no_block},
    {"192.0.2.1-192.0.2.2-192.0.2.3", "address block 192.0.2.1-192.0.2.2-192.0.2.3: " + no_block},
    {"192.0.2.0/", "address block 192.0.2.0/: the prefix length must be 0 to 32"},
    {"192.0.2.0/33", "address block 192.0.2.0/33: the prefix length must be 0 to 32"},
    {"192.0.2.0/08", "address block 192.0.2.0/08: the prefix length must be 0 to 32"},
    {"192.0.2.0/-1", "address block 192.0.2.0/-1: the prefix length must be 0 to 32"},
    {"192.0.2.0/24 ", "address block \"192.0.2.0/24 \": the prefix length must be 0 to 32"},
    {"192.0.2.0/24/24", "address block 192.0.2.0/24/24: the prefix length must be 0 to 32"},
    {"2001:db8::/129", "address block 2001:db8::/129: the prefix length must be 0 to 128"},
    {"192.0.2/24", "address block 192.0.2/24: not an address before the slash"},
    {"/24", "address block /24: not an address before the slash"},
    {"::ffff:192.0.2.0/120", "address block ::ffff:192.0.2.0/120: write it as an IPv4 prefix"},
    {"10.0.0.0/7", "address block 10.0.0.0/7: " + too_many},
    {"0.0.0.0/0", "address block 0.0.0.0/0: " + too_many},
    {"::/0", "address block ::/0: " + too_many},
    {"2001:db8::/103", "address block 2001:db8::/103: " + too_many},
    {"10.0.0.0-11.0.0.0", "address block 10.0.0.0-11.0.0.0: " + too_many},
    {"::-ffff::", "address block ::-ffff::: " + too_many},
    {"1::-1:0:0:1::", "address block 1::-1:0:0:1::: " + too_many},
    {"192.0.2.2-192.0.2.1", "address block 192.0.2.2-192.0.2.1: its ends are in the wrong order"},
    {"192.0.2.1-2001:db8::1", "address block 192.0.2.1-2001:db8::1: its ends are of different families"},
    {"fe80::1%1-fe80::2%2", "address block fe80::1%1-fe80::2%2: its ends are of different zones"},
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_target_is_a_host_and_perhaps_how_to_probe_it) {
  BOOST_TEST(Target{"192.0.2.1"}.host() == "192.0.2.1");
  BOOST_TEST(Target{*Address::parse("2001:DB8::1")}.host() == "2001:db8::1");
  BOOST_TEST(Target{std::string_view{"a.example"}}.probe() == nullptr);
  const Target own{"a.example", ProbeOptions{.ttl = 3}};
  BOOST_REQUIRE(own.probe() != nullptr);
  BOOST_TEST((own.probe()->ttl == 3));
  BOOST_TEST(Target{own}.host() == "a.example");
}

BOOST_AUTO_TEST_CASE(a_null_pointer_is_no_target) {
  static_assert(!std::is_constructible_v<Target, std::nullptr_t>);
  static_assert(!std::is_constructible_v<TargetList, std::nullptr_t>);
  BOOST_TEST(TargetList{}.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_list_is_made_of_what_a_program_has) {
  const Texts wanted{"192.0.2.1", "a.example"};
  const char* arguments[] = {"program", "192.0.2.1", "a.example"};
  BOOST_TEST(hosts({"192.0.2.1", "a.example"}) == wanted);
  BOOST_TEST(hosts(std::span{arguments}.subspan(1)) == wanted);
  BOOST_TEST(hosts(wanted) == wanted);
  BOOST_TEST(hosts(std::list<std::string_view>{"192.0.2.1", "a.example"}) == wanted);
  BOOST_TEST(hosts(std::vector<Target>{"192.0.2.1", "a.example"}) == wanted);
  BOOST_TEST(hosts(expand("192.0.2.0/30")) == (Texts{"192.0.2.1", "192.0.2.2"}));
}

BOOST_AUTO_TEST_CASE(one_host_is_a_list) {
  const Texts wanted{"192.0.2.1"};
  BOOST_TEST(hosts("192.0.2.1") == wanted);
  BOOST_TEST(hosts(std::string{"192.0.2.1"}) == wanted);
  BOOST_TEST(hosts(std::string_view{"192.0.2.1"}) == wanted);
  BOOST_TEST(hosts(*Address::parse("192.0.2.1")) == wanted);
  BOOST_TEST(hosts(Target{"192.0.2.1"}) == wanted);
}

BOOST_AUTO_TEST_CASE(a_list_keeps_order_and_repetition) {
  const TargetList list{"b", Target{"a", ProbeOptions{.tos = 8}}, "b"};
  BOOST_TEST(hosts(list) == (Texts{"b", "a", "b"}));
  BOOST_TEST(std::next(list.begin())->probe()->tos == 8);
  BOOST_TEST(hosts(TargetList{list}) == hosts(list));
  BOOST_TEST(TargetList{list}.release().size() == 3U);
}

BOOST_DATA_TEST_CASE(a_block_is_its_hosts, data::make(small_blocks)) {
  BOOST_TEST(texts(sample.block) == sample.addresses, boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(what_is_no_block_is_refused_by_name, data::make(refused_blocks)) {
  BOOST_TEST(refusal_of(sample.block) == sample.text);
}

BOOST_AUTO_TEST_CASE(blocks_count_what_they_should) {
  BOOST_TEST(expand("192.0.2.0/28").size() == 14U);
  BOOST_TEST(expand("2001:db8::/120").size() == 256U);
  BOOST_TEST(expand("10.20.0.0/16").size() == 65'534U);
  BOOST_TEST(expand("192.0.2.10-192.0.2.20").size() == 11U);
}

BOOST_AUTO_TEST_CASE(a_block_is_in_ascending_order_without_repetition) {
  const auto block = expand("10.20.0.0-10.22.0.0");
  BOOST_TEST(block.size() == 131'073U);
  BOOST_TEST(std::is_sorted(block.begin(), block.end()));
  BOOST_TEST((std::adjacent_find(block.begin(), block.end()) == block.end()));
}

BOOST_AUTO_TEST_CASE(the_largest_blocks_are_expanded) {
  const std::size_t count = test::sanitized ? 65'536 : 16'777'216;
  const auto v4 = expand(test::sanitized ? "10.0.0.0-10.0.255.255" : "10.0.0.0-10.255.255.255");
  BOOST_TEST(v4.size() == count);
  BOOST_TEST(v4.back().to_string() == (test::sanitized ? "10.0.255.255" : "10.255.255.255"));
  BOOST_TEST(expand(test::sanitized ? "2001:db8::/112" : "2001:db8::/104").size() == count);
}

BOOST_AUTO_TEST_SUITE_END()
