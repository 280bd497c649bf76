// Numbers for the distinct ProbeOptions in use.
// See shapes.hpp.
#include "shapes.hpp"

#include <functional>
#include <limits>
#include <string>
#include <utility>

namespace multiping {
namespace {

constexpr std::size_t most_numbers = std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1;
/// So many may be idle before the first of them goes to other options: a socket may stand behind each.
constexpr std::size_t most_idle = 16;

std::size_t hash(const ProbeOptions& options) noexcept {
  std::size_t sum = options.payload_size + std::hash<std::string>{}(options.device);
  for (const int part : {static_cast<int>(options.protocol), options.ttl.value_or(0), options.tos, options.port,
                         options.source_port, static_cast<int>(options.flow_label.value_or(0)),
                         static_cast<int>(options.mark.value_or(0)), static_cast<int>(options.flow.value_or(0))})
    sum = sum * 65'599 + static_cast<unsigned>(part);
  for (const std::uint8_t octet : options.pattern) sum = sum * 65'599 + octet;
  for (const Address& source : {options.source_v4, options.source_v6})
    sum = sum * 65'599 + std::hash<Address>{}(source);
  return sum;
}

}  // namespace

std::optional<std::uint16_t> Shapes::find(const ProbeOptions& options) const {
  const auto [first, last] = by_hash_.equal_range(hash(options));
  for (auto alike = first; alike != last; ++alike)
    if (entries_[alike->second].options == options) return alike->second;
  return std::nullopt;
}

/// A number whose options nobody needs any more, or a new one.
std::optional<std::uint16_t> Shapes::free_number() {
  if (idle_.size() < most_idle && entries_.size() < most_numbers) {
    entries_.emplace_back();
    return static_cast<std::uint16_t>(entries_.size() - 1);
  }
  if (idle_.empty()) return std::nullopt;
  const std::uint16_t number = idle_.front();
  idle_.pop_front();
  const auto [first, last] = by_hash_.equal_range(hash(entries_[number].options));
  auto own = first;
  while (own != last && own->second != number) ++own;
  by_hash_.erase(own);
  return number;
}

std::optional<Shapes::Numbered> Shapes::acquire(const ProbeOptions& options) {
  if (const auto known = find(options)) {
    Entry& entry = entries_[*known];
    if (entry.users++ == 0) idle_.erase(entry.idle);
    return Numbered{.number = *known, .fresh = false};
  }
  const auto number = free_number();
  if (!number) return std::nullopt;
  by_hash_.emplace(hash(options), *number);
  entries_[*number] = {.options = options, .users = 1, .idle = {}};
  return Numbered{.number = *number, .fresh = true};
}

void Shapes::release(std::uint16_t number) {
  Entry& entry = entries_[number];
  if (--entry.users == 0) entry.idle = idle_.insert(idle_.end(), number);
}

std::vector<ProbeOptions> Shapes::take() && {
  std::vector<ProbeOptions> all;
  all.reserve(entries_.size());
  for (Entry& entry : entries_) all.push_back(std::move(entry.options));
  return all;
}

}  // namespace multiping
