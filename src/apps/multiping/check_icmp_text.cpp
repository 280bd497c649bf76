// See check_icmp_text.hpp.
#include "apps/multiping/check_icmp_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "apps/multiping/exact_number_text.hpp"

namespace multiping::command {
namespace {

double lost_percent(const Tally& tally) noexcept {
  if (tally.received == 0) return 100;
  return 100 * static_cast<double>(tally.sent - tally.received) / static_cast<double>(tally.sent);
}

/// Whole per cent, rounded down; with more than 100 probes two digits after the point.
std::string percent_text(const Tally& tally) {
  if (tally.received == 0 || tally.sent <= 100) return fmt::format("{:.0f}", std::floor(lost_percent(tally)));
  return real_text(std::floor(100 * lost_percent(tally)) / 100);
}

/// What follows | is performance data, and a name must not begin it.
std::string fit_for_line(std::string text) {
  std::ranges::replace(text, '|', '_');
  return text;
}

std::string host_name(const CheckedHost& host) { return fit_for_line(printable(host.name)); }

/// In quotes where the plugins' guidelines ask for them.
std::string perfdata_label(const std::string& prefix, std::string_view name) {
  std::string label = prefix + std::string{name};
  if (label.find_first_of(" ='\"") == std::string::npos) return label;
  std::ranges::replace(label, '=', '_');
  std::ranges::replace(label, '\'', '_');
  return fmt::format("'{}'", label);
}

/// "Host unreachable @ 192.0.2.1. ", or why this host did not send; "" where nothing is known.
std::string reason_of(const CheckedHost& host) {
  if (host.fate == nullptr) return {};
  const Result& fate = *host.fate;
  if (fate.outcome == Outcome::send_failed) return fate.error.message() + ". ";
  if (!fate.icmp) return {};
  std::string text = describe(*fate.icmp, fate.address.family());
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 32);
  return fmt::format("{} @ {}. ", text, fate.responder.to_string());
}

std::string host_text(const CheckedHost& host) {
  if (host.error) return fmt::format("{}: {}", host_name(host), host.error.message());
  if (host.tally.received == 0) return fmt::format("{}: {}rta nan, lost 100%", host_name(host), reason_of(host));
  return fmt::format("{}: rta {:.3f}ms, lost {}%", host_name(host), to_milliseconds(host.tally.mean()),
                     percent_text(host.tally));
}

std::string perfdata(const CheckedHost& host, const IcmpCheck& check, bool several) {
  const std::string prefix = several ? host_name(host) : std::string{};
  const Tally& tally = host.tally;
  std::string text =
      fmt::format("{}={:.3f}ms;{:.3f};{:.3f};0; ", perfdata_label(prefix, "rta"), to_milliseconds(tally.mean()),
                  to_milliseconds(check.warning.rtt), to_milliseconds(check.critical.rtt));
  text += fmt::format("{}={}%;{};{};; ", perfdata_label(prefix, "pl"), percent_text(tally),
                      real_text(check.warning.loss_percent), real_text(check.critical.loss_percent));
  return text + fmt::format("{}={:.3f}ms;;;; {}={:.3f}ms;;;; ", perfdata_label(prefix, "rtmax"),
                            to_milliseconds(tally.most), perfdata_label(prefix, "rtmin"), to_milliseconds(tally.least));
}

/// How bad a status is: critical is worst, then warning, then unknown, as in the plugins' guidelines.
int badness(CheckStatus status) noexcept {
  switch (status) {
    case CheckStatus::ok:
      return 0;
    case CheckStatus::unknown:
      return 1;
    case CheckStatus::warning:
      return 2;
    case CheckStatus::critical:
      return 3;
  }
  return 3;
}

CheckStatus overall(std::span<const CheckedHost> hosts, const IcmpCheck& check) noexcept {
  CheckStatus worst = CheckStatus::ok;
  std::size_t good = 0, fair = 0;
  for (const CheckedHost& host : hosts) {
    const CheckStatus status = check_status(host, check);
    if (badness(status) > badness(worst)) worst = status;
    if (status == CheckStatus::ok) ++good;
    if (status == CheckStatus::warning) ++fair;
  }
  // With as many hosts wanted as there are, each counts as it does without -m.
  if (check.hosts_wanted == 0 || check.hosts_wanted >= hosts.size()) return worst;
  if (good >= check.hosts_wanted) return CheckStatus::ok;
  if (good + fair >= check.hosts_wanted) return CheckStatus::warning;
  return worst;
}

std::string_view status_text(CheckStatus status) noexcept {
  switch (status) {
    case CheckStatus::ok:
      return "OK";
    case CheckStatus::warning:
      return "WARNING";
    case CheckStatus::critical:
      return "CRITICAL";
    case CheckStatus::unknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string figures_text(std::span<const CheckedHost> hosts, const IcmpCheck& check) {
  std::string figures;
  for (const CheckedHost& host : hosts)
    if (!host.error) figures += perfdata(host, check, hosts.size() > 1);
  return figures;
}

CheckAnswer with_figures(CheckStatus status, const std::string& texts, const std::string& figures) {
  return {.status = status,
          .line = fmt::format("{} - {}{}\n", status_text(status), texts, figures.empty() ? "" : "|" + figures)};
}

/// A host without an address is unknown, as without --health.
CheckStatus health_status(std::span<const CheckedHost> hosts, const HealthFacts& health) {
  const HealthJudgement judgement = judge(health);
  if (judgement == HealthJudgement::bad) return CheckStatus::critical;
  const bool resolved =
      std::ranges::none_of(hosts, [](const CheckedHost& host) { return static_cast<bool>(host.error); });
  return judgement == HealthJudgement::good && resolved ? CheckStatus::ok : CheckStatus::unknown;
}

}  // namespace

CheckStatus check_status(const CheckedHost& host, const IcmpCheck& check) noexcept {
  if (host.error) return CheckStatus::unknown;
  if (host.tally.received == 0) return CheckStatus::critical;
  const auto exceeds = [&](const CheckLimit& limit) {
    return host.tally.mean() >= limit.rtt || lost_percent(host.tally) >= limit.loss_percent;
  };
  if (exceeds(check.critical)) return CheckStatus::critical;
  return exceeds(check.warning) ? CheckStatus::warning : CheckStatus::ok;
}

CheckAnswer check_answer(std::span<const CheckedHost> hosts, const IcmpCheck& check) {
  std::string texts;
  for (const CheckedHost& host : hosts) texts += (texts.empty() ? "" : " :: ") + host_text(host);
  return with_figures(overall(hosts, check), texts, figures_text(hosts, check));
}

CheckAnswer check_answer(std::span<const CheckedHost> hosts, const IcmpCheck& check, const HealthFacts& health) {
  const HealthTracker& tracker = health.tracker;
  std::vector<std::string> texts;
  for (const std::string& group : health.groups)
    texts.push_back(fmt::format("{} {} ({})", fit_for_line(printable(group)), to_string(tracker.group(group)),
                                members_text(health, group)));
  for (const std::string& host : health.alone)
    texts.push_back(fmt::format("{} {}", fit_for_line(printable(host)), to_string(tracker.host(host))));
  if (const std::string unknown = unknown_text(health); !unknown.empty()) texts.push_back(fit_for_line(unknown));
  for (const CheckedHost& host : hosts)
    if (host.error) texts.push_back(host_text(host));
  return with_figures(health_status(hosts, health), fmt::format("{}", fmt::join(texts, " :: ")),
                      figures_text(hosts, check));
}

}  // namespace multiping::command
