// The network of the memory tests: hosts that answer, and routers that report other hosts as unreachable.
// The routers' errors have MPLS labels and interface information.
#pragma once

#include "netns/tun_device.hpp"
#include "sim/icmp_extension_data.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {

inline constexpr const char* labelled = "10.20.1.1";
inline constexpr const char* labelled_v6 = "fd20::1:1";

[[nodiscard]] inline Scenario labelling_network() {
  const std::vector<MplsLabel> stack = {{.label = 16'001, .ttl = 1}, {.label = 24, .bottom_of_stack = true, .ttl = 1}};
  const InterfaceInfo interface { .role = InterfaceInfo::Role::incoming, .name = "an-interface-with-a-long-name" };
  const IcmpExtensionData extension{.objects = {mpls_object(stack), interface_object(interface)}};
  const auto refusing = [&](const std::string& block, std::uint8_t type, std::uint8_t code) {
    return parts::only_error(block,
                             {.from = parts::router_of(block), .type = type, .code = code, .extension = extension});
  };
  Scenario scenario{.name = "memory"};
  scenario.hosts = {HostRule{.block = "10.20.0.0/24"}, HostRule{.block = "fd20::/120"}, refusing("10.20.1.0/24", 3, 1),
                    refusing("fd20::1:0/120", 1, 3)};
  return scenario;
}

}  // namespace multiping::test
