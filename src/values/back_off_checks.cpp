// A wait that is not more than zero would send without a pause.
// See values/back_off_checks.hpp.
#include "values/back_off_checks.hpp"

#include <cmath>
#include <stdexcept>

#include "base/number_text.hpp"
#include "values/option_checks.hpp"

namespace multiping {

void check(const BackOff& waits) {
  if (checked_timeout(waits.first, "BackOff::first") == Duration{})
    throw std::invalid_argument{"BackOff::first is 0; it must be more than 0"};
  if (!(waits.factor >= 1) || !std::isfinite(waits.factor))
    throw std::invalid_argument{"BackOff::factor is " + number_text(waits.factor) +
                                "; it must be 1 or more, and finite"};
  static_cast<void>(checked_timeout(waits.most, "BackOff::most"));
}

BackOffWaits waits_of(const BackOff& waits) noexcept {
  const Duration most = waits.most;
  return {.first = waits.first, .factor = waits.factor, .most = most > Duration{} ? most : Duration::max()};
}

}  // namespace multiping
