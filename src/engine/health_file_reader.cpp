// Takes the lines of a saved state word by word, and refuses what no tracker can have written.
// See engine/health_file_text.hpp.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "engine/health_file_text.hpp"

namespace multiping::engine {
namespace {

/// The words of one line, taken one by one. Throws std::runtime_error with the number of the line.
class HealthLine {
 public:
  HealthLine(std::string_view text, std::size_t number) : rest_{text}, number_{number} {}

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error{"state of health, line " + std::to_string(number_) + ": " + what};
  }
  void require(bool holds, const char* what) const {
    if (!holds) fail(what);
  }

  /// The next word; "" at the end of the line.
  std::string_view word() {
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(rest_.size(), word.size() + 1));
    return word;
  }

  template <class Number>
  Number number(Number least, Number most) {
    const std::string_view text = word();
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || !(value >= least && value <= most)) fail(printable(text) + " is no number that may stand here");
    return value;
  }
  std::uint64_t count(std::uint64_t most) { return number<std::uint64_t>(0, most); }

  /// One of two words: true for the first.
  bool either(std::string_view yes, std::string_view no) {
    const std::string_view text = word();
    if (text != yes && text != no)
      fail(printable(text) + " is neither " + std::string{yes} + " nor " + std::string{no});
    return text == yes;
  }

  State state() {
    const std::string_view text = word();
    for (const State state : {State::unknown, State::up, State::down, State::flapping})
      if (text == to_string(state)) return state;
    fail(printable(text) + " is no state");
  }

  std::string name() {
    require(rest_.starts_with('"'), "a name in double quotes is missing");
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') text += byte();
    require(!rest_.empty(), "a name has no end");
    rest_.remove_prefix(1);
    require(rest_.empty() || rest_.front() == ' ', "a name is followed by other text");
    if (!rest_.empty()) rest_.remove_prefix(1);
    return text;
  }

  BitWindow bits(std::size_t most) {
    const std::string_view text = word();
    BitWindow window;
    require(!text.empty(), "a row of 0 and 1 is missing");
    if (text == "-") return window;
    require(text.size() <= most, "a row of 0 and 1 is longer than its window");
    for (const char c : text) {
      require(c == '0' || c == '1', "a row has something else than 0 and 1");
      window.push(c == '1', most);
    }
    return window;
  }

  void end() const { require(rest_.empty(), "there is more than there may be"); }

 private:
  char byte() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != '\\') return c;
    require(rest_.size() >= 3 && rest_.front() == 'x', "a backslash is not followed by x and two digits");
    constexpr std::string_view digits = "0123456789abcdef";
    const std::size_t high = digits.find(rest_[1]), low = digits.find(rest_[2]);
    require(high != std::string_view::npos && low != std::string_view::npos, "\\x is not followed by two digits");
    rest_.remove_prefix(3);
    return static_cast<char>(high * 16 + low);
  }

  std::string_view rest_;
  std::size_t number_;
};

constexpr auto most_rounds_kept = std::uint64_t{1} << 62;

class HealthReader {
 public:
  HealthReader(std::istream& in, OptionCheck check) : in_{in}, check_{check} {}

  HealthTrackerState read() {
    read_title();
    read_options();
    while (read_line()) {
    }
    require_end();
    return {options_, std::move(kept_)};
  }

 private:
  HealthLine next() {
    ++number_;
    const bool there = static_cast<bool>(std::getline(in_, text_));
    const HealthLine line{text_, number_};
    line.require(there && !in_.eof(), "the text ends too early");
    return line;
  }

  void require_end() {
    if (in_.peek() == std::istream::traits_type::eof()) return;
    HealthLine{{}, number_ + 1}.fail("there is more after the end");
  }

  void read_title() {
    const HealthLine line = next();
    if (text_ == health_text_title) return;
    const bool other = text_.starts_with(health_text_title.substr(0, health_text_title.find(' ') + 1));
    line.fail(other ? "this version is not known: " + printable(text_) : "this is no state of health");
  }

  void read_options() {
    HealthLine line = next();
    line.require(line.word() == "options", "the options are missing");
    constexpr int least = std::numeric_limits<int>::min(), most = std::numeric_limits<int>::max();
    constexpr double huge = std::numeric_limits<double>::infinity();
    for (int* value : {&options_.rise, &options_.fall, &options_.flap_window}) *value = line.number(least, most);
    for (double* value : {&options_.flap_high, &options_.flap_low}) *value = line.number(-huge, huge);
    options_.loss_window = line.number(least, most);
    for (double* value : {&options_.max_loss, &options_.confidence, &options_.shared_inside, &options_.shared_outside})
      *value = line.number(-huge, huge);
    kept_.round = line.count(most_rounds_kept);
    line.end();
    try {
      check_(options_);
    } catch (const std::invalid_argument& error) {
      line.fail(error.what());
    }
  }

