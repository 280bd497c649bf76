// The word of a result depends on the outcome, on the ICMP error, or on the system's error.
// See replies.hpp.
#include "apps/mtr_packet/replies.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <system_error>

#include "multiping/error.hpp"
#include "multiping/version.hpp"

namespace multiping::mtr_packet {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, error == std::errc{} ? end : digits);
}

void append_labels(std::string& out, const IcmpError& icmp) {
  std::string_view before = " mpls ";
  for (const MplsLabel& label : icmp.mpls) {
    out += before;
    append_number(out, label.label);
    for (const unsigned field : {unsigned{label.traffic_class}, unsigned{label.bottom_of_stack}, unsigned{label.ttl}}) {
      out += ',';
      append_number(out, field);
    }
    before = ",";
  }
}

/// Port unreachable: ICMP (RFC 792) and ICMPv6 (RFC 4443).
bool is_port_unreachable(const Result& result) noexcept {
  if (!result.icmp) return false;
  const bool v4 = result.address.family() == Family::ipv4;
  return result.icmp->type == (v4 ? 3 : 1) && result.icmp->code == (v4 ? 3 : 4);
}

/// The address itself refused the probe, so it is there: for mtr it has replied.
bool declined_by_target(const Result& result) noexcept {
  return is_port_unreachable(result) && result.responder == result.address;
}

std::string_view no_route_to_host(Dialect dialect) noexcept {
  return dialect == Dialect::mtr_0_95 ? "no-route" : "no-route-host";
}

/// The word for an error of this host; empty where there is none.
std::string_view word_of_error(int error, Dialect dialect) noexcept {
  switch (error) {
    case EINVAL:
      return "invalid-argument";
    case ENETDOWN:
      return "network-down";
    case ENETUNREACH:
      return dialect == Dialect::mtr_0_95 ? "no-route" : "no-route-network";
    case EHOSTUNREACH:
      return no_route_to_host(dialect);
    case EHOSTDOWN:
      return dialect == Dialect::mtr_0_95 ? "" : "host-down";
    case EPERM:
    case EACCES:
      return "permission-denied";
    case EADDRINUSE:
      return "address-in-use";
    case EADDRNOTAVAIL:
      return "address-not-available";
    default:
      return "";
  }
}

/// Errors that only multiping knows are about what was asked for.
void append_error(std::string& out, std::error_code error, Dialect dialect) {
  const bool from_system = error.category() == std::system_category() || error.category() == std::generic_category();
  if (error == Errc::broker_denied)
    error = {EPERM, std::system_category()};
  else if (!from_system)
    error = {EINVAL, std::system_category()};
  if (const std::string_view word = word_of_error(error.value(), dialect); !word.empty()) {
    out += word;
    return;
  }
  out += "unexpected-error errno ";
  append_number(out, error.value());
}

/// A word with the address that answered, the round-trip time, and labels.
void append_answer(std::string& out, std::string_view word, const Result& result) {
  out += word;
  if (!result.responder) return;
  out += result.responder.family() == Family::ipv4 ? " ip-4 " : " ip-6 ";
  out += result.responder.to_string();
  out += " round-trip-time ";
  append_number(out, std::chrono::duration_cast<std::chrono::microseconds>(result.rtt).count());
  if (result.icmp) append_labels(out, *result.icmp);
}

void append_outcome(std::string& out, const Result& result, Dialect dialect) {
  switch (result.outcome) {
    case Outcome::reply:
    case Outcome::refused:
      return append_answer(out, "reply", result);
    case Outcome::ttl_expired:
      return append_answer(out, "ttl-expired", result);
    case Outcome::unreachable:
      return append_answer(out, declined_by_target(result) ? "reply" : no_route_to_host(dialect), result);
    case Outcome::send_failed:
    case Outcome::unresolved:
      return append_error(out, result.error, dialect);
    case Outcome::no_reply:
    case Outcome::pending:
      out += "no-reply";
  }
}

}  // namespace

void append_reply(std::string& out, std::int64_t token, std::string_view words) {
  append_number(out, token);
  out += ' ';
  out += words;
  out += '\n';
}

void append_result(std::string& out, std::int64_t token, const Result& result, Dialect dialect) {
  append_number(out, token);
  out += ' ';
  append_outcome(out, result, dialect);
  out += '\n';
}

std::string_view support_of(std::string_view feature, const Support& support) noexcept {
  const Capabilities& can = support.can;
  if (feature == "version") return version();
  const bool is_there = feature == "send-probe" || (feature == "ip-4" && can.ipv4) || (feature == "ip-6" && can.ipv6) ||
                        (feature == "icmp" && can.icmp) || (feature == "udp" && can.udp) ||
                        (feature == "tcp" && can.tcp) || (feature == "sctp" && support.sctp) ||
                        (feature == "mark" && support.mark);
  return is_there ? "ok" : "no";
}

}  // namespace multiping::mtr_packet
