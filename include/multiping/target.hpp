// What is to be pinged: a host and, where it differs from the rest, how; a list of them; and address blocks.
// Implicit on purpose, so that {"192.0.2.1", "example.org"} is a list of targets.
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
#include "multiping/options.hpp"

namespace multiping {

/// A host, by name or address, and optionally how it is to be probed.
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
  [[nodiscard]] const ProbeOptions* probe() const& noexcept { return probe_.get(); }  ///< Null: Options::probe.

 private:
  std::string host_;
  std::shared_ptr<const ProbeOptions> probe_;
};

/// Targets in the caller's order. Made from a braced list, one host, or any range of what a Target can be made from:
/// argv, a vector of names, the addresses of expand().
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
  /// One target for each element of a range.
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

/// The hosts of "192.0.2.0/28", "2001:db8::/120" or "192.0.2.10-192.0.2.20" (inclusive), in ascending order.
///
/// A prefix may be written with host bits set; its whole block is meant. IPv4 prefixes up to /30 come without network
/// and broadcast address; /31 (RFC 3021), /32 and IPv6 prefixes come whole. A single address is a block of one.
/// More than 2^24 addresses, a reversed range, mixed families or text that is no block: std::invalid_argument, naming
/// the block.
[[nodiscard]] MULTIPING_EXPORT std::vector<Address> expand(std::string_view block);

}  // namespace multiping
