// Chooses the packet sizes to probe, and finds the largest that reaches a target whole: RFC 1191, RFC 8201, RFC 8899.
// A state machine without I/O and without time: told() takes the outcome of each size, next_sizes() gives the next
// ones.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::engine {

/// Sizes are in bytes, of whole packets with the IP header.
class MtuSearch {
 public:
  struct Rules {
    Family family = Family::ipv4;
    int tries = 3;           ///< How often a silent size is probed; 1 or more.
    std::size_t width = 28;  ///< The most sizes that are probed at once; 2 or more.
  };
  explicit MtuSearch(const Rules& rules);

  /// The outcome of a probe.
  struct Fate {
    enum class Kind : std::uint8_t {
      fits,      ///< The target answered.
      refused,   ///< This host refused to send a packet of this size.
      reported,  ///< A router reported that the packet is too big.
      silent,
    };
    Kind kind = Kind::silent;
    std::uint32_t mtu = 0;  ///< The MTU in the router's report; 0: the report named none (RFC 1191 section 5).
    Address reporter{};
  };
  void told(std::uint32_t size, const Fate& fate);

  /// The sizes to probe now, one probe for each entry; a size may occur several times. Empty while an outcome is
  /// awaited, and when the search is over.
  [[nodiscard]] std::vector<std::uint32_t> next_sizes();

  /// The search is over: no more sizes follow, and outcomes that still come change nothing.
  [[nodiscard]] bool over() const noexcept { return over_; }
  /// The largest size that was answered so far; when the search is over, its result. 0: no size was answered.
  [[nodiscard]] std::uint32_t mtu() const noexcept { return fits_; }
  /// The router that reported mtu(); none if no router reported that size.
  [[nodiscard]] Address limiting_hop() const noexcept {
    return fits_ != 0 && fits_ == reported_ ? reporter_ : Address{};
  }

  /// The largest size of an IPv4 packet, or of an IPv6 packet without a jumbo payload (RFC 8200 section 3).
  [[nodiscard]] static std::uint32_t largest_size(Family family) noexcept {
    return family == Family::ipv6 ? 65'575 : 65'535;
  }

 private:
  using Sizes = std::vector<std::uint32_t>;
  void told_fits(std::uint32_t size);
  void told_report(std::uint32_t size, const Fate& fate);
  void limit_to(std::uint32_t size) noexcept;
  [[nodiscard]] Sizes plan();
  [[nodiscard]] Sizes first_sizes() const;
  [[nodiscard]] Sizes below_limit() const;
  [[nodiscard]] Sizes below_silence(std::uint32_t silent) const;
  [[nodiscard]] Sizes between(std::uint32_t silent) const;
  [[nodiscard]] int silences(std::uint32_t size) const noexcept;

  Rules rules_;
  std::uint32_t fits_ = 0;      ///< The largest size that was answered.
  std::uint32_t too_big_;       ///< The smallest size that is known to be too big; at first largest_size() + 1.
  std::uint32_t reported_ = 0;  ///< too_big_ - 1 if a router reported that MTU; else 0.
  Address reporter_{};
  std::map<std::uint32_t, int> silent_;  ///< How often each size stayed without an answer.
  std::size_t awaited_ = 0;
  int rounds_ = 0;
  bool over_ = false;
};

}  // namespace multiping::engine
