// Finds the routes to many hosts at once, and prints them in the format of traceroute.
// Usage: traceroute_demo [-U|-T] [-p PORT] [-q PROBES] [-m MAX_TTL] [-f FLOWS] [-n] HOST...
// Exit status: 0 when every target was reached, 1 when not, 2 when there was an error.
#include <multiping/multiping.hpp>
#include <multiping/traceroute.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iomanip>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace multiping;

constexpr std::string_view usage =
    "usage: traceroute_demo [-U|-T] [-p PORT] [-q PROBES] [-m MAX_TTL] [-f FLOWS] [-n] HOST...\n"
    "Finds the ways to all hosts at once, by ICMP, UDP (-U) or TCP (-T) to PORT, with PROBES (3) for each hop and at\n"
    "most MAX_TTL (30) hops; with FLOWS it tells several paths apart; -n looks up no names.\n"
    "Exit status: 0 when every target was reached, 1 when not, 2 when there was an error.";

struct Arguments {
  TraceOptions options{.resolve_names = true, .ping = {.ignore_lookup_errors = true}};
  std::vector<std::string> hosts{};
};

int parse_number(std::string_view option, std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument{std::string{option} + " wants a number, not \"" + std::string{text} + '"'};
  return number;
}

/// Takes an option without a value; returns false for any other word.
bool take_flag(std::string_view word, TraceOptions& options) {
  if (word == "-U")
    options.ping.probe.protocol = Protocol::udp;
  else if (word == "-T")
    options.ping.probe.protocol = Protocol::tcp;
  else if (word == "-n")
    options.resolve_names = false;
  else
    return false;
  return true;
}

int& number_of(std::string_view option, TraceOptions& options) {
  if (option == "-p") return options.ping.probe.port;
  if (option == "-q") return options.probes_per_hop;
  if (option == "-m") return options.max_ttl;
  if (option == "-f") return options.flows;
  throw std::invalid_argument{"there is no option " + std::string{option}};
}

Arguments parse(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.empty() || word.front() != '-') {
      arguments.hosts.emplace_back(word);
    } else if (!take_flag(word, arguments.options)) {
      int& number = number_of(word, arguments.options);
      if (++i == words.size()) throw std::invalid_argument{std::string{word} + " wants a number"};
      number = parse_number(word, words[i]);
    }
  }
  if (arguments.hosts.empty()) throw std::invalid_argument{std::string{usage}};
  return arguments;
}

/// Replaces characters that are not safe for a terminal, in text that a router sent.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char letter) { return letter <= ' ' || letter > '~'; }, '?');
  return text;
}

std::string type_and_code(const IcmpError& error) {
  return " !<" + std::to_string(error.type) + '-' + std::to_string(error.code) + '>';
}

std::string v4_annotation(const IcmpError& error) {
  if (error.type != 3) return type_and_code(error);
  switch (error.code) {
    case 0:
      return " !N";
    case 1:
      return " !H";
    case 2:
      return " !P";
    case 3:
      return {};  // port unreachable: the target itself answered
    case 4:
      return " !F-" + std::to_string(error.mtu);
    case 9:
    case 10:
    case 13:
      return " !X";
    default:
      return " !" + std::to_string(error.code);
  }
}

std::string v6_annotation(const IcmpError& error) {
  if (error.type == 2) return " !F-" + std::to_string(error.mtu);
  if (error.type != 1) return type_and_code(error);
  switch (error.code) {
    case 0:
      return " !N";
    case 1:
      return " !X";
    case 3:
      return " !H";
    case 4:
      return {};
    default:
      return " !" + std::to_string(error.code);
  }
}

/// Returns the reason why the route ends here, in the letters of traceroute.
std::string annotation(const Result& probe) {
  if (!probe.icmp || probe.outcome == Outcome::ttl_expired) return {};
  return probe.address.family() == Family::ipv6 ? v6_annotation(*probe.icmp) : v4_annotation(*probe.icmp);
}

