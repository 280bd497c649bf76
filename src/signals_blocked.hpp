// Signals are the application's: a thread that multiping starts takes none of them.
// Header only; every room that starts threads may include it.
#pragma once

#include <signal.h>

namespace multiping {

/// Blocks every signal for this thread, and for the threads that it starts, until it goes.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all{};
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace multiping
