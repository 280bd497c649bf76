// Tests of the bounds-checked reader.
// Most of them read at the end of the bytes.
#include "packet/reader.hpp"

#include <boost/test/unit_test.hpp>

#include "support/hex.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;

BOOST_AUTO_TEST_SUITE(packet_reader)

BOOST_AUTO_TEST_CASE(reads_big_endian_fields_in_order) {
  const auto bytes = hex("01 0203 04050607 08 09 0a ff");
  Reader reader{bytes};
  BOOST_TEST(reader.u8() == 0x01);
  BOOST_TEST(reader.u16() == 0x0203);
  BOOST_TEST(reader.u32() == 0x04050607U);
  BOOST_TEST(reader.remaining() == 4U);
  const auto two = reader.bytes(2);
  BOOST_TEST(two.data() == bytes.data() + 7);
  BOOST_TEST(two.size() == 2U);
  reader.skip(1);
  BOOST_TEST(reader.rest().size() == 1U);
  BOOST_TEST(reader.octets<1>()[0] == 0xff);
  BOOST_TEST(reader.remaining() == 0U);
  BOOST_TEST(reader.ok());
}

BOOST_AUTO_TEST_CASE(high_bits_survive) {
  const auto bytes = hex("fffe fffefdfc");
  Reader reader{bytes};
  BOOST_TEST(reader.u16() == 0xfffe);
  BOOST_TEST(reader.u32() == 0xfffefdfcU);
}

BOOST_AUTO_TEST_CASE(a_read_past_the_end_gives_zero_and_is_remembered) {
  const auto bytes = hex("11 22 33");
  Reader reader{bytes};
  BOOST_TEST(reader.u8() == 0x11);
  BOOST_TEST(reader.u32() == 0x22330000U);  // only the first half could be read
  BOOST_TEST(!reader.ok());
  BOOST_TEST(reader.u8() == 0);
  BOOST_TEST(reader.rest().empty());
  BOOST_TEST(!reader.ok());
}

BOOST_AUTO_TEST_CASE(half_a_field_is_no_field) {
  const auto bytes = hex("11");
  Reader reader{bytes};
  BOOST_TEST(reader.u16() == 0);
  BOOST_TEST(!reader.ok());
}

BOOST_AUTO_TEST_CASE(every_kind_of_read_fails_on_nothing) {
  const auto fails = [](auto read) {
    Reader reader{{}};
    read(reader);
    return !reader.ok();
  };
  BOOST_TEST(fails([](Reader& r) { r.u8(); }));
  BOOST_TEST(fails([](Reader& r) { r.u16(); }));
  BOOST_TEST(fails([](Reader& r) { r.u32(); }));
  BOOST_TEST(fails([](Reader& r) { r.bytes(1); }));
  BOOST_TEST(fails([](Reader& r) { r.octets<4>(); }));
  BOOST_TEST(fails([](Reader& r) { r.skip(1); }));
  BOOST_TEST(!fails([](Reader& r) { r.skip(0); }));
}

BOOST_AUTO_TEST_CASE(a_hostile_length_does_not_wrap) {
  const auto bytes = hex("11 22 33 44");
  Reader reader{bytes};
  reader.skip(2);
  BOOST_TEST(reader.bytes(SIZE_MAX).empty());
  BOOST_TEST(!reader.ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
