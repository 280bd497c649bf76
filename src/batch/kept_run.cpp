// An atomic pointer, so that no thread waits for another.
// See kept_run.hpp.
#include "batch/kept_run.hpp"

#include <atomic>

namespace multiping {
namespace {

/// Constant-initialized, so that a ping() before main() finds it. A ping() after its end keeps nothing.
struct KeptRun {
  std::atomic<BatchRun*> run{nullptr};
  std::atomic<bool> ended{false};
  ~KeptRun() {
    ended = true;
    delete run.exchange(nullptr);
  }
};
constinit KeptRun the_kept_run;

}  // namespace

std::unique_ptr<BatchRun> take_kept_run() noexcept {
  return std::unique_ptr<BatchRun>{the_kept_run.run.exchange(nullptr)};
}

void keep_run(std::unique_ptr<BatchRun> run) noexcept {
  BatchRun* none = nullptr;
  if (the_kept_run.ended || !run->serves_again()) return;
  if (the_kept_run.run.compare_exchange_strong(none, run.get())) static_cast<void>(run.release());
}

}  // namespace multiping
