// Blocks signals in the threads that multiping starts: signals belong to the application.
// Header only; every room that starts threads may include it.
#pragma once

#include <csignal>

namespace multiping {

/// While the object exists, blocks every signal for this thread and for the threads that it starts.
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