void print_labels(const IcmpError& error) {
  for (const MplsLabel& label : error.mpls)
    std::cout << " [MPLS: L " << label.label << " TC " << int{label.traffic_class} << " S "
              << int{label.bottom_of_stack} << " TTL " << int{label.ttl} << ']';
  for (const InterfaceInfo& interface : error.interfaces) {
    std::cout << " [interface";
    if (!interface.name.empty()) std::cout << ' ' << printable(interface.name);
    if (interface.index != 0) std::cout << " index " << interface.index;
    if (interface.address) std::cout << ' ' << interface.address;
    if (interface.mtu != 0) std::cout << " MTU " << interface.mtu;
    std::cout << ']';
  }
}

void print_responder(const Result& probe, const std::string& name, bool names) {
  std::cout << ' ';
  if (names && !name.empty())
    std::cout << name << " (" << probe.responder << ')';
  else
    std::cout << probe.responder;
  if (probe.icmp) print_labels(*probe.icmp);
}

/// Prints one hop. The responder is printed again only where it differs from that of the probe before.
void print(const Hop& hop, bool names) {
  std::cout << std::setw(2) << hop.ttl << ' ';
  Address last;
  for (std::size_t i = 0; i < hop.probes.size(); ++i) {
    const Result& probe = hop.probes[i];
    if (!probe.responder) {
      std::cout << (probe.outcome == Outcome::no_reply ? " *" : " ?");
      continue;
    }
    if (probe.responder != last) print_responder(probe, hop.names[i], names);
    last = probe.responder;
    std::cout << "  " << to_milliseconds(probe.rtt) << " ms" << annotation(probe);
  }
  std::cout << '\n';
}

void print_heading(const std::string& host, const Address& address) {
  std::cout << "traceroute to " << host;
  if (address.to_string() != host) std::cout << " (" << address << ')';
}

void print(const Route& route, const TraceOptions& options) {
  print_heading(route.host, route.address);
  std::cout << ", at most " << options.max_ttl << " hops\n";
  for (const Hop& hop : route.hops) print(hop, options.resolve_names);
}

/// Prints one hop of a path. A silent router is no sign of loss, since routers limit how often they answer.
void print(const PathHop& hop) {
  std::cout << std::setw(2) << hop.ttl << "  ";
  const Statistics& figures = hop.statistics;
  if (!hop.responder) {
    std::cout << "*\n";
    return;
  }
  std::cout << hop.responder << "  min/mean/max " << to_milliseconds(figures.min()) << '/'
            << to_milliseconds(figures.mean()) << '/' << to_milliseconds(figures.max()) << " ms";
  if (figures.lost() > 0) std::cout << ", no answer " << figures.lost() << " of " << figures.sent();
  std::cout << '\n';
}

void print(const Path& path) {
  print_heading(path.host, path.address);
  std::cout << (path.flows.size() == 1 ? ", flow" : ", flows");
  for (const int flow : path.flows) std::cout << ' ' << flow;
  std::cout << (path.reached ? ": reached\n" : ": not reached\n");
  for (const PathHop& hop : path.hops) print(hop);
}

void print(const std::vector<Route>& routes, const TraceOptions& options) {
  std::cout << std::fixed << std::setprecision(3);
  for (const Route& route : routes) {
    if (route.error)
      std::cout << route.host << ": " << route.error.message() << '\n';
    else if (options.flows == 1)
      print(route, options);
  }
  if (options.flows == 1) return;
  for (const Path& path : distinct_paths(routes)) print(path);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 2 && argv[1] == std::string_view{"--help"}) {
    std::cout << usage << '\n';
    return 0;
  }
  const auto [options, hosts] = parse(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1));
  const std::vector<Route> routes = traceroute(hosts, options);
  print(routes, options);
  return std::ranges::all_of(routes, [](const Route& route) { return route.reached; }) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
