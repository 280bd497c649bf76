// Which TCP ports of these hosts are open? All hosts and ports are probed at once, and nobody needs a permission for
// it. Usage: ports_demo PORT[,PORT...] HOST...
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

/// What a port's outcome means to its user.
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
  if (arguments.size() < 2) throw std::invalid_argument{"usage: ports_demo PORT[,PORT...] HOST..."};
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
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
