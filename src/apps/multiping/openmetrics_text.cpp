// One family after the other, since samples of two families must not mix; names end with their base unit.
// See openmetrics_text.hpp.
#include "apps/multiping/openmetrics_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "apps/multiping/exact_number_text.hpp"
#include "multiping/version.hpp"

namespace multiping::command {
namespace {

/// One sample for each set of labels: readers of the page take a second one for an error.
struct Subject {
  std::string labels{};
  Tally tally{};
  const Statistics* statistics = nullptr;
  std::uint64_t duplicates = 0;
  bool resolved = true;
  const Result* fate = nullptr;
};

std::string labels_of(const RunTarget& target, const CommandOptions& options) {
  std::string text = fmt::format("host={},address={},protocol=\"{}\"", label_value(target.host),
                                 label_value(target.address.to_string()), to_string(options.probe.protocol));
  if (const std::uint16_t port = port_of(target, options); port != 0) text += fmt::format(",port=\"{}\"", port);
  if (!target.label.empty() && target.label != target.host) text += ",name=" + label_value(target.label);
  return text;
}

void merge(Tally& sum, const Tally& other) {
  if (other.received > 0 && (sum.received == 0 || other.least < sum.least)) sum.least = other.least;
  sum.most = std::max(sum.most, other.most);
  sum.total += other.total;
  sum.sent += other.sent;
  sum.received += other.received;
}

class Subjects {
 public:
  explicit Subjects(const MetricsPage& page) : page_{page} {
    for (std::size_t at = 0; at < page.view.targets.size(); ++at) add(at);
    for (const RunTarget& target : page.view.unresolved) find(target).resolved = false;
  }
  [[nodiscard]] std::span<const Subject> all() const noexcept { return subjects_; }

 private:
  Subject& find(const RunTarget& target) {
    std::string labels = labels_of(target, *page_.view.options);
    const auto [at, added] = places_.try_emplace(labels, subjects_.size());
    if (added) subjects_.push_back({.labels = std::move(labels)});
    return subjects_[at->second];
  }
  void add(std::size_t target) {
    const HostFigures& figures = page_.view.figures[target];
    Subject& subject = find(page_.view.targets[target]);
    merge(subject.tally, figures.all);
    if (target < page_.view.statistics.size()) add(subject, page_.view.statistics[target]);
    subject.duplicates += figures.duplicates;
    if (const Result* fate = page_.fates.of(target)) subject.fate = fate;
  }

  /// Statistics are large: they are copied for targets that are listed twice alone.
  void add(Subject& subject, const Statistics& statistics) {
    if (subject.statistics == nullptr) {
      subject.statistics = &statistics;
    } else {
      subject.statistics = &sums_.emplace_back(*subject.statistics + statistics);
    }
  }

  const MetricsPage& page_;
  std::deque<Statistics> sums_{};
  std::vector<Subject> subjects_{};
  std::unordered_map<std::string, std::size_t> places_{};
};

/// What stands in front of the samples of a family.
struct MetricFamily {
  std::string_view name{}, unit{}, help{};
};

class Page {
 public:
  void family(const MetricFamily& family) {
    name_ = family.name;
    text_ += fmt::format("# TYPE {} gauge\n", family.name);
    if (!family.unit.empty()) text_ += fmt::format("# UNIT {} {}\n", family.name, family.unit);
    text_ += fmt::format("# HELP {} {}\n", family.name, family.help);
  }
  void sample(std::string_view labels, std::string_view value) {
    text_ += labels.empty() ? fmt::format("{} {}\n", name_, value) : fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }
  [[nodiscard]] std::string done() const { return text_ + "# EOF\n"; }

