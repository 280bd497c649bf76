// Scenarios with routers that report true or false errors, and with a host that refuses to send.
// Each scenario says which results a batch must give.
#include "sim/scenarios.hpp"

#include <cerrno>
#include <initializer_list>
#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using EditKind = Edit::Kind;

// IP options of every length, in the quoted header and in the header of the error itself.
Scenario error_options() {
  Scenario s{.name = "error_options"};
  for (std::size_t bytes = 4; bytes <= 40; bytes += 4) {
    const std::string quoted = "10.20.5." + std::to_string(bytes), outer = "10.20.6." + std::to_string(bytes);
    s.hosts.push_back(only_error(quoted, {.from = router(), .quoted_options = bytes}));
    s.hosts.push_back(
        only_error(outer, {.from = router(), .quoted = 8, .quoted_options = bytes, .ip_options = 44 - bytes}));
    s.targets.push_back(unreachable(quoted, router(), 3, 1));
    s.targets.push_back(unreachable(outer, router(), 3, 1));
  }
  s.hosts.push_back(only_error("fd20::5", {.from = router6(), .type = 1, .code = 3, .quoted_options = 16}));
  s.hosts.push_back(only_error("fd20::6", {.from = router6(), .type = 1, .code = 3, .ip_options = 24}));
  s.targets.push_back(unreachable("fd20::5", router6(), 1, 3));
  s.targets.push_back(unreachable("fd20::6", router6(), 1, 3));
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 22)};
  return s;
}

// Every code of RFC 792, RFC 1122, RFC 1812 and RFC 4443, except the one that carries an MTU; and some undefined codes.
Scenario unreachables() {
  Scenario s{.name = "unreachables"};
  const auto add = [&s](const std::string& host, std::uint8_t type, std::uint8_t code) {
    s.hosts.push_back(only_error(host, {.from = router_of(host), .type = type, .code = code}));
    s.targets.push_back(unreachable(host, router_of(host), type, code));
  };
  for (std::uint8_t code = 0; code <= 15; ++code)
    if (code != 4) add("10.20.7." + std::to_string(code + 1), 3, code);
  for (std::uint8_t code = 0; code <= 2; ++code) add("10.20.12." + std::to_string(code + 1), 12, code);
  for (std::uint8_t code = 0; code <= 8; ++code) add("fd20::7:" + std::to_string(code), 1, code);
  for (std::uint8_t code = 0; code <= 3; ++code) add("fd20::12:" + std::to_string(code), 4, code);
  s.counters = {both("icmp_errors", &Counters::icmp_errors, s.targets.size()),
                both("received", &Counters::received, 0)};
  s.hosts.push_back(silent("10.20.7.100"));
  s.targets.push_back(no_reply("10.20.7.100"));
  return s;
}

// The target or its own firewall says that it has no such protocol: the target is alive, with fail_fast too.
Scenario protocol_unreachable() {
  Scenario s{.name = "protocol_unreachable", .fail_fast = true};
  s.hosts = {only_error("10.20.7.1", {.code = 2}), only_error("10.20.7.2", {.code = 2, .quoted = 8}),
             only_error("fd20::7:1", {.type = 4, .code = 1}), only_error("10.20.7.3", {.code = 3}),
             only_error("fd20::7:3", {.type = 4, .code = 0})};
  s.targets = {refused_by_protocol("10.20.7.1"), refused_by_protocol("10.20.7.2"), refused_by_protocol("fd20::7:1"),
               unreachable("10.20.7.3", Address::v4({10, 20, 7, 3}), 3, 3),
               unreachable("fd20::7:3", *Address::parse("fd20::7:3"), 4, 0)};
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 5), both("received", &Counters::received, 3)};
  return s;
}

// Source quench (RFC 6633) and redirects do not decide the fate of a probe; the answer after them does.
Scenario quenches_and_redirects(const char* name, const ProbeOptions& probe, std::vector<TransportKind> kinds) {
  Scenario s{.name = std::string{"quenches_and_redirects_"} + name, .kinds = std::move(kinds), .fail_fast = true};
  for (const std::uint8_t type : {std::uint8_t{4}, std::uint8_t{5}}) {
    const std::string live = "10.20.4." + std::to_string(type), dead = "10.20.5." + std::to_string(type);
    const RouterError notice{.from = router(), .type = type};
    s.hosts.push_back({.block = live, .replies = {{.delay = 20ms}}, .errors = {notice}});
    s.hosts.back().ports = {open(probe.protocol, {.delay = 20ms})};
    s.hosts.push_back(only_error(dead, notice));
    s.targets.push_back(replies(live));
    s.targets.push_back(no_reply(dead));
  }
  probe_all(s, probe);
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 0), both("received", &Counters::received, 2)};
  return s;
}

