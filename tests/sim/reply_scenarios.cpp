// Scenarios with answers in time, late, twice, altered, forged, from another address, or missing.
// Each scenario says which results a batch must give.
#include "sim/scenarios.hpp"

#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Kind = Edit::Kind;

Scenario all_alive() {
  Scenario s{.name = "all_alive"};
  s.hosts = {{.block = "10.20.0.0/16", .replies = {{.jitter = 5ms}}}};
  for (int i = 1; i <= 200; ++i) s.targets.push_back(replies("10.20.1." + std::to_string(i)));
  s.counters = {both("sent", &Counters::sent, 200), both("received", &Counters::received, 200),
                both("duplicates", &Counters::duplicates, 0)};
  return s;
}

Scenario silent_hosts() {
  Scenario s{.name = "silent_hosts"};
  s.hosts = {{.block = "10.20.0.0/16"}, silent("10.20.2.0/24")};
  s.targets = {replies("10.20.1.1"), no_reply("10.20.2.1"), replies("10.20.1.2"), no_reply("10.20.2.2")};
  s.counters = {both("sent", &Counters::sent, 4), both("received", &Counters::received, 2)};
  return s;
}

Scenario mixed_families() {
  Scenario s{.name = "mixed_families"};
  s.hosts = {{.block = "10.20.0.0/16"}, {.block = "fd20::/16"}};
  for (int i = 1; i <= 20; ++i) {
    s.targets.push_back(replies("10.20.1." + std::to_string(i)));
    s.targets.push_back(replies("fd20::" + std::to_string(i)));
  }
  s.counters = {both("received", &Counters::received, 40)};
  return s;
}

// The first probe is lost, or the first two or three; and one host never answers.
Scenario loss_and_retries() {
  Scenario s{.name = "loss_and_retries", .timeout = 800ms, .retry = 3};
  s.hosts = {{.block = "10.20.0.0/16"},
             {.block = "10.20.0.2", .lost = {1}},
             {.block = "10.20.0.3", .lost = {1, 2}},
             {.block = "fd20::4", .lost = {1, 2, 3}},
             silent("10.20.0.5")};
  s.targets = {replies("10.20.0.1"), replies("10.20.0.2"), replies("10.20.0.3"), replies("fd20::4"),
               no_reply("10.20.0.5")};
  for (std::uint32_t i = 0; i < 4; ++i) s.targets[i].attempt = i + 1;
  s.counters = {both("sent", &Counters::sent, 14), both("received", &Counters::received, 4)};
  return s;
}

// The answer to the first probe comes after the second probe was sent. It counts for the first attempt, with the
// round-trip time of that attempt.
Scenario slow_answer() {
  Scenario s{.name = "slow_answer", .timeout = 800ms, .retry = 1};
  s.hosts = {{.block = "10.20.0.1", .replies = {{.delay = 500ms}}}};
  s.targets = {replies("10.20.0.1")};
  s.targets[0].rtt_at_least = 500ms;
  s.counters = {both("sent", &Counters::sent, 2), both("late", &Counters::late, 0)};
  return s;
}

Scenario reordered() {
  Scenario s{.name = "reordered"};
  s.hosts = {{.block = "10.20.0.0/16", .replies = {{.delay = 1ms, .jitter = 100ms}}}};
  for (int i = 1; i <= 250; ++i) s.targets.push_back(replies("10.20.3." + std::to_string(i)));
  s.counters = {both("received", &Counters::received, 250), both("unauthenticated", &Counters::unauthenticated, 0)};
  return s;
}

Scenario duplicated() {
  Scenario s{.name = "duplicated"};
  s.hosts = {{.block = "10.20.0.1", .replies = {{.copies = 3}}},
             {.block = "fd20::1", .replies = {{.copies = 2}}},
             {.block = "10.20.0.2", .replies = {{.delay = 60ms}}}};
  s.targets = {replies("10.20.0.1"), replies("fd20::1"), replies("10.20.0.2")};
  s.counters = {both("received", &Counters::received, 3), both("duplicates", &Counters::duplicates, 3),
                both("sent", &Counters::sent, 3)};
  return s;
}

