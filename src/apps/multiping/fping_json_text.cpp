// Numbers by fmt, which follows no locale; strings by nlohmann-json, which escapes what is no UTF-8.
// See fping_json_text.hpp.
#include "apps/multiping/fping_json_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/multiping/fping_text.hpp"

namespace multiping::command {
namespace {

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// "timestamp": "...", in front of the others where -D asks for it; the text of -D without its brackets.
std::string stamp_member(const Stamp& stamp) {
  const std::string text = timestamp_text(stamp.printing, stamp.now);
  return text.empty() ? text : fmt::format(R"("timestamp": {}, )", json_string(text.substr(1, text.size() - 3)));
}

std::string time_members(const Tally& tally) {
  if (tally.received == 0) return {};
  return fmt::format(R"(, "rttMin": {}, "rttAvg": {}, "rttMax": {})", time_text(tally.least), time_text(tally.mean()),
                     time_text(tally.most));
}

std::string tally_members(std::string_view host, const Tally& tally, const CommandOptions& options) {
  std::string text = fmt::format(R"("host": {}, "xmt": {}, "rcv": {}, "loss": {})", json_string(host), tally.sent,
                                 tally.received, tally.loss_percent());
  if (options.printing.outage)
    text += fmt::format(R"-(, "outage(ms)": {:.0f})-",
                        static_cast<double>(tally.sent - tally.received) * to_milliseconds(options.period));
  return text + time_members(tally);
}

}  // namespace

std::string response_json(std::string_view host, std::uint64_t sequence, const Result& result, const Stamp& stamp) {
  std::string text = fmt::format(R"({{"resp": {{{}"host": {}, "seq": {}, "size": {}, "rtt": {})", stamp_member(stamp),
                                 json_string(host), sequence, result.reply_size, time_text(result.rtt));
  if (stamp.printing.reply_tos && result.reply_tos) text += fmt::format(R"(, "tos": {})", *result.reply_tos);
  if (stamp.printing.reply_ttl && result.reply_ttl != 0) text += fmt::format(R"(, "ttl": {})", result.reply_ttl);
  return text + "}}";
}

std::string timeout_json(std::string_view host, std::uint64_t sequence, const Stamp& stamp) {
  return fmt::format(R"({{"timeout": {{{}"host": {}, "seq": {}}}}})", stamp_member(stamp), json_string(host), sequence);
}

std::string summary_json(std::string_view host, const Tally& tally, const CommandOptions& options) {
  return R"({"summary": {)" + tally_members(host, tally, options) + "}}";
}

std::string values_json(std::string_view host, std::span<const Duration> times) {
  std::string text = fmt::format(R"({{"vSum": {{"host": {}, "values": [)", json_string(host));
  for (std::size_t at = 0; at < times.size(); ++at) {
    if (at > 0) text += ", ";
    text += times[at] < Duration{0} ? "null" : time_text(times[at]);
  }
  return text + "]}}";
}

std::string interval_json(std::string_view host, const Tally& tally, const CommandOptions& options,
                          std::chrono::system_clock::time_point now) {
  return fmt::format(R"({{"intSum": {{"time": {}, {}}}}})", std::chrono::system_clock::to_time_t(now),
                     tally_members(host, tally, options));
}

std::string totals_json(const RunTotals& totals) {
  return fmt::format(
      R"({{"stats": {{"targets": {}, "alive": {}, "unreachable": {}, "unknownAddresses": {}, "timeouts": {}, )"
      R"("icmpEchosSent": {}, "icmpEchoRepliesReceived": {}, "otherIcmpReceived": {}, )"
      R"("rttMin": {}, "rttAvg": {}, "rttMax": {}, "elapsed": {:.3f}}}}})",
      totals.targets, totals.alive, totals.unreachable, totals.unresolved, totals.timeouts, totals.sent,
      totals.received, totals.other_icmp, time_text(totals.times.least), time_text(totals.times.mean()),
      time_text(totals.times.most), std::chrono::duration<double>{totals.elapsed}.count());
}

}  // namespace multiping::command
