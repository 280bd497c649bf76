// See option_combinations.hpp.
#include "apps/multiping/option_combinations.hpp"

#include <stdexcept>
#include <string>

namespace multiping::command {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument{what};
}

bool is_task(Mode mode) noexcept { return mode != Mode::once && !sends_rounds(mode); }

void check_printing(const CommandOptions& options) {
  require(!options.printing.alive || !options.printing.unreachable, "specify only one of a, u");
  require(!options.naming.reverse_all || !options.naming.reverse_numeric, "use either one of -d or -n");
  require(options.format != Format::json || sends_rounds(options.mode), "-J needs -c, -C or -l");
  require(!options.printing.statistics || !is_task(options.mode), "-s goes together with pings alone");
}

void check_sources(const CommandOptions& options) {
  require(!options.generate || !options.file, "specify only one of f, g");
  require(!options.generate || !options.targets.empty(), "-g needs a block, or two addresses");
  require(!options.file || options.targets.empty(), "-f and targets as arguments exclude each other");
}

void check_tasks(const CommandOptions& options, const std::function<bool(std::string_view)>& given) {
  const Protocol protocol = options.probe.protocol;
  const bool sized = protocol == Protocol::icmp || protocol == Protocol::udp;
  require(options.mode == Mode::trace || !given("--flows"), "--flows goes together with --trace");
  require(options.mode == Mode::trace || options.why || !given("--no-names"),
          "--no-names goes together with --trace and --why");
  require(options.mode == Mode::wait || !given("--within"), "--within goes together with --wait");
  require(options.mode != Mode::wait || !options.all_addresses, "specify only one of --wait, -m");
  require(options.mode != Mode::trace || protocol != Protocol::sctp,
          "--trace asks by ICMP, --udp or --tcp; not by --sctp");
  require(options.mode != Mode::mtu || sized, "--mtu asks by ICMP or --udp; not by --tcp or --sctp");
  require(sized || !given("-b"), "-b goes together with ICMP and --udp alone: other probes carry no data");
  require(sized || !given("-R"), "-R goes together with ICMP and --udp alone: other probes carry no data");
}

/// --check asks nobody.
void check_self_check(const CommandOptions& options) {
  if (options.mode != Mode::check) return;
  require(options.targets.empty() && !options.file, "--check takes no targets");
  require(options.output.empty() && options.views.report.empty() && options.health.empty() &&
              options.format == Format::lines,
          "--check prints lines, to the standard output alone");
}

void check_files(const CommandOptions& options, const std::function<bool(std::string_view)>& given) {
  require(!given("--output") || !options.output.empty(), "--output needs the name of a file");
  require(!given("--report") || !options.views.report.empty(), "--report needs the name of a file");
  const auto differ = [](const std::string& one, const std::string& other) {
    return one.empty() || one != other || one.starts_with("/dev/");
  };
  require(differ(options.output, options.views.report), "--output and --report need two files");
  require(differ(options.output, options.health), "--output and --health need two files");
  require(differ(options.views.report, options.health), "--report and --health need two files");
}

}  // namespace

void check_combination(const CommandOptions& options, const std::function<bool(std::string_view)>& given) {
  check_printing(options);
  check_sources(options);
  check_tasks(options, given);
  check_self_check(options);
  check_files(options, given);
}

}  // namespace multiping::command
