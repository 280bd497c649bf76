// One row for each member of ProbeOptions: its name and range, the protocols that have it, and what carries it.
// Checks, hashes and refusals go through these rows. A member that is added without a row does not compile.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "multiping/probe_options.hpp"
#include "values/protocol_traits.hpp"

namespace multiping {

/// The protocols that have an option. For others it makes no sense, or is not supported; `why` ends the message.
struct OptionProtocols {
  enum class Else : std::uint8_t { makes_no_sense, not_supported };
  bool (*have)(Protocol protocol) = [](Protocol) { return true; };
  Else otherwise = Else::not_supported;
  std::string_view why{};
};

/// Compares a value with its default: a number with this one, others with nothing.
[[nodiscard]] bool is_usual(const auto& value, std::int64_t number) noexcept {
  if constexpr (requires { value.empty(); })
    return value.empty();
  else if constexpr (requires { value.has_value(); })
    return !value.has_value();
  else if constexpr (std::same_as<decltype(value), const Address&>)
    return !value;
  else
    return static_cast<std::int64_t>(value) == number;
}

template <class Member>
struct ProbeOption {
  std::string_view name;
  Member ProbeOptions::*member;
  std::int64_t usual = 0;             ///< The default of a number.
  std::int64_t least = 0, most = -1;  ///< The range of a number; least > most: it has none, or it depends on others.
  OptionProtocols protocols{};
  Family only_for = Family::any;  ///< Has no effect on probes of the other family.
  bool over_proxy = true;         ///< Echo requests that a proxy sends can have it.
  bool may_lapse = false;         ///< The host can take it away: a permission or an address.

  [[nodiscard]] bool is_set(const ProbeOptions& probe) const noexcept { return !is_usual(probe.*member, usual); }
  [[nodiscard]] bool concerns(Family family) const noexcept { return only_for == Family::any || only_for == family; }
};

namespace option_protocols {
using Else = OptionProtocols::Else;
inline constexpr OptionProtocols all{};
inline constexpr OptionProtocols with_ports{.have = [](Protocol p) { return traits(p).default_port != 0; },
                                            .otherwise = Else::makes_no_sense,
                                            .why = "0: ICMP has no ports"};
inline constexpr OptionProtocols with_payload{.have = [](Protocol p) { return traits(p).has_payload; },
                                              .why = " with TCP or SCTP"};
inline constexpr OptionProtocols with_flows{.have = [](Protocol p) { return traits(p).has_flows; },
                                            .why = " with SCTP"};
inline constexpr OptionProtocols that_connect{.have = [](Protocol p) { return traits(p).connects; },
                                              .otherwise = Else::makes_no_sense,
                                              .why = "false: only TCP has half-open connections"};
}  // namespace option_protocols

inline constexpr std::tuple probe_option_table{
    ProbeOption{.name = "protocol", .member = &ProbeOptions::protocol},
    ProbeOption{.name = "family", .member = &ProbeOptions::family},
    ProbeOption{.name = "port",
                .member = &ProbeOptions::port,
                .least = 0,
                .most = 65'535,
                .protocols = option_protocols::with_ports},
    ProbeOption{.name = "source_port",
                .member = &ProbeOptions::source_port,
                .least = 0,
                .most = 65'535,
                .protocols = option_protocols::with_ports},
    ProbeOption{.name = "source_v4",
                .member = &ProbeOptions::source_v4,
                .only_for = Family::ipv4,
                .over_proxy = false,
                .may_lapse = true},
    ProbeOption{.name = "source_v6",
                .member = &ProbeOptions::source_v6,
                .only_for = Family::ipv6,
                .over_proxy = false,
                .may_lapse = true},
    ProbeOption{.name = "device", .member = &ProbeOptions::device, .over_proxy = false},
    ProbeOption{.name = "ttl", .member = &ProbeOptions::ttl, .least = 1, .most = 255, .over_proxy = false},
    ProbeOption{.name = "tos", .member = &ProbeOptions::tos, .least = 0, .most = 255, .over_proxy = false},
    ProbeOption{.name = "payload_size",  // its range depends on the family
                .member = &ProbeOptions::payload_size,
                .usual = static_cast<std::int64_t>(ProbeOptions{}.payload_size),
                .protocols = option_protocols::with_payload},
    ProbeOption{.name = "pattern", .member = &ProbeOptions::pattern, .protocols = option_protocols::with_payload},
    ProbeOption{.name = "mark", .member = &ProbeOptions::mark, .over_proxy = false, .may_lapse = true},
    ProbeOption{.name = "flow_label",
                .member = &ProbeOptions::flow_label,
                .least = 0,
                .most = (1 << 20) - 1,
                .over_proxy = false},
    ProbeOption{.name = "dont_fragment", .member = &ProbeOptions::dont_fragment, .over_proxy = false},
    ProbeOption{.name = "half_open", .member = &ProbeOptions::half_open, .protocols = option_protocols::that_connect},
    ProbeOption{
        .name = "flow", .member = &ProbeOptions::flow, .protocols = option_protocols::with_flows, .over_proxy = false},
    ProbeOption{
        .name = "random_payload", .member = &ProbeOptions::random_payload, .protocols = option_protocols::with_payload},
};

/// The number of members: this does not compile when ProbeOptions has another number of them.
[[nodiscard]] inline std::size_t option_count() {
  const auto [protocol, family, port, source_port, source_v4, source_v6, device, ttl, tos, payload_size, pattern, mark,
              flow_label, dont_fragment, half_open, flow, random_payload] = ProbeOptions{};
  const auto all = std::tie(protocol, family, port, source_port, source_v4, source_v6, device, ttl, tos, payload_size,
                            pattern, mark, flow_label, dont_fragment, half_open, flow, random_payload);
  static_assert(std::tuple_size_v<decltype(all)> == std::tuple_size_v<decltype(probe_option_table)>,
                "each member of ProbeOptions has a row in probe_option_table");
  return std::tuple_size_v<decltype(all)>;
}

/// Calls `visit` with each row of the table.
template <class Visit>
constexpr void each_option(Visit&& visit) {
  std::apply([&visit](const auto&... option) { (visit(option), ...); }, probe_option_table);
}

/// The value of an option in words; empty for a switch, and for what has no short text.
[[nodiscard]] inline std::string value_text(const Address& value) { return value.to_string(); }
[[nodiscard]] inline std::string value_text(const std::string& value) { return value; }
[[nodiscard]] inline std::string value_text(bool) { return {}; }
[[nodiscard]] inline std::string value_text(Protocol value) { return std::string{to_string(value)}; }
[[nodiscard]] inline std::string value_text(Family value) { return std::string{to_string(value)}; }
[[nodiscard]] inline std::string value_text(const std::vector<std::uint8_t>&) { return {}; }
[[nodiscard]] std::string value_text(std::integral auto value) { return std::to_string(value); }
template <std::integral Number>
[[nodiscard]] std::string value_text(const std::optional<Number>& value) {
  return value ? std::to_string(*value) : std::string{};
}

}  // namespace multiping
