// Tests of the bounds-checked writer.
// Most of them check that nothing is written past the end.
#include "packet/writer.hpp"

#include <boost/test/unit_test.hpp>

#include "support/hex.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;

BOOST_AUTO_TEST_SUITE(packet_writer)

BOOST_AUTO_TEST_CASE(writes_big_endian_fields_in_order) {
  Bytes buffer(21);
  Writer writer{buffer};
  writer.u8(0x01);
  writer.u16(0xfe03);
  writer.u32(0xfd050607);
  writer.u64(0xfc090a0b0c0d0e0f);
  writer.bytes(hex("10 11"));
  writer.fill(3, 0xaa);
  BOOST_TEST(writer.remaining() == 1U);
  BOOST_TEST(writer.rest().data() == buffer.data() + 20);
  BOOST_TEST(writer.ok());
  BOOST_TEST(buffer == hex("01 fe03 fd050607 fc090a0b0c0d0e0f 10 11 aa aa aa 00"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_not_written_at_all) {
  Bytes buffer(4, 0x55);
  Writer writer{std::span{buffer}.first(3)};
  writer.u16(0x0102);
  writer.u16(0x0304);
  BOOST_TEST(!writer.ok());
  writer.u8(0x05);  // would fit, but a gap would hide the failure
  writer.fill(1, 0x06);
  BOOST_TEST(!writer.ok());
  BOOST_TEST(writer.remaining() == 0U);
  BOOST_TEST(buffer == hex("01 02 55 55"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_kind_of_write_fails_without_room) {
  const auto fails = [](auto write) {
    Writer writer{{}};
    write(writer);
    return !writer.ok();
  };
  BOOST_TEST(fails([](Writer& w) { w.u8(1); }));
  BOOST_TEST(fails([](Writer& w) { w.u16(1); }));
  BOOST_TEST(fails([](Writer& w) { w.u32(1); }));
  BOOST_TEST(fails([](Writer& w) { w.u64(1); }));
  BOOST_TEST(fails([](Writer& w) { w.bytes(hex("01")); }));
  BOOST_TEST(fails([](Writer& w) { w.fill(1, 1); }));
  BOOST_TEST(!fails([](Writer& w) { w.bytes({}); }));
  BOOST_TEST(!fails([](Writer& w) { w.fill(0, 1); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