// Quotes of 8 bytes (RFC 792), of 16 bytes (which hold the tag), and of the whole datagram (RFC 1812).
Scenario quote_lengths() {
  Scenario s{.name = "quote_lengths"};
  for (const std::size_t quoted : {8U, 12U, 16U, 28U, 64U}) {
    const std::string host = "10.20.8." + std::to_string(quoted);
    s.hosts.push_back(only_error(host, {.from = router(), .quoted = quoted}));
    s.targets.push_back(unreachable(host, router(), 3, 1));
  }
  s.hosts.push_back(only_error("10.20.8.4", {.from = router(), .quoted = 4}));
  s.targets.push_back(no_reply("10.20.8.4"));
  s.hosts.push_back(only_error("10.20.8.1", {.from = router(), .quoted = 0}));
  s.targets.push_back(no_reply("10.20.8.1"));
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 5)};
  return s;
}

Scenario packet_too_big() {
  Scenario s{.name = "packet_too_big"};
  s.hosts = {only_error("10.20.0.1", {.from = router(), .code = 4, .mtu = 1300}),
             only_error("fd20::1", {.from = router6(), .type = 2, .code = 0, .mtu = 1300})};
  s.targets = {unreachable("10.20.0.1", router(), 3, 4, 1300), unreachable("fd20::1", router6(), 2, 0, 1300)};
  probe_all(s, {.payload_size = 1344, .dont_fragment = true});
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 2)};
  return s;
}

Scenario expired_ttls() {
  Scenario s{.name = "expired_ttls"};
  const std::vector<Hop> path = {{.address = Address::v4({10, 1, 0, 1})},
                                 {.address = Address::v4({10, 1, 0, 2}), .silent = true},
                                 {.address = Address::v4({10, 1, 0, 3}), .answers = 1}};
  const std::vector<Hop> path6 = {{.address = *Address::parse("fd01::1")}, {.address = router6()}};
  s.hosts = {{.block = "10.20.0.0/16", .path = path}, {.block = "fd20::/16", .path = path6}};
  const auto expired = [](const char* host, int ttl, const Address& hop, std::uint8_t type) {
    return Expected{
        .host = host, .outcome = Outcome::ttl_expired, .ttl = ttl, .responder = hop, .type = type, .code = 0};
  };
  s.targets = {expired("10.20.0.1", 1, path[0].address, 11),
               no_reply("10.20.0.2"),
               expired("10.20.0.3", 3, path[2].address, 11),
               no_reply("10.20.0.4"),
               replies("10.20.0.5"),
               expired("fd20::1", 1, path6[0].address, 3),
               expired("fd20::2", 2, path6[1].address, 3),
               replies("fd20::3")};
  s.targets[1].ttl = 2;
  s.targets[3].ttl = 3;
  s.targets[4].ttl = 4;
  s.targets[7].ttl = 3;
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 4), both("received", &Counters::received, 2)};
  return s;
}

// Errors that quote a datagram which was never sent. The tag in a whole quote shows it, otherwise the checksum.
Scenario false_quotes() {
  Scenario s{.name = "false_quotes"};
  const Address elsewhere = Address::v4({10, 20, 9, 200});
  s.hosts = {only_error("10.20.9.1", {.from = router(), .quoted_destination = elsewhere}),
             only_error("10.20.9.2", {.from = router(), .quote_edits = {{EditKind::add_to_id, 1}}}),
             only_error("10.20.9.3", {.from = router(), .quoted = 8, .quote_edits = {{EditKind::flip, 3}}}),
             only_error("10.20.9.4", {.from = router(), .quote_edits = {{EditKind::flip, 3}}}),
             only_error("10.20.9.5", {.from = router(), .quote_edits = {{EditKind::flip, payload_at + 2}}}),
             only_error("10.20.9.6", {.from = router(), .quote_edits = {{EditKind::add_to_sequence, 1}}}),
             only_error("10.20.9.7", {.from = router(), .quote_edits = {{EditKind::type, 0}}}),
             only_error("fd20::9:1", {.from = router6(), .type = 1, .quoted_destination = *Address::parse("fd20::99")}),
             only_error("fd20::9:2", {.from = router6(), .type = 1, .quote_edits = {{EditKind::flip, payload_at}}})};
  for (const HostRule& host : s.hosts) s.targets.push_back(no_reply(host.block));
  // The tag is quoted completely and is right, so a checksum that was altered on the way may be ignored.
  s.targets[3].or_else = Outcome::unreachable;
  s.targets[3].weak_below = 97;
  s.counters = {both("received", &Counters::received, 0)};
  return s;
}

