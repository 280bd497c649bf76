// Measures the parts without a network: the tag, the codec, parsing, the probe table.
// Uses Google Benchmark; each number is for something that happens once for every probe.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "engine/probe_table.hpp"
#include "engine/unique_targets.hpp"
#include "multiping/address.hpp"
#include "packet/icmp.hpp"
#include "packet/ipv4.hpp"
#include "packet/probe_tags.hpp"

namespace {

using namespace multiping;

const packet::SipKey key{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
const Address target = Address::v4({192, 0, 2, 1});

Address numbered(std::uint32_t i) {
  return Address::v4(
      {10, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
}

void encode(benchmark::State& state) {
  const packet::ProbeTags codec{key};
  const auto image = packet::pattern_image({}, static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> message(packet::icmp_header_size + image.size());
  std::uint64_t serial = 0;
  for (auto _ : state) {
    codec.encode_echo_request({target, 77, serial++}, image, message);
    benchmark::DoNotOptimize(message.data());
  }
}
BENCHMARK(encode)->Arg(56)->Arg(1472);

void check(benchmark::State& state) {
  const packet::ProbeTags codec{key};
  const auto image = packet::pattern_image({}, static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> message(packet::icmp_header_size + image.size());
  const packet::ProbeIdentity probe{target, 77, 1};
  codec.encode_echo_request(probe, image, message);
  const auto payload = std::span{message}.subspan(packet::icmp_header_size);
  for (auto _ : state) benchmark::DoNotOptimize(codec.check_payload(probe, image, payload));
}
BENCHMARK(check)->Arg(56)->Arg(1472);

void find_serial(benchmark::State& state) {
  const packet::ProbeTags codec{key};
  std::uint16_t sequence = 0;
  for (auto _ : state) benchmark::DoNotOptimize(codec.newest_serial(sequence++, 1'000'000));
}
BENCHMARK(find_serial);

void parse_packet(benchmark::State& state) {
  std::array<std::uint8_t, 84> bytes{0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};
  for (auto _ : state) {
    const auto ip = packet::parse_ipv4(bytes);
    benchmark::DoNotOptimize(packet::parse_icmp(ip->payload));
    benchmark::DoNotOptimize(packet::icmpv4_checksum_ok(ip->payload));
  }
}
BENCHMARK(parse_packet);

void parse_address(benchmark::State& state) {
  const std::string texts[] = {"203.0.113.249", "2001:db8:0:17::249"};
  for (auto _ : state) benchmark::DoNotOptimize(Address::parse(texts[state.range(0)]));
}
BENCHMARK(parse_address)->Arg(0)->Arg(1);

void table_probe(benchmark::State& state) {
  engine::ProbeTable table;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) table.add({.address = numbered(i)});
  std::uint32_t next = 0;
  for (auto _ : state) {
    const auto serial = table.open_probe(next, 1);
    table.entry(serial).sent_at = Instant{Duration{1}};
    next = next + 1 == 1'000'000 ? 0 : next + 1;
    if ((serial & 0xffffffU) == 0xffffffU) table.reset();
  }
}
BENCHMARK(table_probe)->Iterations(1 << 23);

void unique_targets(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    engine::UniqueTargets all{count};
    for (std::uint32_t i = 0; i < count; ++i) all.add({.address = numbered(i)});
    benchmark::DoNotOptimize(all.finish().data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(unique_targets)->Arg(10'000)->Arg(1'000'000);

}  // namespace

BENCHMARK_MAIN();
