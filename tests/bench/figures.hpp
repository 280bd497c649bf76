// What the benchmark's programs measure of themselves: time and memory.
// Header only, and no part of the library.
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

/// Wall and processor time since the last lap.
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

/// Peak memory of this program in KiB. (What getrusage(2) says includes the program that started this one.)
inline long peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  return 0;
}

}  // namespace bench
