// See check_icmp_report.hpp.
#include "apps/multiping/check_icmp_report.hpp"

#include <algorithm>
#include <vector>

namespace multiping::command {
namespace {

/// Probes that end together with the time limit are still told.
constexpr Duration grace = std::chrono::milliseconds{100};
constexpr Duration longest_check = std::chrono::hours{24};

}  // namespace

CheckIcmpReport::CheckIcmpReport(const CommandOptions& options, Outputs outputs)
    : outputs_{outputs},
      deadline_{std::chrono::steady_clock::now() + std::min(options.check.within, longest_check) + grace} {}

void CheckIcmpReport::finish() {
  std::vector<CheckedHost> hosts;
  for (std::size_t at = 0; at < view().targets.size(); ++at)
    hosts.push_back({.name = view().targets[at].host, .tally = view().figures[at].all, .fate = fates_.of(at)});
  for (const RunTarget& target : view().unresolved) hosts.push_back({.name = target.host, .error = target.error});
  const IcmpCheck& check = view().options->check;
  const CheckAnswer answer = health_ == nullptr ? check_answer(hosts, check) : check_answer(hosts, check, *health_);
  status_ = answer.status;
  outputs_.out.write(answer.line);
}

}  // namespace multiping::command