  /// False after the last line.
  bool read_line() {
    HealthLine line = next();
    const std::string_view kind = line.word();
    if (kind == "end") {
      line.end();
      return false;
    }
    if (kind == "host") {
      read_host(line);
    } else if (kind == "quorum") {
      read_quorum(line);
    } else if (kind == "member") {
      read_member(line);
    } else if (kind == "move") {
      read_move(line);
    } else {
      line.fail(printable(kind) + " is no kind of line");
    }
    line.end();
    return true;
  }

  Run read_run(HealthLine& line) const {
    Run run{.length = line.count(kept_.round)};
    const std::uint64_t most = run.length == 0 ? 0 : kept_.round - 1;
    run.first = line.count(most);
    run.last = line.count(most);
    line.require(run.length == 0 || (run.last >= run.first && run.last - run.first >= run.length - 1),
                 "a run of rounds has no room between its first and its last");
    constexpr auto outcomes = (1U << (static_cast<unsigned>(Outcome::send_failed) + 1)) - 1;
    constexpr auto causes = (1U << (static_cast<unsigned>(Cause::remote) + 1)) - 1;
    run.outcomes = static_cast<std::uint16_t>(line.count(outcomes));
    run.causes = static_cast<std::uint16_t>(line.count(causes));
    return run;
  }

  void read_host(HealthLine& line) {
    HealthHost host{.name = line.name(), .from_file = true};
    HostStateMachine& health = host.health;
    health.steady = line.state();
    line.require(health.steady != State::flapping, "flapping has a word of its own");
    health.flapping = line.either("flapping", "steady");
    const std::string_view last = line.word();
    line.require(last == "new" || last == "good" || last == "bad", "the last round is neither new, good nor bad");
    if (last != "new") health.last_good = last == "good";
    for (Run* run : {&health.good, &health.bad, &health.local}) *run = read_run(line);
    health.changes = line.bits(static_cast<std::size_t>(options_.flap_window));
    health.losses = line.bits(static_cast<std::size_t>(options_.loss_window));
    line.require(names_.insert(host.name).second, "this host is there twice");
    kept_.hosts.push_back(std::move(host));
  }

  std::string read_group(HealthLine& line) const {
    std::string name = line.name();
    line.require(is_group_name(name), "this is no name of a group");
    return name;
  }

  void read_quorum(HealthLine& line) {
    const std::string name = read_group(line);
    Quorum quorum;
    quorum.count = line.number<std::size_t>(0, std::numeric_limits<std::size_t>::max());
    quorum.share = line.number(0.0, 1.0);
    const HostGroup* known = kept_.groups.find(name);
    line.require(known == nullptr || !known->quorum, "this group has a quorum already");
    kept_.groups.set_quorum(name, quorum);
  }

  std::size_t read_index(HealthLine& line) const {
    const auto index = static_cast<std::size_t>(line.count(std::numeric_limits<std::uint32_t>::max()));
    line.require(index < kept_.hosts.size(), "there is no host of this number");
    return index;
  }

  void read_member(HealthLine& line) {
    const std::size_t host = read_index(line);
    line.require(kept_.groups.join(host, read_group(line)), "this host is in this group already");
  }

  void read_move(HealthLine& line) {
    Move move{.host = read_index(line), .from = line.state(), .to = line.state()};
    line.require(move.to == State::up || move.to == State::down, "a host can only fall or rise");
    line.require(move.from != move.to, "a host is what it was");
    move.round = line.count(most_rounds_kept);
    line.require(move.round + 1 == kept_.round, "this move is not of the last round");
    move.told = line.either("told", "held");
    move.reason = line.name();
    CorrelatedFailures& moves = move.to == State::down ? kept_.falls : kept_.rises;
    line.require(moved_.insert(move.host).second, "this host moved already");
    moves.add(std::move(move));
  }

  std::istream& in_;
  OptionCheck check_;
  std::string text_{};
  std::size_t number_ = 0;
  HealthOptions options_{};
  HealthTrackerState::Kept kept_{};
  std::set<std::string> names_{};
  std::set<std::size_t> moved_{};
};

/// A stream reports that memory has run out, as it reports that it cannot read, and not as the end of the text.
class ThrowingStream {
 public:
  explicit ThrowingStream(std::istream& in) : in_{in}, before_{in.exceptions()} {
    in.exceptions(before_ | std::ios::badbit);
  }
  ThrowingStream(const ThrowingStream&) = delete;
  ThrowingStream& operator=(const ThrowingStream&) = delete;
  ~ThrowingStream() {
    try {
      in_.exceptions(before_);
    } catch (const std::ios::failure&) {
      // It throws where the caller had asked for that, and it has thrown already.
    }
  }

 private:
  std::istream& in_;
  std::ios::iostate before_;
};

}  // namespace

HealthTrackerState read_health(std::istream& in, OptionCheck check) {
  const ThrowingStream throwing{in};
  return HealthReader{in, check}.read();
}

}  // namespace multiping::engine
