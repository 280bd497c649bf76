// What multiping-packet does between its input and its output: commands become probes, and results become lines.
// It sends probes, but touches neither stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apps/mtr_packet/command_lines.hpp"
#include "apps/mtr_packet/replies.hpp"
#include "multiping/prober.hpp"

namespace multiping::mtr_packet {

struct AskedProbe;
struct Command;

/// How a session serves.
struct SessionOptions {
  Dialect dialect = Dialect::mtr_0_95;
  bool mark = false;  ///< This process keeps what a mark needs.
  /// A command that asks for one more probe than this gets "probes-exhausted".
  std::size_t most_in_flight = 1'000'000;
};

class Session {
 public:
  /// Opens what probes of every protocol need, so that privileges can be given up after it. Throws as open_transport()
  /// and Prober do.
  explicit Session(const SessionOptions& options);

  /// Serves the commands in these bytes. Their probes leave with the next collect(), together.
  void take(std::string_view bytes);
  /// Takes in the answers of one lane, and sends what waits there for its turn.
  void collect(std::size_t lane);

  [[nodiscard]] std::size_t in_flight() const noexcept;
  [[nodiscard]] std::size_t in_flight(std::size_t lane) const noexcept { return lanes_[lane].callers.size(); }
  /// A descriptor for each lane, in their order, which is readable when collect() has something to do there; with
  /// nothing in flight too.
  [[nodiscard]] std::vector<int> descriptors() const;
  [[nodiscard]] std::string_view output() const noexcept { return std::string_view{output_}.substr(written_); }
  /// To be called when so many bytes of output() were written.
  void wrote(std::size_t bytes) noexcept;

 private:
  /// Probes that share sockets. SCTP has sockets of its own, which other probes never are in the way of.
  struct Lane {
    Prober prober;
    std::unordered_map<Prober::Token, std::int64_t> callers{};  ///< The numbers of the commands in flight.
  };

  void serve(const CommandLine& line);
  void serve(const Command& command);
  void send_probe(const Command& command);
  void submit(std::int64_t token, const AskedProbe& asked);

  SessionOptions options_;
  Support support_{};
  std::vector<Lane> lanes_;  ///< For all protocols, then for SCTP where that is possible.
  CommandLines lines_;
  std::string output_;
  std::size_t written_ = 0;
};

}  // namespace multiping::mtr_packet
