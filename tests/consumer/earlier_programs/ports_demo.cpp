// Says which TCP ports of hosts are open. All hosts and ports are probed at once; this needs no permission.
// Usage: ports_demo PORT[,PORT...] HOST...
// Exit status: 0 when a port is open, 1 when none is, 2 when there was an error.
#include <multiping/multiping.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage =
    "usage: ports_demo PORT[,PORT...] HOST...\n"
    "Tells which TCP ports of the hosts are open, all of them probed at once. Needs no permission.\n"
    "Exit status: 0 when a port is open, 1 when none is, 2 when there was an error.";

std::vector<int> parse_ports(std::string_view list) {
  std::vector<int> ports;
  while (!list.empty()) {
    const auto word = list.substr(0, list.find(','));
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ports.emplace_back());
    if (error != std::errc{} || end != word.data() + word.size())
      throw std::invalid_argument{"\"" + std::string{word} + "\" is no port number"};
    list.remove_prefix(std::min(list.size(), word.size() + 1));
  }
  return ports;
}

/// Says what the outcome means for the port; "" where there is no short word for it.
std::string_view verdict(const multiping::Result& result) {
  switch (result.outcome) {
    case multiping::Outcome::reply:
      return "open";
    case multiping::Outcome::refused:
      return "closed (the host is alive)";
    case multiping::Outcome::no_reply:
      return "silent: filtered, or no such host";
    default:
      return "";
  }
}

void print(const multiping::Result& result, int port) {
  std::cout << result.host << " port " << port << ": ";
  if (verdict(result).empty()) {
    std::cout << result << '\n';
  } else {
    std::cout << verdict(result);
    if (result.answered()) std::cout << ", " << multiping::milliseconds(result.rtt) << " ms";
    std::cout << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto arguments = std::span{argv, static_cast<std::size_t>(argc)}.subspan(1);
  if (arguments.size() == 1 && arguments[0] == std::string_view{"--help"}) {
    std::cout << usage << '\n';
    return 0;
  }
  if (arguments.size() < 2) throw std::invalid_argument{std::string{usage}};
  const std::vector<int> ports = parse_ports(arguments[0]);
  std::vector<multiping::Target> targets;
  for (const char* host : arguments.subspan(1))
    for (const int port : ports)
      targets.emplace_back(host, multiping::ProbeOptions{.protocol = multiping::Protocol::tcp, .port = port});

  multiping::MultiPing mp{targets, {.ignore_lookup_errors = true}};
  mp.send();
  static_cast<void>(mp.receive(2s));
  const auto results = mp.results();  // in the order of the targets: every port of the first host, then the next
  for (std::size_t i = 0; i < results.size(); ++i) print(results[i], ports[i % ports.size()]);
  const auto is_open = [](multiping::Outcome outcome) { return outcome == multiping::Outcome::reply; };
  return std::ranges::any_of(results, is_open, &multiping::Result::outcome) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
