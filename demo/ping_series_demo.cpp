// Pings hosts repeatedly, as ping(8) does, but all at once. Prints each result as it comes, and the statistics of each
// host at the end or at Ctrl-C; with --prometheus it prints only a page of metrics.
// Usage: ping_series_demo [-c COUNT] [-i SECONDS] [--prometheus] HOST...
// Exit status: 0 when every probe was answered, 1 when not, 2 when there was an error.
#include <multiping/multiping.hpp>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <iomanip>
#include <iostream>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::string_view usage =
    "usage: ping_series_demo [-c COUNT] [-i SECONDS] [--prometheus] HOST...\n"
    "Pings all hosts again and again: COUNT times (5; 0: until Ctrl-C), every SECONDS (1).\n"
    "With --prometheus it writes the figures alone, as a page for that program.\n"
    "Exit status: 0 when every probe was answered, 1 when not, 2 when there was an error.";

/// Turns Ctrl-C into a stop request. A thread waits for the signal, so that no signal handler is needed.
class StopAtCtrlC {
 public:
  StopAtCtrlC() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);  // before any other thread starts
    waiter_ = std::jthread{[this](const std::stop_token& over) { wait(over); }};
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  void wait(const std::stop_token& over) {
    constexpr timespec a_while{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!over.stop_requested()) {
      if (::sigtimedwait(&signals_, nullptr, &a_while) != SIGINT) continue;
      source_.request_stop();
      return;
    }
  }

  ::sigset_t signals_{};
  std::stop_source source_;
  std::jthread waiter_;
};

/// Returns the whole text as a number; throws std::logic_error where it is none.
double parse_number(const std::string& text) {
  std::size_t end = 0;
  const double number = std::stod(text, &end);
  if (end != text.size()) throw std::invalid_argument{""};
  return number;
}

int parse_count(const std::string& text) {
  const double count = parse_number(text);
  if (std::floor(count) != count || count < 0 || count > 1e9) throw std::invalid_argument{""};
  return static_cast<int>(count);
}

struct Command {
  multiping::SeriesOptions options{.count = 5};
  bool prometheus = false;
  std::vector<std::string> hosts;
};

/// Takes "-c COUNT" or "-i SECONDS"; false for anything else.
bool take_option(Command& command, const std::string& name, const std::string& value) try {
  if (name == "-c") command.options.count = parse_count(value);
  if (name == "-i") command.options.interval = std::chrono::duration<double>{parse_number(value)};
  return name == "-c" || name == "-i";
} catch (const std::logic_error&) {  // std::stod throws these, too
  throw std::invalid_argument{name + " " + value + " is no number of " + (name == "-c" ? "rounds" : "seconds")};
}

Command parse(const std::vector<std::string>& words) {
  Command command;
  std::size_t i = 0;
  while (i + 1 < words.size() && take_option(command, words[i], words[i + 1])) i += 2;
  if (i < words.size() && words[i] == "--prometheus") {
    command.prometheus = true;
    ++i;
  }
  command.hosts.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
  if (command.hosts.empty() || command.hosts.front().starts_with('-')) throw std::invalid_argument{std::string{usage}};
  return command;
}

void print_header(int width) {
  std::cout << '\n' << std::left << std::setw(width) << "host" << std::right;
  for (const char* title :
       {"sent", "recv", "loss %", "avail %", "min", "mean", "max", "stddev", "jitter", "p50", "p99 ms"})
    std::cout << std::setw(9) << title;
  std::cout << '\n';
}

void print_row(const multiping::Series& series, int width) {
  const multiping::Statistics& figures = series.statistics;
  std::cout << std::left << std::setw(width) << series.host << std::right << std::setw(9) << figures.sent()
            << std::setw(9) << figures.received() << std::fixed << std::setprecision(1) << std::setw(9);
  figures.sent() == 0 ? std::cout << '-'
                      : std::cout << figures.loss() * 100;  // the loss is not known when nothing was sent
  std::cout << std::setw(9) << figures.availability() * 100 << std::setprecision(3);
  for (const auto time : {figures.min(), figures.mean(), figures.max(), figures.stddev(), figures.jitter(),
                          figures.percentile(50), figures.percentile(99)}) {
    std::cout << std::setw(9);
    figures.received() == 0 ? std::cout << '-' : std::cout << multiping::to_milliseconds(time);
  }
  std::cout << '\n';
}

void print_table(const std::vector<multiping::Series>& all) {
  std::size_t width = 4;
  for (const multiping::Series& series : all) width = std::max(width, series.host.size());
  print_header(static_cast<int>(width));
  for (const multiping::Series& series : all) print_row(series, static_cast<int>(width));
}

/// Returns the text as the value of a label, in quotes, with special characters escaped.
std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    c == '\n' ? quoted += "\\n" : quoted += c;
  }
  return quoted + '"';
}

/// Prints the histogram at bounds that Statistics counts exactly.
void print_histogram(const multiping::Series& series) {
  using namespace std::chrono_literals;
  const std::string host = "{host=" + quoted(series.host);
  const multiping::Statistics& figures = series.statistics;
  for (const auto bound : {250us, 1000us, 2500us, 5000us, 10000us, 25000us, 50000us, 100000us, 250000us, 1000000us})
    std::cout << "ping_rtt_seconds_bucket" << host << ",le=\"" << std::chrono::duration<double>(bound).count() << "\"} "
              << figures.received_within(bound).value() << '\n';
  std::cout << "ping_rtt_seconds_bucket" << host << ",le=\"+Inf\"} " << figures.received() << '\n'
            << "ping_rtt_seconds_sum" << host << "} " << figures.sum().text() << '\n'
            << "ping_rtt_seconds_count" << host << "} " << figures.received() << '\n';
}

/// Prints the histogram, and each figure that is not a time; an unknown figure has no line.
void print_page(const std::vector<multiping::Series>& all) {
  std::cout << "# HELP ping_rtt_seconds Round-trip times of the answers.\n# TYPE ping_rtt_seconds histogram\n";
  for (const multiping::Series& series : all) print_histogram(series);
  std::map<std::string, std::string> metrics;
  for (const multiping::Series& series : all) {
    for (const auto& figure : series.statistics.figures()) {
      const std::string name = "ping_" + std::string{figure.name};
      if (!name.ends_with("_ms")) metrics[name] += name + "{host=" + quoted(series.host) + "} " + figure.text() + '\n';
    }
  }
  for (const auto& [name, lines] : metrics) std::cout << "# TYPE " << name << " gauge\n" << lines;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 2 && argv[1] == std::string_view{"--help"}) {
    std::cout << usage << '\n';
    return 0;
  }
  Command command = parse({argv + 1, argv + argc});
  const StopAtCtrlC ctrl_c;
  command.options.ping.ignore_lookup_errors = true;
  command.options.ping.stop = ctrl_c.token();
  bool all_answered = true;
  const auto all =
      multiping::ping_series(command.hosts, command.options, [&](const multiping::Result& result, int round) {
        all_answered = all_answered && result.answered();
        if (!command.prometheus) std::cout << round + 1 << ": " << result << std::endl;
      });
  command.prometheus ? print_page(all) : print_table(all);
  return all_answered ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
