// The forms of fping 5.1, line by line; what 5.5 adds is marked in the manual page.
// See fping_text.hpp.
#include "apps/multiping/fping_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

namespace multiping::command {
namespace {

/// By code, RFC 792, RFC 1122, RFC 1812.
constexpr std::array<std::string_view, 16> unreachable_v4 = {
    "ICMP Network Unreachable",
    "ICMP Host Unreachable",
    "ICMP Protocol Unreachable",
    "ICMP Port Unreachable",
    "ICMP Unreachable (Fragmentation Needed)",
    "ICMP Unreachable (Source Route Failed)",
    "ICMP Unreachable (Destination Network Unknown)",
    "ICMP Unreachable (Destination Host Unknown)",
    "ICMP Unreachable (Source Host Isolated)",
    "ICMP Unreachable (Communication with Network Prohibited)",
    "ICMP Unreachable (Communication with Host Prohibited)",
    "ICMP Unreachable (Network Unreachable For Type Of Service)",
    "ICMP Unreachable (Host Unreachable For Type Of Service)",
    "ICMP Unreachable (Communication Administratively Prohibited)",
    "ICMP Unreachable (Host Precedence Violation)",
    "ICMP Unreachable (Precedence cutoff in effect)",
};

/// By code, RFC 4443, section 3.1.
constexpr std::array<std::string_view, 7> unreachable_v6 = {
    "ICMPv6 No Route to Destination",
    "ICMPv6 Communication Administratively Prohibited",
    "ICMPv6 Beyond Scope of Source Address",
    "ICMPv6 Address Unreachable",
    "ICMPv6 Port Unreachable",
    "ICMPv6 Source Address Failed Policy",
    "ICMPv6 Reject Route to Destination",
};

std::string name_v4(const IcmpError& error) {
  switch (error.type) {
    case 3:
      if (error.code < unreachable_v4.size()) return std::string{unreachable_v4.at(error.code)};
      return "ICMP Unreachable (Invalid Code)";
    case 4:
      return "ICMP Source Quench";
    case 5:
      return "ICMP Redirect";
    case 11:
      return "ICMP Time Exceeded";
    case 12:
      return "ICMP Parameter Problem";
    default:
      return fmt::format("ICMP Type {}", error.type);
  }
}

std::string name_v6(const IcmpError& error) {
  switch (error.type) {
    case 1:
      if (error.code < unreachable_v6.size()) return std::string{unreachable_v6.at(error.code)};
      return "ICMPv6 Unreachable (Invalid Code)";
    case 2:
      return "ICMPv6 Packet Too Big";
    case 3:
      return "ICMPv6 Time Exceeded";
    case 4:
      return "ICMPv6 Parameter Problem";
    default:
      return fmt::format("ICMPv6 Type {}", error.type);
  }
}

std::string mean_text(const Tally& tally) { return tally.received == 0 ? "NaN" : time_text(tally.mean()); }

std::string loss_text(const Tally& tally) { return fmt::format("{}% loss", tally.loss_percent()); }

std::tm local_time(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

/// By strftime(3) with formats that are the same in every locale but the names of days and months, which are not used.
std::string formatted(std::chrono::system_clock::time_point now, const char* format) {
  const std::tm parts = local_time(now);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string ctime_text(std::chrono::system_clock::time_point now) {
  constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm parts = local_time(now);
  return fmt::format("{} {} {:2} {}", days.at(static_cast<std::size_t>(parts.tm_wday)),
                     months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_mday, formatted(now, "%H:%M:%S %Y"));
}

/// "+0100" as "+01:00"
std::string with_colon(std::string offset) {
  if (offset.size() == 5) offset.insert(3, ":");
  return offset;
}

std::string identifier(std::string_view name) {
  std::string text{name};
  std::ranges::replace(text, '.', '_');
  return text;
}

/// The definition of a chart, in front of the first values.
std::string chart(std::string_view id, std::string_view name, Duration every) {
  return fmt::format("{} {:.0f}\n", fmt::format(fmt::runtime(id), identifier(name), name),
                     std::chrono::duration<double>{every}.count());
}

/// "host:80" and "[address]:80"
bool has_port(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  return colon != std::string_view::npos && colon + 1 < text.size() &&
         text.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
}

}  // namespace

std::string time_text(Duration time) {
  const double ms = to_milliseconds(time);
  if (ms < 1) return fmt::format("{:.3f}", ms);
  if (ms < 10) return fmt::format("{:.2f}", ms);
  if (ms < 100) return fmt::format("{:.1f}", ms);
  if (ms < 1e6) return fmt::format("{:.0f}", ms);
  return fmt::format("{:.3e}", ms);
}

std::string timestamp_text(const Printing& printing, std::chrono::system_clock::time_point now) {
  if (!printing.timestamp) return {};
  const double seconds = std::chrono::duration<double>{now.time_since_epoch()}.count();
  if (printing.timestamp_format == "ctime") return fmt::format("[{}] ", ctime_text(now));
  if (printing.timestamp_format == "iso")
    return fmt::format("[{}{}] ", formatted(now, "%Y-%m-%dT%H:%M:%S"), formatted(now, "%z"));
  if (printing.timestamp_format == "rfc3339")
    return fmt::format("[{}{}] ", formatted(now, "%Y-%m-%d %H:%M:%S"), with_colon(formatted(now, "%z")));
  return fmt::format("[{:.5f}] ", seconds);
}

std::string answer_line(const LineHead& head, std::uint64_t sequence, const Result& result, const Tally& tally) {
  // An answer by TCP or SCTP has no size.
  const bool has_size = result.reply_size > 0 || result.protocol == Protocol::icmp;
  return fmt::format("{:<{}} : [{}], {}{} ms ({} avg, {})", head.name, head.width, sequence,
                     has_size ? fmt::format("{} bytes, ", result.reply_size) : "", time_text(result.rtt),
                     mean_text(tally), loss_text(tally));
}

std::string answer_extras(const Printing& printing, const Result& result) {
  std::string text;
  if (printing.reply_tos && result.reply_tos) text += fmt::format(" (TOS {})", *result.reply_tos);
  if (printing.reply_ttl) text += result.reply_ttl == 0 ? " (TTL unknown)" : fmt::format(" (TTL {})", result.reply_ttl);
  return text + other_source(result);
}

std::string timeout_line(const LineHead& head, std::uint64_t sequence, const Tally& tally) {
  return fmt::format("{:<{}} : [{}], timed out ({} avg, {})", head.name, head.width, sequence, mean_text(tally),
                     loss_text(tally));
}

std::string duplicate_line(std::string_view name, std::uint64_t sequence, const Result& result) {
  return fmt::format("{} : duplicate for [{}], {} bytes, {} ms{}", name, sequence, result.reply_size,
                     time_text(result.rtt), other_source(result));
}

std::string icmp_error_name(const IcmpError& error, Family family) {
  return family == Family::ipv6 ? name_v6(error) : name_v4(error);
}

std::string icmp_error_line(std::string_view name, const Result& result) {
  const std::string_view probe = result.protocol == Protocol::icmp  ? "ICMP Echo"
                                 : result.protocol == Protocol::udp ? "UDP datagram"
                                 : result.protocol == Protocol::tcp ? "TCP SYN"
                                                                    : "SCTP INIT";
  const std::string error = result.icmp ? icmp_error_name(*result.icmp, result.address.family()) : "ICMP Unreachable";
  return fmt::format("{} from {} for {} sent to {}", error, result.responder.to_string(), probe, name);
}

std::string summary_line(const LineHead& head, const Tally& tally, const CommandOptions& options) {
  std::string text = fmt::format("{:<{}} : xmt/rcv/%loss = {}/{}/{}%", head.name, head.width, tally.sent,
                                 tally.received, tally.loss_percent());
  if (options.printing.outage)
    text += fmt::format(", outage(ms) = {:.0f}",
                        static_cast<double>(tally.sent - tally.received) * to_milliseconds(options.period));
  if (tally.received > 0)
    text +=
        fmt::format(", min/avg/max = {}/{}/{}", time_text(tally.least), time_text(tally.mean()), time_text(tally.most));
  return text;
}

std::string times_line(const LineHead& head, std::span<const Duration> times) {
  std::string text = fmt::format("{:<{}} :", head.name, head.width);
  for (const Duration time : times) {
    text += ' ';
    text += time < Duration{0} ? "-" : time_text(time);
  }
  return text;
}

std::string totals_text(const RunTotals& totals) {
  std::string text = fmt::format("\n {:7} targets\n {:7} alive\n {:7} unreachable\n {:7} unknown addresses\n",
                                 totals.targets, totals.alive, totals.unreachable, totals.unresolved);
  text += fmt::format(
      "\n {:7} timeouts (waiting for response)\n {:7} ICMP Echos sent\n {:7} ICMP Echo Replies received\n"
      " {:7} other ICMP received\n",
      totals.timeouts, totals.sent, totals.received, totals.other_icmp);
  text += fmt::format("\n {} ms (min round trip time)\n {} ms (avg round trip time)\n {} ms (max round trip time)\n",
                      time_text(totals.times.least), time_text(totals.times.mean()), time_text(totals.times.most));
  return text +
         fmt::format(" {:12.3f} sec (elapsed real time)\n\n", std::chrono::duration<double>{totals.elapsed}.count());
}

std::string clock_text(std::chrono::system_clock::time_point now) { return formatted(now, "[%H:%M:%S]"); }

std::string netdata_text(std::string_view name, const Tally& tally, Duration every, bool first) {
  const std::string id = identifier(name);
  std::string text;
  if (first)
    text += chart("CHART fping.{0}_packets '' 'FPing Packets for host {1}' packets '{1}' fping.packets line 110020",
                  name, every) +
            "DIMENSION xmt sent absolute 1 1\nDIMENSION rcv received absolute 1 1\n";
  text += fmt::format("BEGIN fping.{}_packets\nSET xmt = {}\nSET rcv = {}\nEND\n", id, tally.sent, tally.received);
  if (first)
    text += chart("CHART fping.{0}_quality '' 'FPing Quality for host {1}' percentage '{1}' fping.quality area 110010",
                  name, every) +
            "DIMENSION returned '' absolute 1 1\n";
  text += fmt::format("BEGIN fping.{}_quality\nSET returned = {}\nEND\n", id,
                      tally.sent == 0 ? 0 : tally.received * 100 / tally.sent);
  if (first)
    text += chart("CHART fping.{0}_latency '' 'FPing Latency for host {1}' ms '{1}' fping.latency area 110000", name,
                  every) +
            "DIMENSION min minimum absolute 1 1000000\nDIMENSION max maximum absolute 1 1000000\n"
            "DIMENSION avg average absolute 1 1000000\n";
  text += fmt::format("BEGIN fping.{}_latency\n", id);
  if (tally.received > 0)
    text += fmt::format("SET min = {}\nSET avg = {}\nSET max = {}\n", tally.least.count(), tally.mean().count(),
                        tally.most.count());
  return text + "END\n";
}

std::string unresolved_line(const RunTarget& target) {
  const bool unknown = target.error == Errc::no_address;
  if (target.error == Errc::not_an_address)
    return fmt::format(
        "{}: {}", printable(target.host),
        has_port(target.host) ? "a port needs --tcp, --udp or --sctp" : "a block of addresses; -g asks all of them");
  return fmt::format("{}: {}", printable(target.host),
                     unknown                                ? "Name or service not known"
                     : target.error == Errc::lookup_failed  ? "Temporary failure in name resolution"
                     : target.error == Errc::lookup_timeout ? "Temporary failure in name resolution (no answer in time)"
                                                            : target.error.message());
}

std::string not_up_line(const RunTarget& target, const Result& result) {
  if (result.outcome == Outcome::unresolved) return unresolved_line(target);
  const std::string why = result.error ? result.error.message() : std::string{to_string(result.outcome)};
  return fmt::format("{} is not up: {}", printable(target.shown()), why);
}

std::string other_source(const Result& result) {
  if (!result.responder || result.responder == result.address || result.icmp) return {};
  return fmt::format(" [<- {}]", result.responder.to_string());
}

}  // namespace multiping::command
