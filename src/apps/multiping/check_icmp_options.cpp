// See check_icmp_options.hpp.
#include "apps/multiping/check_icmp_options.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "apps/multiping/option_values.hpp"

namespace multiping::command {
namespace {

using Options = CommandOptions;
using Text = const std::string&;
using namespace std::chrono_literals;

constexpr std::string_view group = "check_icmp";
constexpr std::uint64_t most_probes = 1000;

/// A time in milliseconds, or with the unit us, ms or s.
Duration to_check_time(std::string_view option, std::string_view text) {
  const auto ends_with = [&](std::string_view unit) { return text.ends_with(unit); };
  const auto number = [&](std::size_t unit) { return text.substr(0, text.size() - unit); };
  if (ends_with("us"))
    return Duration{Timeout{std::chrono::duration<double, std::micro>{to_real(option, number(2), 0, 1e12)}}};
  if (ends_with("ms")) return to_time_ms(option, number(2));
  if (ends_with("s")) return to_time_s(option, number(1));
  return to_time_ms(option, text);
}

void set_family(Options& options, Family family) {
  if (options.probe.family != Family::any && options.probe.family != family)
    throw std::invalid_argument{"can't specify both -4 and -6"};
  options.probe.family = family;
}

/// An address of this host, or an interface.
void set_check_source(Options& options, Text value) {
  if (const auto address = Address::parse(value)) {
    (address->family() == Family::ipv4 ? options.probe.source_v4 : options.probe.source_v6) = *address;
    return;
  }
  if (value.empty() || value.size() > 15) refuse_value("-s", value, "an address or an interface of this host");
  options.probe.device = value;
}

void set_within(Options& options, Text value) {
  options.check.within = to_time_s("-t", value);
  if (options.check.within <= Duration{0}) refuse_value("-t", value, "more than 0 seconds");
}

void no_effect(Options&, Text) {}

constexpr OptionRow check_rows[] = {
    {"-H", group, "HOST", "A host to check; hosts may also be given without it",
     [](Options& o, Text v) { o.targets.push_back(v); }, false, true},
    {"-w", group, "RTA,LOSS%", "Warning from this round-trip time in ms, and this loss (200,40%)",
     [](Options& o, Text v) { set_check_limit(o.check.warning, "-w", v); }},
    {"-c", group, "RTA,LOSS%", "Critical from this round-trip time in ms, and this loss (500,80%)",
     [](Options& o, Text v) { set_check_limit(o.check.critical, "-c", v); }},
    {"-n", group, "N", "Probes to each host (5)",
     [](Options& o, Text v) {
       o.count = static_cast<int>(to_number("-n", v, {1, most_probes}));
     }},
    {"-p", group, "N", "The same as -n",
     [](Options& o, Text v) {
       o.count = static_cast<int>(to_number("-p", v, {1, most_probes}));
     }},
    {"-i", group, "MSEC", "Time between two probes to one host, in ms, or with us, ms or s (80)",
     [](Options& o, Text v) { o.period = to_check_time("-i", v); }},
    {"-I", group, "MSEC", "Time between any two probes (0)",
     [](Options& o, Text v) { o.interval = to_check_time("-I", v); }},
    {"-m", group, "N", "Hosts that must be in order for a good result (all)",
     [](Options& o, Text v) {
       o.check.hosts_wanted = to_number("-m", v, {1, 1'000'000});
     }},
    {"-t", group, "SECONDS", "Time limit of the whole check (10)", [](Options& o, Text v) { set_within(o, v); }},
    {"-s", group, "SOURCE", "Source address, or interface to send through",
     [](Options& o, Text v) { set_check_source(o, v); }},
    {"-l", group, "N", "TTL or hop limit",
     [](Options& o, Text v) {
       o.probe.ttl = static_cast<int>(to_number("-l", v, {1, 255}));
     }},
    {"-b", group, "BYTES", "Bytes of data in a probe (68)",
     [](Options& o, Text v) {
       o.probe.payload_size = to_number("-b", v, {0, 65507});
     }},
    {"-4", group, "", "Only IPv4 addresses", [](Options& o, Text) { set_family(o, Family::ipv4); }},
    {"-6", group, "", "Only IPv6 addresses", [](Options& o, Text) { set_family(o, Family::ipv6); }},
    {"--file", group, "FILE", "Reads the hosts from a file, with their groups", [](Options& o, Text v) { o.file = v; }},
    {"--health", group, "FILE", "Judges hosts and groups by several checks; FILE keeps what was seen",
     [](Options& o, Text v) { o.health = to_health_file(v); }},
    {"--rise", group, "N", "Good checks in a row that make a host of --health up (2)",
     [](Options& o, Text v) { o.rise = to_rounds("--rise", v); }},
    {"--fall", group, "N", "Bad checks in a row that make it down (3)",
     [](Options& o, Text v) { o.fall = to_rounds("--fall", v); }},
    {"-v", group, "", "Does nothing: the one line has all figures", no_effect},
    {"--as", group, "NAME", "Behaves as fping, check_icmp or multiping", no_effect},
    {"-h,--help", group, "", "Prints this text", no_effect},
    {"-V,--version", group, "", "Prints the version", no_effect},
};

/// Names mean IPv4 addresses unless an address of the list, or -6, says otherwise.
void settle_family(Options& options) {
  const auto is_ipv6 = [](const std::string& target) {
    const auto address = Address::parse(target);
    return address && address->family() == Family::ipv6;
  };
  if (options.probe.family == Family::any && std::ranges::none_of(options.targets, is_ipv6) && !options.file)
    options.probe.family = Family::ipv4;
}

/// A host that is listed twice is one host.
void drop_repeated(std::vector<std::string>& targets) {
  std::vector<std::string> once;
  for (std::string& target : targets)
    if (std::ranges::find(once, target) == once.end()) once.push_back(std::move(target));
  targets = std::move(once);
}

/// An answer after twice the critical time is as bad as none. All probes are decided when time is over, where there are
/// not too many of them.
Duration check_timeout(const Options& options) {
  const Duration sending = (options.count - 1) * options.period;
  const Duration left = std::max(options.check.within - sending, options.check.within / 2);
  const Duration critical = std::min<Duration>(options.check.critical.rtt, options.check.within);
  return std::min(std::max<Duration>(2 * critical, 1s), left);
}

}  // namespace

void set_check_limit(CheckLimit& limit, std::string_view option, std::string_view text) {
  const std::size_t comma = text.find(',');
  const bool loss_alone = comma == std::string_view::npos && text.ends_with('%');
  if (!loss_alone) limit.rtt = to_check_time(option, text.substr(0, comma));
  if (comma == std::string_view::npos && !loss_alone) return;
  std::string_view loss = loss_alone ? text : text.substr(comma + 1);
  if (loss.ends_with('%')) loss.remove_suffix(1);
  limit.loss_percent = to_real(option, loss, 0, 100);
}

std::span<const OptionRow> check_icmp_table() noexcept { return check_rows; }

void set_check_icmp_defaults(Options& options) {
  options.mode = Mode::count;
  options.count = 5;
  options.period = 80ms;
  options.probe.payload_size = 68;
}

void settle_check_icmp(Options& options) {
  if (options.targets.empty() && !options.file) throw std::invalid_argument{"no host to check"};
  if (options.file && !options.targets.empty()) throw std::invalid_argument{"--file and hosts exclude each other"};
  IcmpCheck& check = options.check;
  check.warning.rtt = std::min(check.warning.rtt, check.critical.rtt);
  check.warning.loss_percent = std::min(check.warning.loss_percent, check.critical.loss_percent);
  settle_family(options);
  drop_repeated(options.targets);
  options.timeout = check_timeout(options);
}

}  // namespace multiping::command
