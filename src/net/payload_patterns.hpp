// The payloads of probes as their patterns alone fill them. Profiles with the same pattern share one piece of memory,
// whatever their sizes, since a shorter payload is the beginning of a longer one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace multiping::net {

class PayloadPatterns {
 public:
  /// Keeps the bytes of an image alive.
  using Owner = std::shared_ptr<const std::vector<std::uint8_t>>;

  /// Returns `size` bytes of `pattern`, repeated; zeros for an empty pattern. They are valid for as long as `owner`
  /// lives. Throws std::bad_alloc, with nothing changed.
  [[nodiscard]] std::span<const std::uint8_t> image(const std::vector<std::uint8_t>& pattern, std::size_t size,
                                                    Owner& owner);
  /// The bytes that all images here take.
  [[nodiscard]] std::size_t kept() const noexcept;

 private:
  void give_up_unused();

  std::map<std::vector<std::uint8_t>, Owner> images_;
  std::size_t give_up_at_ = 16;  ///< The number of images at which the unused ones are erased.
};

}  // namespace multiping::net
