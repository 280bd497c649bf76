// The rows of all options. Letters and long names are fping's where fping has the option.
// See option_table.hpp.
#include "apps/multiping/option_table.hpp"

#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

#include "apps/multiping/option_values.hpp"

namespace multiping::command {
namespace {

using Options = CommandOptions;
using Text = const std::string&;

constexpr std::uint64_t most_count = std::numeric_limits<int>::max();
constexpr std::string_view targets = "targets", probes = "probes", timing = "timing", output = "output",
                           tasks = "tasks", general = "general";

constexpr std::array<std::string_view, 6> group_names = {targets, probes, timing, output, tasks, general};

/// -c and -C; -l beside them is refused.
void set_count(Options& options, std::string_view name, Text value) {
  options.count = static_cast<int>(to_number(name, value, {1, most_count}));
  if (options.mode == Mode::loop) throw std::invalid_argument{"specify only one of c, l"};
  options.mode = Mode::count;
}

void set_loop(Options& options) {
  if (options.mode == Mode::count) throw std::invalid_argument{"specify only one of c, l"};
  options.mode = Mode::loop;
}

void set_family(Options& options, Family family) {
  if (options.probe.family != Family::any && options.probe.family != family)
    throw std::invalid_argument{"can't specify both -4 and -6"};
  options.probe.family = family;
}

void set_task(Options& options, Mode mode) {
  if (options.mode != Mode::once && options.mode != mode)
    throw std::invalid_argument{"specify only one of -c, -C, -l, --trace, --mtu, --wait, --check"};
  options.mode = mode;
}

void set_protocol(Options& options, Protocol protocol, std::string_view name, Text port) {
  if (options.probe.protocol != Protocol::icmp && options.probe.protocol != protocol)
    throw std::invalid_argument{"specify only one of --tcp, --udp, --sctp"};
  options.probe.protocol = protocol;
  options.probe.port = static_cast<int>(to_number(name, port, {1, 65535}));
}

void set_source(Options& options, Text value) {
  const auto address = Address::parse(value);
  if (!address) refuse_value("-S", value, "an address of this host");
  (address->family() == Family::ipv4 ? options.probe.source_v4 : options.probe.source_v6) = *address;
}

void set_quiet_every(Options& options, Text value) {
  const auto comma = value.find(',');
  if (comma != std::string::npos && value.substr(comma + 1) != "cumulative")
    refuse_value("-Q", value, "SECS or SECS,cumulative");
  options.printing.cumulative = comma != std::string::npos;
  const Duration every = to_time_s("-Q", value.substr(0, comma));
  if (every <= Duration{0}) refuse_value("-Q", value, "more than 0 seconds");
  options.printing.quiet = true;
  options.printing.summary_every = every;
}

void set_timestamp_format(Options& options, Text value) {
  if (value != "ctime" && value != "iso" && value != "rfc3339")
    refuse_value("--timestamp-format", value, "ctime, iso or rfc3339");
  options.printing.timestamp = true;
  options.printing.timestamp_format = value;
}

void set_device(Options& options, std::string_view name, Text value) {
  if (value.empty() || value.size() > 15) refuse_value(name, value, "the name of an interface, 1 to 15 bytes");
  options.probe.device = value;
}

void set_reachable(Options& options, std::string_view name, Text value) {
  options.reachable = to_number(name, value, {1, std::numeric_limits<std::uint32_t>::max()});
}

void set_rate(Options& options, Text value) {
  const double rate = to_real("--rate", value, 0, 1e9);
  options.interval = rate == 0 ? Duration{0} : Duration{Timeout{std::chrono::duration<double>{1 / rate}}};
}

void set_wait(Options& options, Text value) {
  set_task(options, Mode::wait);
  options.wait_for.reset();
  if (value != "all") options.wait_for = to_number("--wait", value, {1, std::numeric_limits<std::uint32_t>::max()});
}

void set_broker(Options& options, Text value) {
  if (value.empty()) refuse_value("--broker", value, "the path of a socket");
  options.transport.broker = value;
  options.transport.kinds = {TransportKind::broker};
}

void set_proxy(Options& options, Text value) {
  if (value.empty()) refuse_value("--proxy", value, "HOST or HOST:PORT");
  options.transport.proxy = value;
  options.transport.kinds = {TransportKind::proxy};
}

void set_histograms(Options& options) { options.views.histogram = options.views.histogram_hosts = true; }

/// Without -c or -C the table is shown until it is ended.
void set_watch(Options& options) {
  options.views.watch = true;
  if (options.mode == Mode::once) options.mode = Mode::loop;
}

void nothing(Options&, Text) {}

constexpr OptionRow rows[] = {
    {"-f,--file", targets, "FILE", "Reads the targets from a file, one on a line; - is the standard input",
     [](Options& o, Text v) { o.file = v; }},
    {"-g,--generate", targets, "", "Targets are blocks: ADDRESS/PREFIX, or the first and the last address",
     [](Options& o, Text) { o.generate = true; }},
    {"-4,--ipv4", targets, "", "Only IPv4 addresses", [](Options& o, Text) { set_family(o, Family::ipv4); }},
    {"-6,--ipv6", targets, "", "Only IPv6 addresses", [](Options& o, Text) { set_family(o, Family::ipv6); }},
    {"-m,--all", targets, "", "All addresses of each name, of both families",
     [](Options& o, Text) { o.all_addresses = true; }},
    {"--shard", targets, "I/N", "Takes part I (from 0) of N of the list; auto: from Slurm or Kubernetes", nothing},

    {"-b,--size", probes, "BYTES", "Bytes of data in a probe (56)",
     [](Options& o, Text v) { o.probe.payload_size = to_number("-b", v, {0, 65507}); }},
    {"-H,--ttl", probes, "N", "TTL or hop limit", [](Options& o, Text v) {
       o.probe.ttl = static_cast<int>(to_number("-H", v, {1, 255}));
     }},
    {"-O,--tos", probes, "N", "Type of service or traffic class, also as 0xNN",
     [](Options& o, Text v) { o.probe.tos = static_cast<int>(to_number("-O", v, {0, 255})); }},
    {"-M,--dontfrag", probes, "", "Forbids fragmentation", [](Options& o, Text) { o.probe.dont_fragment = true; }},
    {"-R,--random", probes, "", "Random data in each probe", [](Options& o, Text) { o.probe.random_payload = true; }},
    {"-I,--iface", probes, "IFACE", "Sends through this interface", [](Options& o, Text v) { set_device(o, "-I", v); }},
    {"--oiface", probes, "IFACE", "The same as -I", [](Options& o, Text v) { set_device(o, "--oiface", v); }},
    {"-S,--src", probes, "ADDRESS", "Source address", [](Options& o, Text v) { set_source(o, v); }},
    {"-k,--fwmark", probes, "N", "Mark for policy routing, also as 0xNN",
     [](Options& o, Text v) {
       o.probe.mark = static_cast<std::uint32_t>(to_number("-k", v, {0, std::numeric_limits<std::uint32_t>::max()}));
     }},
    {"--check-source", probes, "", "Answers from another address do not count: always so, but for --any-source",
     [](Options& o, Text) { o.any_source = false; }},
    {"--any-source", probes, "", "Answers from another address count, as with fping",
     [](Options& o, Text) { o.any_source = true; }},
    {"--tcp", probes, "PORT", "Asks by TCP connections; targets may be HOST:PORT",
     [](Options& o, Text v) { set_protocol(o, Protocol::tcp, "--tcp", v); }},
    {"--udp", probes, "PORT", "Asks by UDP datagrams; targets may be HOST:PORT",
     [](Options& o, Text v) { set_protocol(o, Protocol::udp, "--udp", v); }},
    {"--sctp", probes, "PORT", "Asks by SCTP; targets may be HOST:PORT",
     [](Options& o, Text v) { set_protocol(o, Protocol::sctp, "--sctp", v); }},
    {"--transport", probes, "KIND", "How probes leave: raw, ping, broker or proxy (the first that works)",
     [](Options& o, Text v) { o.transport.kinds = {to_transport(v)}; }},
    {"--broker", probes, "PATH", "Sends through the multipingd that listens at this socket",
     [](Options& o, Text v) { set_broker(o, v); }},
    {"--proxy", probes, "HOST:PORT", "Sends through this icmp4em proxy", [](Options& o, Text v) { set_proxy(o, v); }},
    {"--icmp-timestamp", probes, "", "Refused: multiping asks by echo requests alone",
     [](Options&, Text) { throw std::invalid_argument{"--icmp-timestamp is not supported: only echo requests are"}; }},

    {"-c,--count", timing, "N", "Sends N probes to each target", [](Options& o, Text v) { set_count(o, "-c", v); }},
    {"-C,--vcount", timing, "N", "The same, and the summary has each time",
     [](Options& o, Text v) {
       set_count(o, "-C", v);
       o.printing.times = true;
     }},
    {"-l,--loop", timing, "", "Sends probes until it is stopped", [](Options& o, Text) { set_loop(o); }},
    {"-p,--period", timing, "MSEC", "Time between two probes to one target with -c, -C and -l, in ms (1000)",
     [](Options& o, Text v) { o.period = to_time_ms("-p", v); }},
    {"-i,--interval", timing, "MSEC", "Time between any two probes, in ms (as fping: 10; else 0)",
     [](Options& o, Text v) { o.interval = to_time_ms("-i", v); }},
    {"--rate", timing, "N", "Probes per second over all targets; 0: as fast as nothing is lost",
     [](Options& o, Text v) { set_rate(o, v); }},
    {"-t,--timeout", timing, "MSEC", "Wait for an answer, in ms (500; with -c, -C, -l the period, at most 2000)",
     [](Options& o, Text v) { o.timeout = to_time_ms("-t", v); }},
    {"-r,--retry", timing, "N", "Probes after the first to a silent target (3)",
     [](Options& o, Text v) { o.retry = static_cast<int>(to_number("-r", v, {0, most_count})); }},
    {"-B,--backoff", timing, "N", "Each wait is N times the one before (1.5)",
     [](Options& o, Text v) { o.backoff = to_real("-B", v, 1, 5); }},
    {"--threads", timing, "N", "Threads of a sweep over a long list (chosen by its length)",
     [](Options& o, Text v) { o.threads = static_cast<int>(to_number("--threads", v, {0, 1024})); }},
    {"--seqmap-timeout", timing, "MSEC", "Does nothing: multiping needs no such limit",
     [](Options&, Text v) { static_cast<void>(to_time_ms("--seqmap-timeout", v)); }},

    {"-a,--alive", output, "", "Prints only targets that are alive", [](Options& o, Text) { o.printing.alive = true; }},
    {"-u,--unreach", output, "", "Prints only targets that are unreachable",
     [](Options& o, Text) { o.printing.unreachable = true; }},
    {"-A,--addr", output, "", "Prints addresses instead of names", [](Options& o, Text) { o.naming.addresses = true; }},
    {"-d,--rdns", output, "", "Prints the name of each address, by a reverse lookup",
     [](Options& o, Text) { o.naming.reverse_all = true; }},
    {"-n,--name", output, "", "The same for targets that are given as addresses",
     [](Options& o, Text) { o.naming.reverse_numeric = true; }},
    {"-e,--elapsed", output, "", "Prints the round-trip time of targets that are alive",
     [](Options& o, Text) { o.printing.elapsed = true; }},
    {"-D,--timestamp", output, "", "Prints the time in front of each line of -c, -C and -l",
     [](Options& o, Text) { o.printing.timestamp = true; }},
    {"--timestamp-format", output, "FORMAT", "That time as ctime, iso or rfc3339",
     [](Options& o, Text v) { set_timestamp_format(o, v); }},
    {"--print-ttl", output, "", "Prints the TTL of each answer", [](Options& o, Text) { o.printing.reply_ttl = true; }},
    {"--print-tos", output, "", "Prints the type of service of each answer",
     [](Options& o, Text) { o.printing.reply_tos = true; }},
    {"--print-reply-dst", output, "", "Accepted; no transport tells the destination of an answer",
     [](Options& o, Text) { o.printing.reply_destination = true; }},
    {"-o,--outage", output, "", "Prints the time of the lost probes: their number times the period",
     [](Options& o, Text) { o.printing.outage = true; }},
    {"-q,--quiet", output, "", "Prints only summaries", [](Options& o, Text) { o.printing.quiet = true; }},
    {"-Q,--squiet", output, "SECS[,cumulative]", "The same, and a summary each SECS seconds",
     [](Options& o, Text v) { set_quiet_every(o, v); }},
    {"-s,--stats", output, "", "Prints totals at the end", [](Options& o, Text) { o.printing.statistics = true; }},
    {"-N,--netdata", output, "", "Prints for netdata, with -l -Q", [](Options& o, Text) { o.printing.netdata = true; }},
    {"-x,--reachable", output, "N", "Says whether at least N targets are alive; then the status is 0",
     [](Options& o, Text v) { set_reachable(o, "-x", v); }},
    {"-X,--fast-reachable", output, "N", "The same, and ends as soon as N are",
     [](Options& o, Text v) {
       set_reachable(o, "-X", v);
       o.fast_reachable = true;
     }},
    {"-J,--json", output, "", "Prints JSON lines as fping 5.5 does, with -c, -C and -l",
     [](Options& o, Text) { o.format = Format::json; }},
    {"--format", output, "FORMAT", "lines, json (as -J), jsonl, csv or openmetrics",
     [](Options& o, Text v) { o.format = to_format(v); }},
    {"--output", output, "FILE", "Writes to a file, which is replaced as a whole at the end",
     [](Options& o, Text v) { o.output = v; }},
    {"--color", output, "WHEN", "Colours on a terminal: auto, always or never",
     [](Options& o, Text v) { o.views.color = to_color(v); }},
    {"--summary", output, "", "Prints a summary for people at the end; on a terminal always, for several hosts",
     [](Options& o, Text) { o.views.summary = true; }},
    {"--histogram", output, "", "Draws the distribution of the round-trip times at the end",
     [](Options& o, Text) { o.views.histogram = true; }},
    {"--histogram-hosts", output, "", "The same, and one for each host", [](Options& o, Text) { set_histograms(o); }},
    {"--watch", output, "", "Shows a live table that fills the terminal; q ends it, h explains it",
     [](Options& o, Text) { set_watch(o); }},
    {"--report", output, "FILE", "Writes a page for a web browser at the end (HTML)",
     [](Options& o, Text v) { o.views.report = v; }},

    {"--trace", tasks, "", "Traces the routes to all targets at once", [](Options& o, Text) { set_task(o, Mode::trace); }},
    {"--flows", tasks, "N", "Paths that --trace tries for each target (1)",
     [](Options& o, Text v) { o.flows = static_cast<int>(to_number("--flows", v, {1, 64})); }},
    {"--no-names", tasks, "", "--trace prints no names of routers", [](Options& o, Text) { o.names = false; }},
    {"--mtu", tasks, "", "Finds the path MTU of each target", [](Options& o, Text) { set_task(o, Mode::mtu); }},
    {"--why", tasks, "", "Says for each target that failed what is known of the cause",
     [](Options& o, Text) { o.why = true; }},
    {"--health", tasks, "FILE", "Tells which hosts and groups went down or up; FILE keeps what was seen",
     [](Options& o, Text v) { o.health = to_health_file(v); }},
    {"--rise", tasks, "N", "Good rounds in a row that make a host of --health up (2)",
     [](Options& o, Text v) { o.rise = to_rounds("--rise", v); }},
    {"--fall", tasks, "N", "Bad rounds in a row that make it down (3)",
     [](Options& o, Text v) { o.fall = to_rounds("--fall", v); }},
    {"--wait", tasks, "N|all", "Waits until so many targets are up", [](Options& o, Text v) { set_wait(o, v); }},
    {"--within", tasks, "SECONDS", "How long --wait waits (60)",
     [](Options& o, Text v) { o.within = to_time_s("--within", v); }},
    {"--check", tasks, "", "Says what this machine can do, and what to do where it cannot",
     [](Options& o, Text) { set_task(o, Mode::check); }},

    {"--completion", general, "SHELL", "Prints the completions for bash, zsh or fish", nothing},
    {"--as", general, "NAME", "Behaves as fping or check_icmp", nothing},
    {"-h", general, "", "Prints all options in short", nothing},
    {"--help", general, "GROUP", "Prints the options by groups, or one group", nothing, true},
    {"-v,--version", general, "", "Prints the version", nothing},
    {"-T", general, "N", "Does nothing, as with fping", nothing},
};

}  // namespace

std::span<const OptionRow> option_table() noexcept { return rows; }
std::span<const std::string_view> option_groups() noexcept { return group_names; }

}  // namespace multiping::command
