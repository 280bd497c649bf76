// PendingLookups whose answers a test scripts, and a gate at which they hang until the test opens it.
// Header only.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "multiping/error.hpp"
#include "resolve/single_lookup.hpp"

namespace multiping::test {

inline const Address found_address = *Address::parse("192.0.2.1");

inline resolver::Answer found() { return {{found_address}}; }
inline resolver::Answer busy_server() { return {{}, Errc::lookup_failed, true}; }

using LookupScript = std::function<resolver::Answer(const std::string& name)>;

/// Answers a name as the script says, and an address with "name-of-" and the address.
class ScriptedLookup final : public resolver::Lookup {
 public:
  explicit ScriptedLookup(LookupScript script) : script_{std::move(script)} {}
  resolver::Answer look_up(const std::string& name, Family) override { return script_(name); }
  resolver::Answer look_up(const Address& address) override { return {.name = "name-of-" + address.to_string()}; }

 private:
  LookupScript script_;
};

inline resolver::LookupFactory scripted(const LookupScript& script) {
  return [script] { return std::make_unique<ScriptedLookup>(script); };
}

/// Counts arrivals; blocks each thread in pass() until open() is called.
class Gate {
 public:
  void pass() {
    std::unique_lock lock{mutex_};
    ++arrived_;
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --inside_;
    changed_.notify_all();
  }
  void await(int arrivals) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return arrived_ >= arrivals; });
  }
  /// Returns when all threads that had arrived have passed.
  void open() {
    std::unique_lock lock{mutex_};
    open_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return inside_ == 0; });
  }
  [[nodiscard]] int arrived() const {
    const std::lock_guard lock{mutex_};
    return arrived_;
  }

 private:
  mutable std::mutex mutex_{};
  std::condition_variable changed_{};
  int arrived_ = 0, inside_ = 0;
  bool open_ = false;
};

/// The names that were asked for, in order.
class Log {
 public:
  void add(const std::string& name) {
    const std::lock_guard lock{mutex_};
    names_.push_back(name);
  }
  [[nodiscard]] std::vector<std::string> names() const {
    const std::lock_guard lock{mutex_};
    return names_;
  }

 private:
  mutable std::mutex mutex_{};
  std::vector<std::string> names_{};
};

/// "host0", "host1" and so on.
inline std::vector<resolver::Question> numbered(int count) {
  std::vector<resolver::Question> names;
  for (int i = 0; i < count; ++i) names.emplace_back("host" + std::to_string(i));
  return names;
}

}  // namespace multiping::test
