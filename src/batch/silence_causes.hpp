// Writes the causes of silent targets to their results: asks the network of the transport's host.
// The decisions are made in engine/cause_rules.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/monotonic_time.hpp"
#include "engine/cause_finder.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "net/probe_transport.hpp"

namespace multiping {

/// So many silent targets, spread over a list, are enough to find their gateways.
inline constexpr std::size_t enough_silent_targets = 1024;

/// For the targets of one transport.
class SilenceCauses {
 public:
  /// Before the end of a wait, a gateway gets this time to answer a call, or a quarter of the wait if that is less.
  /// Most answer within a millisecond, one in a wireless network that saves power later.
  static constexpr Duration longest_call = std::chrono::milliseconds{300};
  /// In a shorter wait no gateway is called.
  static constexpr Duration shortest_wait_to_call = std::chrono::milliseconds{20};
  /// When to look ahead in a wait that began at `start` and ends at `end`; none: it is too short.
  [[nodiscard]] static std::optional<Instant> time_to_look(Instant start, Instant end) noexcept {
    if (end - start < shortest_wait_to_call) return std::nullopt;
    return end - std::min(longest_call, (end - start) / 4);
  }

  using Answer = engine::CauseFinder::Answer;

  /// What look_ahead() will be called for.
  struct Look {
    std::size_t expected = 0;           ///< So many silent targets are expected.
    Instant until{};                    ///< The end of the wait for them: what is learnt serves until then.
    Duration oldest = Duration::max();  ///< What earlier looks have learnt serves at no greater age.
  };
  /// To be called before look_ahead(), some time before silent targets time out. There may be several looks.
  void begin_look(net::ProbeTransport& transport, const Look& look);
  /// `silence` is that of a target so far: where the cause depends on whether its gateway is alive, this calls the
  /// gateway. Throws std::bad_alloc.
  void look_ahead(const engine::Silence& silence);

  /// To be called before explain(). Forgets what was asked before, unless that was just now, or for look_ahead():
  /// several targets that fall silent one after the other share the answers. True when set_answers() is useful.
  bool begin(net::ProbeTransport& transport, std::size_t expected);
  void set_answers(std::vector<Answer> answers);
  /// Writes the cause of `result`, whose other members tell the fate of a target that did not answer. `asked` is the
  /// time since its first probe was sent. Throws std::bad_alloc; the cause is then unknown.
  void explain(const ProbeOptions& probe, Duration asked, Result& result);
  /// Gives back what the questions needed, and keeps the answers for a short time.
  void pause() noexcept {
    if (network_ != nullptr) network_->end();
  }
  /// Gives back what the questions needed, and forgets the answers. explain() may not be called until the next begin().
  void end() noexcept;

 private:
  [[nodiscard]] engine::CauseFinder* finder_for(const engine::Silence& silence);
  [[nodiscard]] engine::FoundCause find(const engine::Silence& silence);

  net::ProbeTransport* transport_ = nullptr;
  std::size_t expected_ = 0;
  Instant began_{};       ///< When anything was first asked.
  Instant asked_at_{};    ///< When what changes from moment to moment was first asked about.
  Instant keep_until_{};  ///< What looks have learnt is kept until then.
  std::vector<Answer> answers_{};
  net::LocalNetwork* network_ = nullptr;  ///< Which finder_ asks.
  std::optional<engine::CauseFinder> finder_{};
};

}  // namespace multiping
