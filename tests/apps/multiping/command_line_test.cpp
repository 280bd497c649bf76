// Checks the command line: personalities, values and their ranges, what excludes what, and the texts of help.
// The environment is an argument.
#include "apps/multiping/command_line.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/multiping/help_text.hpp"
#include "apps/multiping/option_table.hpp"
#include "apps/multiping/option_values.hpp"

BOOST_AUTO_TEST_SUITE(command_line_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;
using Words = std::vector<const char*>;

std::variant<CommandOptions, Answer> parse(Words words, const std::map<std::string, std::string>& variables = {}) {
  return parse_command_line(static_cast<int>(words.size()), words.data(), [&](std::string_view name) {
    const auto at = variables.find(std::string{name});
    return at == variables.end() ? std::nullopt : std::optional{at->second};
  });
}

CommandOptions options_of(Words words) { return std::get<CommandOptions>(parse(std::move(words))); }

std::string refusal(Words words) {
  try {
    static_cast<void>(parse(std::move(words)));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_name_of_the_program_or_as_chooses_the_personality) {
  BOOST_TEST((options_of({"/usr/bin/fping", "a"}).personality == Personality::fping));
  BOOST_TEST((options_of({"check_icmp", "a"}).personality == Personality::check_icmp));
  BOOST_TEST((options_of({"multiping", "a"}).personality == Personality::multiping));
  BOOST_TEST((options_of({"multiping", "--as", "fping", "a"}).personality == Personality::fping));
  BOOST_TEST((options_of({"multiping", "--as=fping", "a"}).interval == Duration{10ms}));
  BOOST_TEST((options_of({"multiping", "a"}).interval == Duration{0}));
  BOOST_TEST(refusal({"multiping", "--as", "ping", "a"}) == "--as is ping; it must be multiping, fping or check_icmp");
}

BOOST_AUTO_TEST_CASE(letters_stand_together_and_values_stick_to_them) {
  const CommandOptions options = options_of({"fping", "-aeqc3", "-p", "20.5", "-i0", "host", "-t250", "other"});
  BOOST_TEST(options.printing.alive);
  BOOST_TEST(options.printing.elapsed);
  BOOST_TEST(options.printing.quiet);
  BOOST_TEST(options.count == 3);
  BOOST_TEST((options.period == Duration{20500us}));
  BOOST_TEST((options.interval == Duration{0}));
  BOOST_TEST((probe_timeout(options) == Duration{250ms}));
  BOOST_TEST((options.targets == std::vector<std::string>{"host", "other"}));
}

BOOST_AUTO_TEST_CASE(the_last_of_two_values_counts) {
  BOOST_TEST(options_of({"fping", "-r", "1", "-r", "5"}).retry == 5);
}

BOOST_AUTO_TEST_CASE(the_timeout_follows_the_period_up_to_two_seconds) {
  BOOST_TEST((probe_timeout(options_of({"fping", "a"})) == Duration{500ms}));
  BOOST_TEST((probe_timeout(options_of({"fping", "-c1", "-p", "300", "a"})) == Duration{300ms}));
  BOOST_TEST((probe_timeout(options_of({"fping", "-l", "-p", "9000", "a"})) == Duration{2s}));
}

BOOST_AUTO_TEST_CASE(the_options_of_probes_arrive) {
  const CommandOptions options = options_of({"multiping", "-b", "100", "-H", "7", "-O", "0x10", "-M", "-R", "-I", "lo",
                                             "-S", "::1", "-k", "0x20", "-6", "a"});
  BOOST_TEST(options.probe.payload_size == 100U);
  BOOST_TEST(options.probe.ttl.value() == 7);
  BOOST_TEST(options.probe.tos == 16);
  BOOST_TEST(options.probe.dont_fragment);
  BOOST_TEST(options.probe.random_payload);
  BOOST_TEST(options.probe.device == "lo");
  BOOST_TEST((options.probe.source_v6 == *Address::parse("::1")));
  BOOST_TEST(options.probe.mark.value() == 32U);
  BOOST_TEST((options.probe.family == Family::ipv6));
}

BOOST_AUTO_TEST_CASE(ports_rates_and_transports_arrive) {
  const CommandOptions options =
      options_of({"multiping", "--tcp", "443", "--rate", "1000", "--transport", "ping", "--threads", "2", "a"});
  BOOST_TEST((options.probe.protocol == Protocol::tcp));
  BOOST_TEST(options.probe.port == 443);
  BOOST_TEST((options.interval == Duration{1ms}));
  BOOST_TEST((options.transport.kinds == std::vector{TransportKind::ping_socket}));
  BOOST_TEST(options.threads == 2);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused_by_name) {
  BOOST_TEST(refusal({"fping", "-Z"}) == "unknown option -Z; see 'fping -h'");
  BOOST_TEST(refusal({"fping", "-c", "0", "a"}) == "-c is 0; it must be a number, 1 to 2147483647");
  BOOST_TEST(refusal({"fping", "-c", "x", "a"}) == "-c is x; it must be a number, 1 to 2147483647");
  BOOST_TEST(refusal({"fping", "-b", "70000", "a"}) == "-b is 70000; it must be a number, 0 to 65507");
  BOOST_TEST(refusal({"fping", "-B", "0.5", "a"}) == "-B is 0.5; it must be a number, 1 to 5");
  BOOST_TEST(refusal({"fping", "-p", "nan", "a"}).find("-p is nan; it must be a number") == 0U);
  BOOST_TEST(refusal({"fping", "-S", "here", "a"}) == "-S is here; it must be an address of this host");
  BOOST_TEST(refusal({"fping", "-Q", "1,slowly", "a"}) == "-Q is 1,slowly; it must be SECS or SECS,cumulative");
  BOOST_TEST(refusal({"fping", "--icmp-timestamp", "a"}).find("--icmp-timestamp is not supported") == 0U);
  BOOST_TEST(refusal({"fping", "-I", "a-name-that-is-too-long", "a"}).find("-I is a-name-that-is-too-long") == 0U);
}

BOOST_AUTO_TEST_CASE(what_excludes_each_other_is_refused) {
  BOOST_TEST(refusal({"fping", "-a", "-u", "a"}) == "specify only one of a, u");
  BOOST_TEST(refusal({"fping", "-c", "1", "-l", "a"}) == "specify only one of c, l");
  BOOST_TEST(refusal({"fping", "-4", "-6", "a"}) == "can't specify both -4 and -6");
  BOOST_TEST(refusal({"fping", "-d", "-n", "a"}) == "use either one of -d or -n");
  BOOST_TEST(refusal({"fping", "-g", "-f", "x"}) == "specify only one of f, g");
  BOOST_TEST(refusal({"fping", "-J", "a"}) == "-J needs -c, -C or -l");
  BOOST_TEST(refusal({"multiping", "--tcp", "1", "--udp", "1", "a"}) == "specify only one of --tcp, --udp, --sctp");
  BOOST_TEST(refusal({"multiping", "--trace", "--mtu", "a"}).find("specify only one of -c") == 0U);
  BOOST_TEST(refusal({"multiping", "--mtu", "--tcp", "9", "a"}).find("--mtu asks by ICMP or --udp") == 0U);
  BOOST_TEST(refusal({"multiping", "--trace", "--sctp", "9", "a"}).find("--trace asks by ICMP") == 0U);
  BOOST_TEST(refusal({"multiping", "--tcp", "9", "-b", "9", "a"}).find("-b goes together with ICMP") == 0U);
  BOOST_TEST(refusal({"multiping", "--output", "x", "--report", "x", "a"}) == "--output and --report need two files");
}

BOOST_AUTO_TEST_CASE(what_would_have_no_effect_is_refused) {
  BOOST_TEST(refusal({"multiping", "--flows", "2", "a"}) == "--flows goes together with --trace");
  BOOST_TEST(refusal({"multiping", "--no-names", "a"}) == "--no-names goes together with --trace and --why");
  BOOST_TEST(refusal({"multiping", "--within", "2", "a"}) == "--within goes together with --wait");
  BOOST_TEST(refusal({"multiping", "--wait", "all", "-m", "a"}) == "specify only one of --wait, -m");
  BOOST_TEST(refusal({"multiping", "--output", "", "a"}) == "--output needs the name of a file");
  BOOST_TEST(refusal({"multiping", "--report", "", "a"}) == "--report needs the name of a file");
  BOOST_TEST(refusal({"multiping", "--check", "a"}) == "--check takes no targets");
  BOOST_TEST(refusal({"multiping", "-s", "--mtu", "a"}) == "-s goes together with pings alone");
}

BOOST_AUTO_TEST_CASE(messages_of_the_library_name_options) {
  BOOST_TEST(in_options("cannot use ProbeOptions::device x: none") == "cannot use -I x: none");
  BOOST_TEST(in_options("ProbeOptions::source_v4 or ProbeOptions::source_v6") == "-S or -S");
  BOOST_TEST(in_options("") == "");
}

BOOST_AUTO_TEST_CASE(an_interval_may_be_cumulative) {
  const CommandOptions options = options_of({"fping", "-l", "-Q", "2,cumulative", "a"});
  BOOST_TEST((options.printing.summary_every == Duration{2s}));
  BOOST_TEST(options.printing.cumulative);
  BOOST_TEST(options.printing.quiet);
}

BOOST_AUTO_TEST_CASE(a_wait_is_for_a_number_or_for_all) {
  BOOST_TEST((options_of({"multiping", "--wait", "3", "a"}).wait_for == std::optional<std::size_t>{3}));
  const CommandOptions all = options_of({"multiping", "--wait", "all", "--within", "2.5", "a"});
  BOOST_TEST((all.mode == Mode::wait));
  BOOST_TEST(!all.wait_for.has_value());
  BOOST_TEST((all.within == Duration{2500ms}));
}

/// SmokePing looks for -S and -O in it.
BOOST_AUTO_TEST_CASE(the_short_help_has_each_option_on_a_line_of_its_own) {
  const std::string text = std::get<Answer>(parse({"fping", "-h"})).text;
  BOOST_TEST(text.find("Usage: fping ") == 0U);
  for (const char* option : {"\n   -S, --src=", "\n   -O, --tos=", "\n   -C, --vcount=", "\n       --trace "})
    BOOST_TEST(text.find(option) != std::string::npos, option);
}

BOOST_AUTO_TEST_CASE(the_version_is_that_of_the_interface) {
  BOOST_TEST(std::get<Answer>(parse({"fping", "-v"})).text.find("fping: Version 5.5 (multiping ") == 0U);
  BOOST_TEST(std::get<Answer>(parse({"multiping", "-v"})).text.find("multiping: Version ") == 0U);
}

BOOST_AUTO_TEST_CASE(help_has_groups_and_one_group_can_be_asked_for) {
  BOOST_TEST(std::get<Answer>(parse({"multiping", "--help"})).text == grouped_help("multiping"));
  BOOST_TEST(std::get<Answer>(parse({"multiping", "--help", "timing"})).text == group_help("timing"));
  BOOST_TEST(refusal({"multiping", "--help", "colours"}).find("--help is colours; it must be one of targets,") == 0U);
}

BOOST_AUTO_TEST_CASE(every_option_belongs_to_a_group_and_no_name_is_used_twice) {
  const auto groups = option_groups();
  const std::set<std::string_view> known{groups.begin(), groups.end()};
  std::set<std::string> names;
  for (const OptionRow& row : option_table()) {
    BOOST_TEST(known.count(row.group) == 1U, row.names);
    std::string rest{row.names};
    for (std::size_t comma = 0; comma != std::string::npos; rest = rest.substr(comma + 1)) {
      comma = rest.find(',');
      BOOST_TEST(names.insert(rest.substr(0, comma)).second, row.names);
      if (comma == std::string::npos) break;
    }
  }
}

BOOST_AUTO_TEST_CASE(parts_of_a_list_come_from_slurm_and_kubernetes) {
  const auto shard = [](const char* text, const std::map<std::string, std::string>& variables) {
    return std::get<CommandOptions>(parse({"multiping", "--shard", text, "a"}, variables)).shard;
  };
  const Shard slurm = shard("auto", {{"SLURM_ARRAY_TASK_ID", "7"},
                                     {"SLURM_ARRAY_TASK_MIN", "3"},
                                     {"SLURM_ARRAY_TASK_STEP", "2"},
                                     {"SLURM_ARRAY_TASK_COUNT", "5"}});
  BOOST_TEST(slurm.index == 2U);
  BOOST_TEST(slurm.count == 5U);
  const Shard kubernetes = shard("auto/4", {{"JOB_COMPLETION_INDEX", "3"}});
  BOOST_TEST(kubernetes.index == 3U);
  BOOST_TEST(kubernetes.count == 4U);
  BOOST_TEST(refusal({"multiping", "--shard", "auto", "a"}).find("neither SLURM_ARRAY_TASK_ID nor") !=
             std::string::npos);
  BOOST_TEST(refusal({"multiping", "--shard", "4/4", "a"}) == "--shard is 4/4; it must be I/N with I from 0 to N - 1");
  BOOST_CHECK_THROW(shard("auto", {{"JOB_COMPLETION_INDEX", "3"}}), std::invalid_argument);
  BOOST_CHECK_THROW(shard("auto/3", {{"JOB_COMPLETION_INDEX", "3"}}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
