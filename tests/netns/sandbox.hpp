// Makes system calls and socket options fail with an errno, as a sandbox does, for the rest of this process.
// seccomp(2). Other calls work as before.
#pragma once

#include <vector>

namespace multiping::test {

/// Each of `calls` (SYS_recvmmsg ...) fails with `error` from now on, in this thread and in those that it starts.
void refuse_calls(const std::vector<long>& calls, int error);
/// The same for setsockopt(2) of one option.
void refuse_option(int level, int name, int error);

}  // namespace multiping::test
