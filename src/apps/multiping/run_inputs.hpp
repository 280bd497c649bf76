// What a run is given beside its targets: the way to send, signals, and who is told.
#pragma once

#include <memory>

#include "apps/multiping/report.hpp"
#include "apps/multiping/signals.hpp"
#include "multiping/transport.hpp"

namespace multiping::command {

struct RunInputs {
  RunFigures& view;
  Report& report;
  Signals& signals;
  std::shared_ptr<Transport> transport{};
};

}  // namespace multiping::command
