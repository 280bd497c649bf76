// The threads of a resolution. A lookup under way cannot be cancelled, so nothing here waits for one past the deadline:
// threads share a Board with the call, by shared_ptr, and one left behind touches only that.
#include "resolve/lookup_pool.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "multiping/error.hpp"
#include "signals_blocked.hpp"

namespace multiping::resolver {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration first_pause = std::chrono::milliseconds{100};  // before a question is asked again; doubled each time
constexpr Duration longest_pause = std::chrono::seconds{1};
// A name server that answers at all does so sooner than resolver_asio.cpp lets a lookup wait for a silent one.
constexpr Duration silence = std::chrono::milliseconds{900};

Clock::time_point deadline_of(Duration timeout) noexcept {
  const auto now = Clock::now();
  return timeout < Clock::time_point::max() - now ? now + timeout : Clock::time_point::max();
}

/// A question on the board.
struct Entry {
  Question question{};
  Duration pause = first_pause;
  Answer answer{{}, Errc::lookup_timeout};
};

/// What the call and its threads share: what is to be looked up, who is at it, and what was found.
class Board {
 public:
  Board(std::vector<Question> questions, Family family, LookupFactory factory, std::size_t workers)
      : family_{family}, factory_{std::move(factory)}, busy_(workers), open_{questions.size()} {
    entries_.reserve(questions.size());
    for (auto& question : questions) entries_.push_back({std::move(question)});
  }

  /// What each thread does.
  void work(std::size_t worker) noexcept {
    std::unique_ptr<Lookup> lookup;
    while (const auto entry = take(worker)) {
      const auto began = Clock::now();
      auto answer = ask(lookup, entries_[*entry].question);
      put(worker, *entry, std::move(answer), Clock::now() - began);
    }
  }

  /// Returns when all questions have an answer, at the deadline, or at a stop request.
  void wait(Clock::time_point deadline, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    finished_.wait_until(lock, stop, deadline, [this] { return open_ == 0; });
  }

  /// Lets no further lookup start, and tells which threads are in the middle of one.
  [[nodiscard]] std::vector<char> close() noexcept {
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_.notify_all();
    return std::move(busy_);
  }

  /// After close().
  [[nodiscard]] std::vector<Answer> answers() {
    const std::lock_guard lock{mutex_};
    std::vector<Answer> answers;
    answers.reserve(entries_.size());
    for (auto& entry : entries_) answers.push_back(std::move(entry.answer));
    return answers;
  }

 private:
  using Index = std::size_t;

  /// The next question, when its time has come; none when nothing is left for this thread. Those that are under way are
  /// not: should one have to be asked again, the thread that asks it now will be there.
  std::optional<Index> take(std::size_t worker) {
    std::unique_lock lock{mutex_};
    while (!over_) {
      if (auto index = due()) {
        busy_[worker] = true;
        return index;
      }
      if (again_.empty()) break;
      const auto next = again_.begin()->first;  // a copy: another thread may take the entry meanwhile
      changed_.wait_until(lock, next);
    }
    return std::nullopt;
  }

  /// Those that were never asked go first, so that one in trouble does not hold up the rest.
  std::optional<Index> due() {
    if (fresh_ < entries_.size()) return fresh_++;
    if (again_.empty() || again_.begin()->first > Clock::now()) return std::nullopt;
    return again_.extract(again_.begin()).mapped();
  }

  Answer ask(std::unique_ptr<Lookup>& lookup, const Question& question) noexcept {
    try {
      if (!lookup) lookup = factory_();
      if (const auto* const name = std::get_if<std::string>(&question)) return lookup->look_up(*name, family_);
      return lookup->look_up(std::get<Address>(question));
    } catch (...) {  // out of memory or descriptors
      return {{}, Errc::lookup_failed};
    }
  }

  void put(std::size_t worker, Index index, Answer answer, Duration took) noexcept {
    const std::lock_guard lock{mutex_};
    if (over_) return;
    busy_[worker] = false;
    if (answer.try_again && ask_again(index, took)) return;
    entries_[index].answer = std::move(answer);
    if (--open_ == 0) finished_.notify_all();
  }

  bool ask_again(Index index, Duration took) noexcept {
    auto& entry = entries_[index];
    try {
      again_.emplace(Clock::now() + entry.pause, index);
    } catch (const std::bad_alloc&) {
      return false;
    }
    entry.pause = std::min(2 * entry.pause, longest_pause);
    entry.answer.error = took < silence ? Errc::lookup_failed : Errc::lookup_timeout;
    changed_.notify_all();
    return true;
  }

  const Family family_;
  const LookupFactory factory_;
  std::mutex mutex_{};
  std::condition_variable_any finished_{};  // for the call
  std::condition_variable changed_{};       // for its threads
  std::vector<Entry> entries_{};            // questions are constant; answers are under the mutex
  std::vector<char> busy_;                  // by thread: in the middle of a lookup
  std::multimap<Clock::time_point, Index> again_{};
  std::size_t fresh_ = 0;  // entries from here on were never taken
  std::size_t open_;       // entries without a final answer
  bool over_ = false;
};

/// The threads of one call. None is left when it goes, but those in the middle of a lookup.
class Crew {
 public:
  Crew(std::shared_ptr<Board> board, std::size_t workers, const std::stop_token& stop) : board_{std::move(board)} {
    threads_.reserve(workers);
    const SignalsBlocked blocked;
    while (threads_.size() < workers && add_thread() && !stop.stop_requested()) continue;
  }
  ~Crew() { dismiss(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  [[nodiscard]] bool empty() const noexcept { return threads_.empty(); }

  void dismiss() noexcept {
    const auto busy = board_->close();
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (busy[i])
        threads_[i].detach();
      else
        threads_[i].join();
    }
    threads_.clear();
  }

 private:
  /// Some threads are better than none, so it is no error when there can be no more.
  bool add_thread() {
    try {
      threads_.emplace_back([board = board_, worker = threads_.size()] { board->work(worker); });
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  std::shared_ptr<Board> board_;
  std::vector<std::thread> threads_{};
};

}  // namespace

std::vector<Answer> look_up_all(std::vector<Question> questions, const ResolveOptions& options,
                                const LookupFactory& factory, const std::stop_token& stop) {
  const Duration timeout = options.timeout;
  if (timeout == Duration::zero() || stop.stop_requested()) return {questions.size(), Answer{{}, Errc::lookup_timeout}};
  const auto deadline = deadline_of(timeout);
  const auto workers = std::min(questions.size(), static_cast<std::size_t>(options.parallel));
  const auto count = questions.size();
  const auto board = std::make_shared<Board>(std::move(questions), options.family, factory, workers);
  Crew crew{board, workers, stop};
  if (crew.empty()) return {count, Answer{{}, Errc::lookup_failed}};
  board->wait(deadline, stop);
  crew.dismiss();
  return board->answers();
}

}  // namespace multiping::resolver
