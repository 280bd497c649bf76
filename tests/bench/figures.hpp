// Measures the time and memory of a benchmark program itself.
// Header only, and not part of the library.
#pragma once

#include <time.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace bench {

inline double microseconds(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

/// Measures wall and processor time since the last lap, in microseconds.
class Laps {
 public:
  struct Lap {
    double wall = 0, cpu = 0;
  };
  Lap lap() {
    const Lap now{microseconds(CLOCK_MONOTONIC), microseconds(CLOCK_PROCESS_CPUTIME_ID)};
    const Lap spent{now.wall - last_.wall, now.cpu - last_.cpu};
    last_ = now;
    return spent;
  }

 private:
  Lap last_{microseconds(CLOCK_MONOTONIC), microseconds(CLOCK_PROCESS_CPUTIME_ID)};
};

/// Peak memory of this program in KiB. (The value of getrusage(2) includes the program that started this one.)
inline long peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  return 0;
}

}  // namespace bench
