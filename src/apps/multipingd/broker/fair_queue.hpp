// Gives users their turns in a circle; each turn of a user takes the job that has waited longest. Pure.
// Header only.
#pragma once

#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <vector>

namespace multiping::daemon {

/// A user's next job waits for at most one job of each other user, however many jobs they have.
template <class User, class Job>
class FairQueue {
 public:
  void add(const User& user, Job job) { waiting_[user].push_back(job); }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

  /// Takes one job of each user.
  [[nodiscard]] std::vector<Job> next_round() {
    std::vector<Job> round;
    round.reserve(waiting_.size());
    for (auto user = waiting_.begin(); user != waiting_.end();) {
      round.push_back(user->second.front());
      user->second.pop_front();
      user = user->second.empty() ? waiting_.erase(user) : std::next(user);
    }
    return round;
  }

 private:
  std::map<User, std::deque<Job>> waiting_;  ///< Only users that have a job.
};

}  // namespace multiping::daemon
