// Limits what the process may use: descriptors, memory, child processes, files.
// getrlimit(2), landlock(7).
#pragma once

#include <cstddef>

namespace multiping::daemon {

/// Limits this process to `descriptors` descriptors and 256 MiB of memory (without a sanitizer). Forbids core files,
/// child processes, locked memory, message queues, and writing to files. Writing stays allowed when the log or the
/// output is a file. Throws std::system_error.
void limit_resources(std::size_t descriptors);
/// Raises the limit of descriptors to the hard limit and returns it; SIZE_MAX when there is none, 0 on an error.
/// limit_resources() lowers it later.
[[nodiscard]] std::size_t take_all_descriptors() noexcept;

/// Forbids this process to open files, by Landlock. Versions 4 and later also forbid binding and connecting TCP
/// sockets. Returns the version of Landlock that the kernel has; 0: it has none, and nothing is forbidden. Throws
/// std::system_error.
int forbid_files();

}  // namespace multiping::daemon
