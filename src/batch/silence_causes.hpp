// Writes the causes of silent targets to their results: asks the network of the transport's host.
// The decisions are made in engine/cause_rules.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/monotonic_time.hpp"
#include "engine/cause_finder.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "net/probe_transport.hpp"

namespace multiping {

/// For the targets of one transport.
class SilenceCauses {
 public:
  using Answer = engine::CauseFinder::Answer;

  /// To be called before explain(). Forgets what was asked before, unless that was just now: several targets that fall
  /// silent one after the other share the answers. True when it was forgotten: set_answers() is then useful.
  bool begin(net::ProbeTransport& transport, std::size_t expected);
  void set_answers(std::vector<Answer> answers) { answers_ = std::move(answers); }
  /// Writes the cause of `result`, whose other members tell the fate of a target that did not answer. `asked` is the
  /// time since its first probe was sent. Throws std::bad_alloc; the cause is then unknown.
  void explain(const ProbeOptions& probe, Duration asked, Result& result);
  /// Gives back what the questions needed. explain() may not be called until the next begin().
  void end() noexcept;

 private:
  [[nodiscard]] engine::FoundCause find(const engine::Silence& silence);

  net::ProbeTransport* transport_ = nullptr;
  std::size_t expected_ = 0;
  Instant began_{};
  std::vector<Answer> answers_{};
  net::LocalNetwork* network_ = nullptr;  ///< Which finder_ asks.
  std::optional<engine::CauseFinder> finder_{};
};

}  // namespace multiping