 private:
  std::string text_{};
  std::string_view name_{};
};

std::string counted(std::uint64_t number) { return std::to_string(number); }

/// A value of a subject; empty: it has none.
using ValueOf = std::string (*)(const Subject&);

void add_family(Page& page, const Subjects& subjects, const MetricFamily& family, ValueOf value_of) {
  page.family(family);
  for (const Subject& subject : subjects.all())
    if (const std::string value = value_of(subject); !value.empty()) page.sample(subject.labels, value);
}

std::string time_of(const Subject& subject, Duration time) {
  return subject.tally.received == 0 ? std::string{} : exact_seconds(time);
}

std::string loss_of(const Subject& subject) {
  const auto loss = subject.tally.loss();
  return loss ? real_text(*loss) : std::string{};
}

/// Targets that do not answer, with the reason as labels.
void add_failures(Page& page, const Subjects& subjects) {
  page.family({"multiping_failure", "",
               "1 for each target that did not answer, with the outcome of its probes and "
               "what this host knows of the cause."});
  for (const Subject& subject : subjects.all()) {
    if (subject.tally.received > 0 || (subject.resolved && subject.fate == nullptr)) continue;
    const std::string_view outcome = to_string(subject.resolved ? subject.fate->outcome : Outcome::unresolved);
    const std::string_view cause = to_string(subject.resolved ? subject.fate->cause : Cause::none);
    page.sample(fmt::format(R"({},outcome="{}",cause="{}")", subject.labels, outcome, cause), "1");
  }
}

void add_counts(Page& page, const Subjects& subjects) {
  add_family(page, subjects, {"multiping_up", "", "1 where the target answered a probe of this run, else 0."},
             [](const Subject& each) -> std::string { return each.tally.received > 0 ? "1" : "0"; });
  add_failures(page, subjects);
  add_family(page, subjects, {"multiping_sent_probes", "", "Probes of this run whose outcome is known."},
             [](const Subject& each) { return counted(each.tally.sent); });
  add_family(page, subjects, {"multiping_answered_probes", "", "Probes of this run that were answered."},
             [](const Subject& each) { return counted(each.tally.received); });
  add_family(page, subjects, {"multiping_duplicate_answers", "", "Further answers to probes that were answered."},
             [](const Subject& each) { return counted(each.duplicates); });
  add_family(page, subjects, {"multiping_loss_ratio", "ratio", "Share of the probes that were not answered, 0 to 1."},
             loss_of);
}

void add_times(Page& page, const Subjects& subjects) {
  add_family(page, subjects, {"multiping_rtt_min_seconds", "seconds", "Shortest round-trip time of this run."},
             [](const Subject& each) { return time_of(each, each.tally.least); });
  add_family(page, subjects, {"multiping_rtt_mean_seconds", "seconds", "Mean round-trip time of this run."},
             [](const Subject& each) { return time_of(each, each.tally.mean()); });
  add_family(page, subjects, {"multiping_rtt_max_seconds", "seconds", "Longest round-trip time of this run."},
             [](const Subject& each) { return time_of(each, each.tally.most); });
}

bool has_statistics(const Subject& subject) noexcept {
  return subject.tally.received > 0 && subject.statistics != nullptr;
}

void add_statistics(Page& page, const Subjects& subjects) {
  add_family(page, subjects,
             {"multiping_rtt_stddev_seconds", "seconds", "Standard deviation of the round-trip times of this run."},
             [](const Subject& each) {
               return has_statistics(each) ? exact_seconds(each.statistics->stddev()) : std::string{};
             });
  add_family(page, subjects,
             {"multiping_rtt_jitter_seconds", "seconds", "Jitter of the round-trip times, as in RFC 3550."},
             [](const Subject& each) {
               return has_statistics(each) ? exact_seconds(each.statistics->jitter()) : std::string{};
             });
  page.family({"multiping_rtt_percentile_seconds", "seconds",
               "Time that so many per cent of the round-trip times did not exceed."});
  constexpr std::array<int, 4> percentiles = {50, 90, 95, 99};
  for (const Subject& subject : subjects.all()) {
    if (!has_statistics(subject)) continue;
    for (const int percent : percentiles)
      page.sample(fmt::format(R"({},percentile="{}")", subject.labels, percent),
                  exact_seconds(subject.statistics->percentile(percent)));
  }
}

void add_routes(Page& page, const MetricsPage& from) {
  const auto labels = [&](const RouteFigures& route) {
    return fmt::format(R"({},flow="{}")", labels_of(from.view.targets[route.target], *from.view.options), route.flow);
  };
  page.family({"multiping_route_reached", "", "1 where the route reaches the target, else 0."});
  for (const RouteFigures& route : from.routes) page.sample(labels(route), route.reached ? "1" : "0");
  page.family({"multiping_route_hops", "", "Hops of the route, as far as it was traced."});
  for (const RouteFigures& route : from.routes) page.sample(labels(route), counted(route.hops));
}

void add_mtus(Page& page, const MetricsPage& from) {
  page.family({"multiping_path_mtu_bytes", "bytes", "Largest IP packet that reaches the target in one piece."});
  for (const MtuFigures& path : from.mtus)
    if (path.mtu != 0) page.sample(labels_of(from.view.targets[path.target], *from.view.options), counted(path.mtu));
}

void add_run(Page& page, const MetricsPage& from) {
  const RunTotals& totals = from.totals;
  page.family({"multiping_run_targets", "", "Targets of this run, by what became of them."});
  page.sample("state=\"alive\"", counted(totals.alive));
  page.sample("state=\"unreachable\"", counted(totals.unreachable));
  page.sample("state=\"unresolved\"", counted(totals.unresolved));
  page.family({"multiping_run_duration_seconds", "seconds", "How long this run took."});
  page.sample("", exact_seconds(totals.elapsed));
  page.family(
      {"multiping_run_timestamp_seconds", "seconds", "When these figures were written, in seconds since 1970."});
  page.sample("", exact_seconds(from.time.time_since_epoch()));
  page.family({"multiping_build_info", "", "The version of multiping, as a label of the constant 1."});
  page.sample(fmt::format("version=\"{}\"", version()), "1");
}

/// One sample for each state; the sample of the present state is 1. This is a StateSet, which the older format lacks.
void add_states(Page& page, const std::string& label, State state) {
  for (const State each : {State::unknown, State::up, State::down, State::flapping})
    page.sample(fmt::format(R"({},state="{}")", label, to_string(each)), each == state ? "1" : "0");
}

void add_health(Page& page, const HealthFacts& health) {
  const HealthTracker& tracker = health.tracker;
  const auto label = [](const std::string& group) { return "group=" + label_value(group); };
  page.family({"multiping_host_state", "", "1 for the state of the host over the last runs, 0 for the others."});
  for (const std::string& host : health.hosts) add_states(page, "host=" + label_value(host), tracker.host(host));
  page.family(
      {"multiping_group_state", "", "1 for the state of the group, 0 for the others; it is up with its quorum."});
  for (const std::string& group : health.groups) add_states(page, label(group), tracker.group(group));
  page.family({"multiping_group_up_hosts", "", "Hosts of the group that are up."});
  for (const std::string& group : health.groups) page.sample(label(group), counted(tracker.up(group)));
  page.family({"multiping_group_hosts", "", "Hosts of the group."});
  for (const std::string& group : health.groups) page.sample(label(group), counted(tracker.size(group)));
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : utf8_text(text)) {
    if (c == '\\' || c == '"') quoted += '\\';
    if (c == '\n') quoted += "\\n";
    if (c != '\n') quoted += c;
  }
  return quoted + '"';
}

std::string openmetrics_text(const MetricsPage& page) {
  Page text;
  const Mode mode = page.view.options->mode;
  if (mode == Mode::trace) {
    add_routes(text, page);
  } else if (mode == Mode::mtu) {
    add_mtus(text, page);
  } else {
    const Subjects subjects{page};
    add_counts(text, subjects);
    add_times(text, subjects);
    if (!page.view.statistics.empty()) add_statistics(text, subjects);
  }
  if (page.health != nullptr) add_health(text, *page.health);
  add_run(text, page);
  return text.done();
}

}  // namespace multiping::command
