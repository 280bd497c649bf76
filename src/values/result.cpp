// Text of outcomes, of ICMP errors, and of whole results in one line. See multiping/result.hpp.
// Uses the words of the ICMP registries, without those that add nothing.
#include "multiping/result.hpp"

#include <array>
#include <cstddef>
#include <ostream>
#include <span>

#include "base/number_text.hpp"

namespace multiping {
namespace {

using Words = std::string_view;

// RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1
constexpr std::array<Words, 16> v4_unreachable{"network unreachable",
                                               "host unreachable",
                                               "protocol unreachable",
                                               "port unreachable",
                                               "fragmentation needed",
                                               "source route failed",
                                               "destination network unknown",
                                               "destination host unknown",
                                               "source host isolated",
                                               "network administratively prohibited",
                                               "host administratively prohibited",
                                               "network unreachable for this type of service",
                                               "host unreachable for this type of service",
                                               "communication administratively prohibited",
                                               "host precedence violation",
                                               "precedence cutoff in effect"};
constexpr std::array<Words, 4> v4_redirect{"redirect for the network", "redirect for the host",
                                           "redirect for the type of service and network",
                                           "redirect for the type of service and host"};
constexpr std::array<Words, 2> v4_time_exceeded{"time to live exceeded", "fragment reassembly time exceeded"};
constexpr std::array<Words, 3> v4_parameter_problem{"parameter problem", "required option missing", "bad length"};

// RFC 4443, RFC 6550, RFC 8883
constexpr std::array<Words, 9> v6_unreachable{"no route to destination",
                                              "communication administratively prohibited",
                                              "beyond scope of source address",
                                              "address unreachable",
                                              "port unreachable",
                                              "source address failed policy",
                                              "reject route to destination",
                                              "error in source routing header",
                                              "headers too long"};
constexpr std::array<Words, 2> v6_time_exceeded{"hop limit exceeded", "fragment reassembly time exceeded"};
// RFC 4443, RFC 7112, RFC 8754, RFC 8883
constexpr std::array<Words, 11> v6_parameter_problem{"erroneous header field",
                                                     "unrecognized next header",
                                                     "unrecognized IPv6 option",
                                                     "incomplete header chain in the first fragment",
                                                     "segment routing upper-layer header error",
                                                     "unrecognized next header at an intermediate node",
                                                     "extension header too big",
                                                     "extension header chain too long",
                                                     "too many extension headers",
                                                     "too many options in an extension header",
                                                     "option too big"};

// RFC 8335
constexpr std::array<Words, 5> extended_reply{"extended echo reply", "malformed query", "no such interface",
                                              "no such table entry", "multiple interfaces satisfy the query"};

struct TypeWords {
  std::uint8_t type;
  Words name;
  std::span<const Words> codes{};
};

constexpr std::array<TypeWords, 18> v4_types{{{3, "destination unreachable", v4_unreachable},
                                              {4, "source quench"},
                                              {5, "redirect", v4_redirect},
                                              {11, "time exceeded", v4_time_exceeded},
                                              {12, "parameter problem", v4_parameter_problem},
                                              {0, "echo reply"},
                                              {8, "echo request"},
                                              {9, "router advertisement"},
                                              {10, "router solicitation"},
                                              {13, "timestamp request"},
                                              {14, "timestamp reply"},
                                              {15, "information request"},
                                              {16, "information reply"},
                                              {17, "address mask request"},
                                              {18, "address mask reply"},
                                              {40, "security failure"},  // RFC 2521
                                              {42, "extended echo request"},
                                              {43, "extended echo reply", extended_reply}}};

constexpr std::array<TypeWords, 16> v6_types{{{1, "destination unreachable", v6_unreachable},
                                              {2, "packet too big"},
                                              {3, "time exceeded", v6_time_exceeded},
                                              {4, "parameter problem", v6_parameter_problem},
                                              {128, "echo request"},
                                              {129, "echo reply"},
                                              {130, "multicast listener query"},
                                              {131, "multicast listener report"},
                                              {132, "multicast listener done"},
                                              {133, "router solicitation"},
                                              {134, "router advertisement"},
                                              {135, "neighbor solicitation"},
                                              {136, "neighbor advertisement"},
                                              {137, "redirect"},
                                              {160, "extended echo request"},
                                              {161, "extended echo reply", extended_reply}}};

std::string with_code(std::string words, std::uint8_t code) { return words += ", code " + std::to_string(code); }

std::string describe_type(const TypeWords& words, std::uint8_t code) {
  if (code < words.codes.size()) return std::string{words.codes[code]};
  return code == 0 ? std::string{words.name} : with_code(std::string{words.name}, code);
}

std::string describe_message(const IcmpError& error, Family family) {
  const auto types =
      family == Family::ipv6 ? std::span<const TypeWords>{v6_types} : std::span<const TypeWords>{v4_types};
  for (const auto& words : types) {
    if (words.type == error.type) return describe_type(words, error.code);
  }
  const std::string protocol = family == Family::ipv6 ? "ICMPv6" : "ICMP";
  return with_code(protocol + " type " + std::to_string(error.type), error.code);
}

std::string rtt_text(Duration time) { return fixed_text(to_milliseconds(time), 3) + " ms"; }

std::string attempts_text(std::uint32_t attempts) {
  return std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
}

/// The host, and its address unless the host is that address already.
std::string host_text(const Result& result) {
  if (result.host.empty() && result.address) return result.address.to_string();
  if (!result.address || Address::parse(result.host) == result.address) return printable(result.host);
  return printable(result.host) + " (" + result.address.to_string() + ")";
}

/// What the host was asked; empty for ICMP.
std::string service_text(const Result& result) {
  if (result.protocol == Protocol::icmp) return {};
  return " " + std::string{to_string(result.protocol)} + "/" + std::to_string(result.port);
}

/// The extensions that a router appended to its error: the MPLS labels of the probe, and the router's interface.
std::string appended_text(const IcmpError& error) {
  std::string text;
  for (const MplsLabel& label : error.mpls)
    text += (&label == error.mpls.data() ? ", MPLS " : " ") + std::to_string(label.label);
  for (const InterfaceInfo& interface : error.interfaces)
    if (!interface.name.empty()) text += ", interface " + printable(interface.name);
  return text;
}

/// True when another address than the target answered.
bool answered_elsewhere(const Result& result) { return result.responder && result.responder != result.address; }

std::string answer_text(const Result& result) {
  auto text = " in " + rtt_text(result.rtt);
  if (answered_elsewhere(result)) text += " from " + result.responder.to_string();
  if (result.attempt > 1) text += ", attempt " + std::to_string(result.attempt);
  if (result.payload_altered) text += ", payload altered";
  if (result.icmp) text += ", " + describe(*result.icmp, result.address.family());
  return text;
}

/// This host's part in a silence, in words; empty where this host has none.
std::string cause_text(const Result& result) {
  const std::string address = result.cause_address ? " " + result.cause_address.to_string() : std::string{};
  switch (result.cause) {
    case Cause::no_route:
      return "this host has no route to it";
    case Cause::link_down:
      return "this host's link is down";
    case Cause::no_source_address:
      return "this host has no source address for it";
    case Cause::gateway_silent:
      return "this host's gateway" + address + " does not answer";
    case Cause::neighbour_silent:
      return "it is on this host's link and does not answer there";
    case Cause::firewall:
      return "this host's firewall refused the probe";
    case Cause::local_limit:
      return "this host lacked buffers, descriptors or ports";
    case Cause::unknown:
      return address.empty() ? address : "nothing shows that this host's gateway" + address + " is alive";
    case Cause::none:
    case Cause::remote:
      break;
  }
  return {};
}

/// The text of no_reply: its cause where that is known to be on this host or its link, else how often it was asked.
std::string silence_text(const Result& result) {
  const std::string cause = cause_text(result);
  if (!cause.empty()) return ": " + cause;
  return " after " + attempts_text(result.attempt) +
         (answered_elsewhere(result) ? ", but " + result.responder.to_string() + " answered" : std::string{});
}

std::string icmp_text(const Result& result) {
  std::string text;
  if (result.icmp)
    text = ": " + describe(*result.icmp, result.address.family());
  else if (result.error)
    text = ": " + result.error.message();
  if (answered_elsewhere(result)) text += ", says " + result.responder.to_string();
  if (result.icmp) text += appended_text(*result.icmp);
  return text;
}

std::string unreachable_text(const Result& result) {
  const std::string cause = cause_text(result);
  return icmp_text(result) + (cause.empty() ? cause : "; " + cause);
}

/// The text after the name of the outcome.
std::string detail_text(const Result& result) {
  switch (result.outcome) {
    case Outcome::pending:
      return result.attempt == 0 ? ", not sent" : " after " + attempts_text(result.attempt);
    case Outcome::reply:
    case Outcome::refused:
      return answer_text(result);
    case Outcome::ttl_expired:
      return icmp_text(result);
    case Outcome::unreachable:
      return unreachable_text(result);
    case Outcome::no_reply:
      return silence_text(result);
    case Outcome::unresolved:
    case Outcome::send_failed:
      return result.error ? ": " + result.error.message() : std::string{};
  }
  return {};
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::pending:
      return "pending";
    case Outcome::reply:
      return "reply";
    case Outcome::refused:
      return "refused";
    case Outcome::ttl_expired:
      return "ttl-expired";
    case Outcome::unreachable:
      return "unreachable";
    case Outcome::no_reply:
      return "no-reply";
    case Outcome::unresolved:
      return "unresolved";
    case Outcome::send_failed:
      return "send-failed";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, Outcome outcome) { return out << to_string(outcome); }

std::string describe(const IcmpError& error, Family family) {
  auto text = describe_message(error, family);
  if (error.mtu != 0) text += ", MTU " + std::to_string(error.mtu);
  return text;
}

std::string_view to_string(TimestampSource source) noexcept {
  switch (source) {
    case TimestampSource::none:
      return "none";
    case TimestampSource::user:
      return "user";
    case TimestampSource::kernel:
      return "kernel";
    case TimestampSource::hardware:
      return "hardware";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, const Result& result) {
  return out << host_text(result) + service_text(result) + ": " + std::string{to_string(result.outcome)} +
                    detail_text(result);
}

}  // namespace multiping
