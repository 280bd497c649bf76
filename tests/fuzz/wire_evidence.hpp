// What a packet proves about the probes that were sent, decided from the bytes alone and apart from the library: every
// answer that the library believes must have its evidence here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "sim/wire.hpp"

namespace multiping::fuzz {

/// An authentic ICMP error, as Result tells one.
struct ErrorEvidence {
  Address from{};
  std::uint8_t type = 0, code = 0;
  friend bool operator==(const ErrorEvidence&, const ErrorEvidence&) = default;
};

/// What one packet proves about one target.
struct Proof {
  Address target{};
  std::optional<ErrorEvidence> error{};  ///< None: that it has answered.
};

/// Of the probes of one batch.
class WireEvidence {
 public:
  /// A probe of the batch that has left this host.
  void add_probe(const test::Datagram& probe);
  /// None: a host that believed anything because of it would be deceived.
  [[nodiscard]] std::optional<Proof> proof_of(test::ByteView packet) const;
  /// Of a packet that is given to this host.
  void add(const Proof& proof);

  /// Whether what was given bears the result out; a result that claims nothing always is.
  [[nodiscard]] bool bears_out(const Result& result) const;
  /// The messages of the probes to a target, for those who look into a finding.
  template <class See>
  void for_each_probe(const Address& target, See see) const {
    const auto [begin, end] = probes_.equal_range(target);
    for (auto each = begin; each != end; ++each) see(test::ByteView{each->second.message});
  }

  /// Whether the target has really answered.
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
