// Which packet sizes to ask of one target next, and the largest that reaches it whole: RFC 1191, RFC 8201, RFC 8899.
// A state machine without I/O and without time: it is told what became of each size, and says what to ask then.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::engine {

/// Sizes are those of whole packets, IP header included.
class MtuSearch {
 public:
  struct Rules {
    Family family = Family::ipv4;
    int tries = 3;           ///< How often a silent size is asked; 1 or more.
    std::size_t width = 28;  ///< Most sizes asked at once; 2 or more.
  };
  explicit MtuSearch(const Rules& rules);

  /// What became of a probe.
  struct Fate {
    enum class Kind : std::uint8_t {
      fits,      ///< It was answered.
      refused,   ///< This host would not send a packet so large.
      reported,  ///< A router said that it is too big.
      silent,
    };
    Kind kind = Kind::silent;
    std::uint32_t mtu = 0;  ///< Of a report; 0: it named none (RFC 1191 section 5).
    Address reporter{};
  };
  void told(std::uint32_t size, const Fate& fate);

  /// What to ask now: a size may be there several times. Empty while the fate of what was asked is awaited, and when it
  /// is over.
  [[nodiscard]] std::vector<std::uint32_t> next_sizes();

  /// Nothing more will be asked, and what is awaited changes nothing.
  [[nodiscard]] bool over() const noexcept { return over_; }
  /// The largest packet that was answered, and when it is over, that fits; 0: not even the smallest was.
  [[nodiscard]] std::uint32_t mtu() const noexcept { return fits_; }
  /// Who reported mtu(); none where it was found otherwise.
  [[nodiscard]] Address limiting_hop() const noexcept {
    return fits_ != 0 && fits_ == reported_ ? reporter_ : Address{};
  }

  /// An IPv4 packet cannot be larger; an IPv6 packet without a jumbo payload neither (RFC 8200 section 3).
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
  std::uint32_t fits_ = 0;      ///< The largest that was answered.
  std::uint32_t too_big_;       ///< The smallest that this host or a router refused.
  std::uint32_t reported_ = 0;  ///< The MTU behind too_big_, where a router named it.
  Address reporter_{};
  std::map<std::uint32_t, int> silent_;  ///< How often each size was asked in vain.
  std::size_t awaited_ = 0;
  int rounds_ = 0;
  bool over_ = false;
};

}  // namespace multiping::engine
