// Decides what a packet proves about the probes that were sent, from the bytes alone and without the library. For every
// answer that the library believes there must be evidence here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "sim/wire.hpp"

namespace multiping::fuzz {

/// An authentic ICMP error, with the fields that Result reports.
struct ErrorEvidence {
  Address from{};
  std::uint8_t type = 0, code = 0;
  friend bool operator==(const ErrorEvidence&, const ErrorEvidence&) = default;
};

/// The fact that one packet proves about one target.
struct Proof {
  Address target{};
  std::optional<ErrorEvidence> error{};  ///< None: the target has answered.
};

/// The evidence about the probes of one batch.
class WireEvidence {
 public:
  /// Adds a probe of the batch that has left this host.
  void add_probe(const test::Datagram& probe);
  /// Returns what a packet proves. None: the packet proves nothing, and must not be believed.
  [[nodiscard]] std::optional<Proof> proof_of(test::ByteView packet) const;
  /// Adds the proof of a packet that is given to this host.
  void add(const Proof& proof);

  /// Returns whether the proofs so far confirm the result. A result that claims nothing is always confirmed.
  [[nodiscard]] bool bears_out(const Result& result) const;
  /// Visits the messages of the probes to a target, for the report of a finding.
  template <class See>
  void for_each_probe(const Address& target, See see) const {
    const auto [begin, end] = probes_.equal_range(target);
    for (auto each = begin; each != end; ++each) see(test::ByteView{each->second.message});
  }

  /// Returns whether the target has really answered.
  [[nodiscard]] bool has_answer(const Address& target) const { return answers_.contains(target); }

 private:
  struct Probe {
    Protocol protocol = Protocol::icmp;
    test::Bytes message{};
  };
  [[nodiscard]] std::optional<Address> answered_by(const test::Datagram& packet) const;
  [[nodiscard]] std::optional<Address> quoted_by(const test::Datagram& packet) const;

  std::multimap<Address, Probe> probes_{};
  std::set<Address> answers_{};
  std::multimap<Address, ErrorEvidence> errors_{};
};

}  // namespace multiping::fuzz
