// Whose turn it is: users in a circle, and of each user the one that waits for the longest time. Pure.
// Header only.
#pragma once

#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <vector>

namespace multiping::proxy {

/// Of many users with many jobs each, none waits for more than one job of every other one.
template <class User, class Job>
class FairTurns {
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
  std::map<User, std::deque<Job>> waiting_;  ///< No user without a job.
};

}  // namespace multiping::proxy