Scenario wrong_source() {
  Scenario s{.name = "wrong_source"};
  s.hosts = {{.block = "10.20.0.0/16"},
             {.block = "10.20.0.1", .replies = {{.from = Address::v4({10, 20, 0, 99})}}},
             {.block = "fd20::1", .replies = {{.from = *Address::parse("fd20::99")}}}};
  s.targets = {no_reply("10.20.0.1"), replies("10.20.0.2"), no_reply("fd20::1")};
  s.targets[0].responder = Address::v4({10, 20, 0, 99});
  s.targets[2].responder = *Address::parse("fd20::99");
  s.counters = {both("wrong_source", &Counters::wrong_source, 2), both("received", &Counters::received, 1)};
  return s;
}

// The answer from the wrong host comes while that host is probed too, and answers.
Scenario answer_for_another() {
  Scenario s{.name = "answer_for_another"};
  s.hosts = {{.block = "10.20.0.0/16"},
             {.block = "10.20.0.1", .replies = {{.from = Address::v4({10, 20, 0, 2})}}},
             {.block = "10.20.0.2", .replies = {{.delay = 20ms}}}};
  s.targets = {no_reply("10.20.0.1"), replies("10.20.0.2")};
  s.targets[0].responder = Address::v4({10, 20, 0, 2});
  s.targets[1].rtt_at_least = 20ms;
  s.counters = {both("wrong_source", &Counters::wrong_source, 1)};
  return s;
}

Scenario bad_checksum() {
  Scenario s{.name = "bad_checksum"};
  s.hosts = {{.block = "10.20.0.0/16"}, edited("10.20.0.1", {{Kind::spoil_checksum}})};
  s.targets = {no_reply("10.20.0.1"), replies("10.20.0.2")};
  s.counters = {{"bad_checksum", &Counters::bad_checksum, 1, 0}, both("received", &Counters::received, 1)};
  return s;
}

// The kernel drops these packets itself, for every kind of socket.
Scenario bad_checksum_v6() {
  Scenario s{.name = "bad_checksum_v6"};
  s.hosts = {{.block = "fd20::/16"}, edited("fd20::1", {{Kind::spoil_checksum}})};
  s.targets = {no_reply("fd20::1"), replies("fd20::2")};
  s.counters = {{"bad_checksum", &Counters::bad_checksum, 1, 0}, both("received", &Counters::received, 1)};
  return s;
}

// A reply of 8 bytes has no tag. A shorter reply has no complete header, and a socket filter may drop it.
Scenario truncated() {
  Scenario s{.name = "truncated"};
  s.hosts = {{.block = "10.20.0.0/16"},
             edited("10.20.0.1", {{Kind::cut_to, 8}}),
             edited("10.20.0.2", {{Kind::cut_to, 4}}),
             edited("10.20.0.3", {{Kind::cut_to, 1}}),
             edited("fd20::1", {{Kind::cut_to, 8}}),
             edited("fd20::2", {{Kind::cut_to, 4}})};
  s.targets = {no_reply("10.20.0.1"), no_reply("10.20.0.2"), no_reply("10.20.0.3"),
               replies("10.20.0.4"),  no_reply("fd20::1"),   no_reply("fd20::2")};
  s.counters = {both("malformed", &Counters::malformed, 2), both("received", &Counters::received, 1)};
  return s;
}

// The tag must be intact. A change after the tag is reported as payload_altered.
Scenario altered_payload() {
  Scenario s{.name = "altered_payload"};
  s.pattern = {0xA5, 0x5A, 0x42};
  s.hosts = {edited("10.20.0.1", {{Kind::zero_from, payload_at}}),
             edited("10.20.0.2", {{Kind::flip, payload_at + 3}}),
             edited("10.20.0.3", {{Kind::flip, pattern_at}}),
             edited("10.20.0.4", {{Kind::flip, pattern_at + 47}}),
             edited("fd20::1", {{Kind::flip, pattern_at + 5}}),
             edited("fd20::2", {{Kind::zero_from, payload_at}}),
             {.block = "10.20.0.5"},
             edited("10.20.0.6", {{Kind::cut_to, 40}})};
  s.targets = {no_reply("10.20.0.1"), no_reply("10.20.0.2"), replies("10.20.0.3"), replies("10.20.0.4"),
               replies("fd20::1"),    no_reply("fd20::2"),   replies("10.20.0.5"), replies("10.20.0.6")};
  for (const std::size_t altered : {2U, 3U, 4U, 7U}) s.targets[altered].payload_altered = true;
  s.counters = {both("unauthenticated", &Counters::unauthenticated, 3), both("received", &Counters::received, 5)};
  return s;
}

