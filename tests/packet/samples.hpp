// The packets that several packet tests use, as annotated hex, and checks that apply to every parser.
// Another program computed the checksums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "multiping/address.hpp"
#include "support/hex.hpp"
#include "support/hosts.hpp"

namespace multiping::test {

inline Bytes echo_payload() {
  return hex(
      "a1 a2 a3 a4 a5 a6 a7 a8"    // in the place of the tag
      "00 00 00 00 00 00 00 00");  // pattern
}

inline Bytes echo_reply_v4() {
  return hex("00 00 ad77"  // echo reply, code, checksum
             "beef 0102")  // id, sequence
         + echo_payload();
}

inline Bytes echo_request_v4() {
  return hex("08 00 a577"  // echo request, code, checksum
             "beef 0102")  // id, sequence
         + echo_payload();
}

inline Bytes echo_request_v6() {
  return hex("80 00 d1a1"  // echo request, code, checksum
             "beef 0102")  // id, sequence
         + echo_payload();
}

/// A reply as a raw socket gives it.
inline Bytes ipv4_reply() {
  return hex("45 10 002c"    // version and header words, TOS, total length
             "1234 4000"     // identification, don't fragment
             "39 01 4351"    // TTL 57, ICMP, checksum
             "c0 00 02 07"   // from 192.0.2.7
             "c6 33 64 01")  // to 198.51.100.1
         + echo_reply_v4();
}

/// The same with the longest possible header.
inline Bytes ipv4_reply_with_options() {
  return hex("4f 00 0054 1234 4000 40 01 244f c0 00 02 07 c6 33 64 01"
             "07 27 08 c0 00 02 fe"                             // record route: length 39, one of nine filled
             "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"  // free
             "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"  // free
             "00")                                              // end of options
         + echo_reply_v4();
}

inline Bytes quoted_ipv4() {
  return hex("45 00 002c 1234 0000"        // as it was sent, except:
             "01 01 bb61"                  // TTL 1
             "c6 33 64 01 c0 00 02 07") +  // from, to
         echo_request_v4();
}

inline Bytes quoted_ipv4_with_options() {
  return hex("46 00 0030 1234 0000 01 01 2659 c6 33 64 01 c0 00 02 07"
             "94 04 00 00")  // router alert
         + echo_request_v4();
}

/// A time exceeded error that quotes the whole probe.
inline Bytes time_exceeded_v4() {
  return hex("0b 00 f4ff"  // time exceeded in transit, checksum
             "00000000")   // unused
         + quoted_ipv4();
}

/// A fragmentation needed error that quotes the IP header and eight bytes, the least that RFC 792 demands.
inline Bytes fragmentation_needed_v4() {
  auto quote = quoted_ipv4();
  quote.resize(28);
  return hex("03 04 8a7e"  // destination unreachable, fragmentation needed, checksum
             "0000 0514")  // unused, MTU 1300
         + quote;
}

/// The IPv6 header of a probe. Its payload, with extension headers, has `length` bytes and begins with header `next`.
inline Bytes ipv6_header(std::uint8_t next, std::uint8_t length = 24) {
  return hex("62 8a bc de 00")  // version, traffic class 0x28, flow label 0xabcde, payload length's high byte
         + Bytes{length, next} +
         hex("01"                                                 // hop limit
             "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"    // from 2001:db8::1
             "20 01 0d b8 00 07 00 00 00 00 00 00 00 00 00 09");  // to 2001:db8:7::9
}

inline Bytes quoted_ipv6() { return ipv6_header(58) + echo_request_v6(); }

/// Every extension header that the parser skips, one after the other.
inline Bytes quoted_ipv6_with_extensions() {
  return ipv6_header(0, 24 + 8 + 24 + 8 + 16 + 16) +
         hex("2b 00 05 02 00 00 01 00"                             // hop by hop: routing next, router alert
             "2c 02 04 00 00 00 00 00"                             // routing: fragment next, 24 bytes, none left
             "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 05"     // routing: a segment
             "33 00 00 01 12 34 56 78"                             // fragment: authentication next, the first of more
             "3c 02 00 00 00 00 00 01 00 00 00 01 aa bb cc dd"     // authentication: options next, (2 + 2) * 4 bytes
             "3a 01 01 0c 00 00 00 00 00 00 00 00 00 00 00 00") +  // destination options: ICMPv6 next, 16 bytes
         echo_request_v6();
}

inline Bytes time_exceeded_v6() {
  return hex("03 00 46da"  // time exceeded in transit, checksum
             "00000000")   // unused
         + quoted_ipv6();
}

inline Bytes packet_too_big_v6() {
  return hex("02 00 42da"  // packet too big, checksum
             "0000 0500")  // MTU 1280
         + quoted_ipv6();
}

/// True when `part` lies in `whole`, or is empty.
inline bool lies_inside(std::span<const std::uint8_t> part, std::span<const std::uint8_t> whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Calls `parse` with every beginning of `packet`, and with the whole packet. Each is in a block of memory of exactly
/// its size, so that the sanitizers find a read past the end.
template <typename Parse>
void with_every_truncation(const Bytes& packet, Parse parse) {
  for (std::size_t size = 0; size <= packet.size(); ++size) {
    const Bytes truncated(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    parse(truncated);
  }
}

}  // namespace multiping::test
