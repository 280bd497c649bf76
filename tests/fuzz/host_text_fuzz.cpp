// Fuzzes the text of a host or a block: no text may crash the parser, and a parsed address reads the same when printed.
// The same text is read as an address, a name and a block.
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/host_name_syntax.hpp"
#include "fuzz/fuzz.hpp"
#include "multiping/address.hpp"
#include "multiping/target.hpp"

namespace {

using namespace multiping;

void check_address(std::string_view text) {
  const auto address = Address::parse(text);
  const auto host = read_host(text);
  fuzz::require((host.kind == HostText::address) == address.has_value());
  if (!address) return;
  fuzz::require(address->family() != Family::any);
  fuzz::require(Address::parse(address->to_string()) == address);
}

void check_block(std::string_view text) {
  try {
    const auto hosts = expand(text);
    for (std::size_t i = 1; i < hosts.size() && i < 1000; ++i) fuzz::require(hosts[i - 1] < hosts[i]);
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_address(text);
  if (size < 64) check_block(text);
  return 0;
}
