// The options of the command line, checked, whatever the name of the program is. One struct for all modes and reports.
// option_table.hpp says which option sets which member; command_line.hpp parses.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/probe_options.hpp"
#include "multiping/protocol.hpp"
#include "multiping/transport.hpp"

namespace multiping::command {

/// Whose defaults and exit codes hold: by the name of the program, or --as.
enum class Personality : std::uint8_t { multiping, fping, check_icmp };

/// What is done with the targets.
enum class Mode : std::uint8_t {
  once,   ///< Each target until it answers, with retries: fping's default.
  count,  ///< -c, -C: a number of probes for each target.
  loop,   ///< -l: probes until stopped.
  trace,  ///< --trace
  mtu,    ///< --mtu
  wait,   ///< --wait: until enough targets are up.
  check,  ///< --check: what this machine can do.
};

/// How results are written.
enum class Format : std::uint8_t {
  lines,        ///< fping's lines.
  json,         ///< -J: the JSON lines of fping 5.5.
  jsonl,        ///< --format jsonl
  csv,          ///< --format csv
  openmetrics,  ///< --format openmetrics
};

/// How names and addresses stand in the output: -A, -d, -n.
struct Naming {
  bool addresses = false;        ///< -A
  bool reverse_all = false;      ///< -d: the name of each address, whatever was written.
  bool reverse_numeric = false;  ///< -n: the name of targets that were written as addresses.
};

/// What is printed: fping's output options.
struct Printing {
  bool alive = false, unreachable = false;                               ///< -a, -u
  bool elapsed = false;                                                  ///< -e
  bool quiet = false;                                                    ///< -q, and with -Q
  std::optional<Duration> summary_every{};                               ///< -Q
  bool cumulative = false;                                               ///< -Q SECS,cumulative
  bool netdata = false, outage = false;                                  ///< -N, -o
  bool statistics = false;                                               ///< -s
  bool timestamp = false;                                                ///< -D
  std::string timestamp_format{};                                        ///< "", "ctime", "iso", "rfc3339"
  bool reply_ttl = false, reply_tos = false, reply_destination = false;  ///< --print-ttl, ...
  bool times = false;                                                    ///< -C: every time in the summary.
};

/// --color: whether lines are coloured.
enum class ColorChoice : std::uint8_t { automatic, always, never };

/// What people see beside the lines, or instead of them.
struct Views {
  ColorChoice color = ColorChoice::automatic;
  bool summary = false;    ///< --summary
  bool histogram = false;  ///< --histogram, --histogram-hosts
  bool histogram_hosts = false;
  bool watch = false;    ///< --watch
  std::string report{};  ///< --report FILE
};

/// --shard: which part of the list this process takes.
struct Shard {
  std::uint64_t index = 0, count = 1;  ///< index is 0 to count - 1.
};

/// A limit of check_icmp: reached by the mean round-trip time or by the loss.
struct CheckLimit {
  Duration rtt{};
  double loss_percent = 0;
};

/// What check_icmp judges by.
struct IcmpCheck {
  CheckLimit warning{.rtt = std::chrono::milliseconds{200}, .loss_percent = 40};
  CheckLimit critical{.rtt = std::chrono::milliseconds{500}, .loss_percent = 80};
  std::size_t hosts_wanted = 0;  ///< -m; 0: all.
  Duration within = std::chrono::seconds{10};
};

struct CommandOptions {
  Personality personality = Personality::multiping;
  Mode mode = Mode::once;
  Format format = Format::lines;
  std::string program = "multiping";  ///< In messages.

  // Targets.
  std::vector<std::string> targets{};
  std::optional<std::string> file{};  ///< -f; "-" is the standard input.
  bool generate = false;              ///< -g
  bool all_addresses = false;         ///< -m
  Shard shard{};

  // Probes.
  ProbeOptions probe{};
  bool any_source = false;
  TransportOptions transport{};
  int threads = 0;

  // When.
  int count = 0;                              ///< -c, -C
  int retry = 3;                              ///< -r
  double backoff = 1.5;                       ///< -B
  std::optional<Duration> timeout{};          ///< -t; none: 500 ms, or the period up to 2 s.
  Duration interval{};                        ///< -i, --rate: between any two probes; 0: as fast as nothing is lost.
  Duration period = std::chrono::seconds{1};  ///< -p
  std::size_t reachable = 0;                  ///< -x, -X
  bool fast_reachable = false;                ///< -X

  // What is printed, and where.
  Naming naming{};
  Printing printing{};
  std::string output{};  ///< --output FILE
  Views views{};

  // Beyond fping.
  int flows = 1;
  bool names = true;  ///< Names of the hops of --trace.
  bool why = false;
  std::optional<std::size_t> wait_for{};  ///< --wait N; none with Mode::wait: all.
  Duration within = std::chrono::seconds{60};
  std::string health{};       ///< --health FILE; empty: without.
  std::optional<int> rise{};  ///< --rise N, --fall N; none: those of the file.
  std::optional<int> fall{};

  IcmpCheck check{};  ///< Personality::check_icmp
};

/// The timeout of a probe: -t, or what fping takes without it.
[[nodiscard]] Duration probe_timeout(const CommandOptions& options) noexcept;

/// The most probes per second over all targets, by -i or --rate; 0: as fast as nothing is lost.
[[nodiscard]] inline double probe_rate(const CommandOptions& options) noexcept {
  return options.interval > Duration{0} ? 1e9 / static_cast<double>(options.interval.count()) : 0;
}

/// True in the modes that send a number of probes to each target.
[[nodiscard]] constexpr bool sends_rounds(Mode mode) noexcept { return mode == Mode::count || mode == Mode::loop; }

}  // namespace multiping::command