// Replies with a wrong identifier never reach the socket. Wrong sequence numbers and other messages have no effect.
Scenario wrong_fields() {
  Scenario s{.name = "wrong_fields"};
  s.hosts = {edited("10.20.0.1", {{Kind::add_to_id, 1}}),   edited("10.20.0.2", {{Kind::add_to_sequence, 1}}),
             edited("10.20.0.3", {{Kind::type, 8}}),        edited("10.20.0.4", {{Kind::type, 14}}),
             edited("fd20::1", {{Kind::add_to_id, 1}}),     edited("fd20::2", {{Kind::add_to_sequence, 1}}),
             edited("10.20.0.5", {{Kind::random_payload}}), {.block = "10.20.0.6"}};
  s.targets = {no_reply("10.20.0.1"), no_reply("10.20.0.2"), no_reply("10.20.0.3"), no_reply("10.20.0.4"),
               no_reply("fd20::1"),   no_reply("fd20::2"),   no_reply("10.20.0.5"), replies("10.20.0.6")};
  s.counters = {both("unauthenticated", &Counters::unauthenticated, 3), both("received", &Counters::received, 1)};
  return s;
}

// RFC 791 options and IPv6 destination options in the replies' headers.
Scenario reply_options() {
  Scenario s{.name = "reply_options"};
  for (std::size_t bytes = 4; bytes <= 40; bytes += 4) {
    const std::string host = "10.20.4." + std::to_string(bytes);
    s.hosts.push_back({.block = host, .replies = {{.ip_options = bytes}}});
    s.targets.push_back(replies(host));
  }
  s.hosts.push_back({.block = "fd20::8", .replies = {{.ip_options = 8}}});
  s.hosts.push_back({.block = "fd20::40", .replies = {{.ip_options = 40}}});
  s.targets.push_back(replies("fd20::8"));
  s.targets.push_back(replies("fd20::40"));
  s.counters = {both("received", &Counters::received, 12), both("malformed", &Counters::malformed, 0)};
  return s;
}

// A third of the forgeries has another identifier and does not reach the socket.
Scenario forged_flood() {
  Scenario s{.name = "forged_flood"};
  s.hosts = {{.block = "10.20.0.0/16", .replies = {{.delay = 30ms}}, .forgeries = {.count = 300, .over = 20ms}},
             {.block = "10.20.0.3", .replies = {}, .forgeries = {.count = 300, .over = 20ms}},
             {.block = "fd20::/16", .replies = {{.delay = 30ms}}, .forgeries = {.count = 300, .over = 20ms}}};
  s.targets = {replies("10.20.0.1"), replies("10.20.0.2"), no_reply("10.20.0.3"), replies("fd20::1")};
  s.counters = {both("received", &Counters::received, 3), both("unauthenticated", &Counters::unauthenticated, 800)};
  return s;
}

// Payloads of 0 to 8 bytes carry no tag, a part of one, or all of it.
Scenario tiny_payload(std::size_t size) {
  Scenario s{.name = "payload_of_" + std::to_string(size), .payload_size = size};
  s.hosts = {{.block = "10.20.0.0/16"},
             {.block = "fd20::/16"},
             edited("10.20.0.2", {{Kind::flip, payload_at}}),
             {.block = "10.20.0.3", .replies = {{.from = Address::v4({10, 20, 0, 98})}}}};
  s.targets = {replies("10.20.0.1"), replies("fd20::1"), no_reply("10.20.0.3")};
  if (size >= 4) s.targets[2].responder = Address::v4({10, 20, 0, 98});
  if (size >= 2) s.targets.push_back(no_reply("10.20.0.2"));
  return s;
}

}  // namespace

std::vector<Scenario> reply_scenarios() {
  return {all_alive(),       silent_hosts(),  mixed_families(),  loss_and_retries(),   slow_answer(),
          reordered(),       duplicated(),    wrong_source(),    answer_for_another(), bad_checksum(),
          bad_checksum_v6(), truncated(),     altered_payload(), wrong_fields(),       reply_options(),
          forged_flood(),    tiny_payload(0), tiny_payload(1),   tiny_payload(3),      tiny_payload(7),
          tiny_payload(8)};
}

}  // namespace multiping::test