// An address translator rewrote the source before the router quoted the datagram. The tag still shows whose it is.
Scenario translated_quote() {
  Scenario s{.name = "translated_quote"};
  s.hosts = {only_error("10.20.9.1", {.from = router(), .quoted_source = Address::v4({198, 51, 100, 7})})};
  s.targets = {no_reply("10.20.9.1")};
  s.targets[0].or_else = Outcome::unreachable;
  s.targets[0].weak_below = 97;
  return s;
}

Scenario bad_error_checksum() {
  Scenario s{.name = "bad_error_checksum"};
  s.hosts = {only_error("10.20.0.1", {.from = router(), .spoil_checksum = true})};
  s.targets = {no_reply("10.20.0.1")};
  s.counters = {{"bad_checksum", &Counters::bad_checksum, 1, 0}, both("icmp_errors", &Counters::icmp_errors, 0)};
  return s;
}

Scenario bad_error_checksum_v6() {
  Scenario s{.name = "bad_error_checksum_v6"};
  s.hosts = {only_error("fd20::1", {.from = router6(), .type = 1, .spoil_checksum = true})};
  s.targets = {no_reply("fd20::1")};
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 0)};
  return s;
}

std::vector<HostRule> error_then_reply() {
  return {{.block = "10.20.0.1", .replies = {{.delay = 51ms}}, .errors = {{.from = router()}}},
          {.block = "fd20::1", .replies = {{.delay = 51ms}}, .errors = {{.from = router6(), .type = 1, .code = 3}}}};
}

Scenario reply_beats_error() {
  Scenario s{.name = "reply_beats_error", .hosts = error_then_reply()};
  s.targets = {replies("10.20.0.1"), replies("fd20::1")};
  for (Expected& target : s.targets) target.rtt_at_least = 51ms;
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 2), both("received", &Counters::received, 2)};
  return s;
}

// Replies that come after the error, while another target is awaited, are late.
Scenario fail_fast() {
  Scenario s{.name = "fail_fast", .hosts = error_then_reply(), .fail_fast = true};
  s.hosts.push_back({.block = "10.20.0.9", .replies = {{.delay = 120ms}}});
  s.targets = {unreachable("10.20.0.1", router(), 3, 1), unreachable("fd20::1", router6(), 1, 3), replies("10.20.0.9")};
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 2), both("received", &Counters::received, 1),
                both("late", &Counters::late, 2)};
  return s;
}

// A lost fragment makes no target unreachable, also with fail_fast: the next reply may arrive complete.
Scenario lost_fragment() {
  Scenario s{.name = "lost_fragment", .fail_fast = true};
  s.hosts = {{.block = "10.20.0.1", .replies = {{.delay = 51ms}}, .errors = {{.type = 11, .code = 1}}},
             {.block = "fd20::1", .replies = {{.delay = 51ms}}, .errors = {{.type = 3, .code = 1}}}};
  s.targets = {replies("10.20.0.1"), replies("fd20::1")};
  return s;
}

Scenario refused_sends() {
  Scenario s{.name = "refused_sends"};
  s.hosts = {{.block = "10.20.0.0/16"}, {.block = "fd20::/16"}};
  s.refusals = {{"10.66.1.0/24", EINVAL},
                {"10.66.2.0/24", EHOSTUNREACH},
                {"10.66.3.0/24", EACCES},
                {"10.66.4.0/24", ENETUNREACH}};
  const auto failed = [](std::string host, int error) {
    return Expected{.host = std::move(host), .outcome = Outcome::send_failed, .error = error};
  };
  s.targets = {failed("10.66.1.1", EINVAL), replies("10.20.0.1"), failed("10.66.2.1", EHOSTUNREACH),
               failed("10.66.3.1", EACCES), replies("fd20::1"),   failed("10.66.4.1", ENETUNREACH),
               replies("10.20.0.2")};
  s.counters = {both("sent", &Counters::sent, 3), both("received", &Counters::received, 3),
                both("send_errors", &Counters::send_errors, 4)};
  return s;
}

}  // namespace

std::vector<Scenario> error_scenarios() {
  return {error_options(),
          unreachables(),
          protocol_unreachable(),
          quote_lengths(),
          packet_too_big(),
          expired_ttls(),
          false_quotes(),
          translated_quote(),
          bad_error_checksum(),
          bad_error_checksum_v6(),
          reply_beats_error(),
          fail_fast(),
          lost_fragment(),
          refused_sends(),
          quenches_and_redirects("icmp", {}, {TransportKind::raw, TransportKind::ping_socket}),
          quenches_and_redirects("udp", udp(), all_kinds()),
          quenches_and_redirects("tcp", tcp(), all_kinds()),
          quenches_and_redirects("sctp", sctp(), raw_only())};
}

}  // namespace multiping::test
