// Keeps one image for each pattern; a longer one replaces it when it is too short.
// See payload_patterns.hpp.
#include "net/payload_patterns.hpp"

#include <algorithm>
#include <utility>

#include "packet/probe_tags.hpp"

namespace multiping::net {
namespace {

constexpr std::size_t largest_payload = 65'535;

}  // namespace

/// An image that is too short is replaced by one of at least twice the length, so that sizes that grow byte by byte
/// cost only a few images.
std::span<const std::uint8_t> PayloadPatterns::image(const std::vector<std::uint8_t>& pattern, std::size_t size,
                                                     Owner& owner) {
  const auto known = images_.find(pattern);
  if (known != images_.end() && known->second->size() >= size) {
    owner = known->second;
    return std::span{*owner}.first(size);
  }
  const std::size_t before = known == images_.end() ? 0 : known->second->size();
  const std::size_t length = std::max(size, std::min(2 * before, largest_payload));
  auto made = std::make_shared<const std::vector<std::uint8_t>>(packet::pattern_image(pattern, length));
  if (known == images_.end()) {
    give_up_unused();
    images_.emplace(pattern, made);
  } else {
    known->second = made;
  }
  owner = std::move(made);
  return std::span{*owner}.first(size);
}

void PayloadPatterns::give_up_unused() {
  if (images_.size() < give_up_at_) return;
  std::erase_if(images_, [](const auto& image) { return image.second.use_count() == 1; });
  give_up_at_ = std::max(give_up_at_, 2 * images_.size());
}

std::size_t PayloadPatterns::kept() const noexcept {
  std::size_t bytes = 0;
  for (const auto& [pattern, image] : images_) bytes += image->size();
  return bytes;
}

}  // namespace multiping::net
