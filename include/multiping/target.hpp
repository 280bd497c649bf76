// The targets of a batch: a host with optional probe options of its own, a list of these, and address blocks.
// Constructors are implicit on purpose, so that {"192.0.2.1", "example.org"} is a list of targets.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/export.hpp"
#include "multiping/probe_options.hpp"

namespace multiping {

/// A host, by name or address, with probe options of its own where the caller gives them.
class Target {
 public:
  Target(const char* host) : host_{host} {}  ///< A name or an address, as text.
  Target(std::nullptr_t) = delete;
  Target(std::string host) noexcept : host_{std::move(host)} {}   ///< A name or an address, as text.
  Target(std::string_view host) : host_{host} {}                  ///< A name or an address, as text.
  Target(const Address& address) : host_{address.to_string()} {}  ///< Its host() is the address as text.
  /// A host with probe options of its own, used instead of Options::probe.
  Target(std::string host, ProbeOptions probe)
      : host_{std::move(host)}, probe_{std::make_shared<const ProbeOptions>(std::move(probe))} {}

  [[nodiscard]] const std::string& host() const& noexcept { return host_; }           ///< As the caller wrote it.
  [[nodiscard]] std::string host() && noexcept { return std::move(host_); }           ///< The same, moved out.
  [[nodiscard]] const ProbeOptions* probe() const& noexcept { return probe_.get(); }  ///< Null: Options::probe is used.

 private:
  std::string host_;
  std::shared_ptr<const ProbeOptions> probe_;
};

/// Targets in the caller's order. A list is made from a braced list, from one host, or from any range whose elements
/// convert to Target: argv, a vector of names, the addresses of expand().
class TargetList {
 public:
  TargetList() = default;                                                   ///< No target.
  TargetList(std::initializer_list<Target> targets) : targets_{targets} {}  ///< A braced list.
  TargetList(Target target) { targets_.push_back(std::move(target)); }      ///< One target.
  TargetList(const char* host) : TargetList{Target{host}} {}                ///< One target.
  TargetList(std::nullptr_t) = delete;
  TargetList(std::string host) : TargetList{Target{std::move(host)}} {}  ///< One target.
  TargetList(std::string_view host) : TargetList{Target{host}} {}        ///< One target.
  TargetList(const Address& address) : TargetList{Target{address}} {}    ///< One target.
  /// Makes one target from each element of a range.
  template <std::ranges::input_range Range>
  requires(!std::same_as<std::remove_cvref_t<Range>, TargetList>) &&
      std::convertible_to<std::ranges::range_reference_t<Range>, Target> TargetList(Range&& range) {
    if constexpr (std::ranges::sized_range<Range>) targets_.reserve(static_cast<std::size_t>(std::ranges::size(range)));
    for (auto&& host : range) targets_.emplace_back(std::forward<decltype(host)>(host));
  }

  [[nodiscard]] auto begin() const noexcept { return targets_.begin(); }                   ///< The first target.
  [[nodiscard]] auto end() const noexcept { return targets_.end(); }                       ///< After the last one.
  [[nodiscard]] std::size_t size() const noexcept { return targets_.size(); }              ///< How many there are.
  [[nodiscard]] std::vector<Target> release() && noexcept { return std::move(targets_); }  ///< The targets, moved out.

 private:
  std::vector<Target> targets_;
};

/// Returns the hosts of "192.0.2.0/28", "2001:db8::/120" or "192.0.2.10-192.0.2.20" (inclusive), in ascending order.
///
/// A prefix may have host bits set; it means the whole block. IPv4 prefixes up to /30 are returned without the network
/// and the broadcast address. IPv4 /31 (RFC 3021) and /32 and all IPv6 prefixes are returned whole. A single address is
/// a block of one. Throws std::invalid_argument, which names the block, for more than 2^24 addresses, a reversed range,
/// mixed families, or text that is no block.
[[nodiscard]] MULTIPING_EXPORT std::vector<Address> expand(std::string_view block);

}  // namespace multiping
