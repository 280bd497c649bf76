// The names of states and verdicts, and the text of a transition.
// See multiping/health.hpp.
#include "multiping/health.hpp"

#include <ostream>

namespace multiping {

std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::unknown:
      return "unknown";
    case State::up:
      return "up";
    case State::down:
      return "down";
    case State::flapping:
      return "flapping";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, State state) { return out << to_string(state); }

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::unknown:
      return "unknown";
    case Verdict::up:
      return "up";
    case Verdict::icmp_filtered:
      return "icmp-filtered";
    case Verdict::service_down:
      return "service-down";
    case Verdict::limited:
      return "limited";
    case Verdict::silent:
      return "silent";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, Verdict verdict) { return out << to_string(verdict); }

std::ostream& operator<<(std::ostream& out, const Transition& transition) {
  std::string text = transition.group ? "group " : "";
  text += printable(transition.name);
  text.append(": ").append(to_string(transition.from)).append(" -> ").append(to_string(transition.to));
  text.append(" in round ").append(std::to_string(transition.round)).append(": ").append(transition.reason);
  return out << text;
}

}  // namespace multiping
