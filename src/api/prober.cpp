// Checks what is submitted, and hands it to the run.
// See multiping/prober.hpp.
#include "multiping/prober.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "batch/prober_run.hpp"
#include "values/back_off_checks.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

void check_submission(const Address& address, const Submission& submission) {
  if (!address) throw std::invalid_argument("the address to probe is none");
  static_cast<void>(checked_timeout(submission.timeout, "Submission::timeout"));
  if (submission.retry < 0)
    throw std::invalid_argument("Submission::retry is " + std::to_string(submission.retry) + "; it must be 0 or more");
  if (submission.back_off) check(*submission.back_off);
}

[[noreturn]] void refuse(const std::string& what, const char* instead = "") {
  throw std::invalid_argument("Options::" + what + "; a Prober does not take it" + instead);
}

bool is_default(const ResolveOptions& resolve) noexcept {
  const ResolveOptions usual;
  return resolve.family == usual.family && Duration{resolve.timeout} == Duration{usual.timeout} &&
         resolve.parallel == usual.parallel && Duration{resolve.budget} == Duration{usual.budget};
}

/// Refuses the options of lists, names and batches, so that none is ignored.
Options checked_options(Options options) {
  if (options.ignore_lookup_errors) refuse("ignore_lookup_errors is true", ": it looks up no names");
  if (!is_default(options.resolve)) refuse("resolve is not the default", ": it looks up no names");
  if (options.probe != ProbeOptions{}) refuse("probe is not the default", ": each submission has its own");
  if (options.threads != 0) refuse("threads is " + std::to_string(options.threads));
  return options;
}

}  // namespace

class [[gnu::visibility("hidden")]] Prober::Impl : public ProberRun {
 public:
  using ProberRun::ProberRun;
};

Prober::Prober(Options options) : impl_{std::make_unique<Impl>(checked_options(std::move(options)))} {}
Prober::Prober(Prober&&) noexcept = default;
Prober& Prober::operator=(Prober&&) noexcept = default;
Prober::~Prober() = default;

Prober::Token Prober::submit(const Address& address, const Submission& submission) {
  check_submission(address, submission);
  return impl_->submit(address, submission);
}

Prober::Token Prober::submit(const Address& address, const ProbeOptions& probe, Timeout timeout, int retry) {
  return submit(address, {.probe = probe, .timeout = timeout, .retry = retry});
}

Prober::Token Prober::queue(const Address& address, const Submission& submission) {
  check_submission(address, submission);
  return impl_->queue(address, submission);
}

bool Prober::cancel(Token token) noexcept { return impl_->cancel(token); }
std::vector<Prober::Completion> Prober::poll(Timeout wait) { return impl_->poll(time_left(wait)); }
std::size_t Prober::in_flight() const noexcept { return impl_->probes().in_flight(); }
Counters Prober::counters() const noexcept { return impl_->probes().counters(); }
int Prober::native_handle() const noexcept { return impl_->native_handle(); }

}  // namespace multiping
