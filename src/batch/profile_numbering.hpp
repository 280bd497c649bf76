// Gives numbers to the distinct ProbeOptions in use: equal options share a number.
// The number of options without a user goes to other options later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/fifo_with_removal.hpp"
#include "multiping/options.hpp"
#include "net/per_packet_options.hpp"
#include "net/profile_number.hpp"

namespace multiping {

/// The options of one probe, as the profile that it shares with others and what its packet differs in. Probes of all
/// TTLs share a profile; probes of nearly the same size, too.
struct SplitOptions {
  ProbeOptions profile{};
  net::PacketOptions packet{};
};
[[nodiscard]] SplitOptions split(const ProbeOptions& probe);

class Profiles {
 public:
  /// A number, as acquire() returns it.
  struct Numbered {
    net::ProfileNumber number = 0;
    bool fresh = false;  ///< note_known() was not called for these options yet.
  };
  /// The number of `options`, for one more user. Throws std::bad_alloc, with nothing changed, when there is no memory
  /// for one more, or when all net::most_profiles numbers are in use.
  [[nodiscard]] Numbered acquire(const ProbeOptions& options);
  /// Records that the transport knows the options of this number.
  void note_known(net::ProfileNumber number) noexcept { entries_[number].known = true; }
  /// One user less. After the last user, the number stays with these options until other options need it.
  void release(net::ProfileNumber number) noexcept;

  [[nodiscard]] const ProbeOptions& operator[](net::ProfileNumber number) const noexcept {
    return entries_[number].options;
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// All of them, in the order of their numbers.
  [[nodiscard]] std::vector<ProbeOptions> take() &&;

 private:
  struct Entry {
    ProbeOptions options{};
    std::size_t users = 0;
    bool known = false;
  };
  [[nodiscard]] std::optional<net::ProfileNumber> find(const ProbeOptions& options) const;
  [[nodiscard]] net::ProfileNumber add(Entry entry);
  [[nodiscard]] net::ProfileNumber replace_idle(Entry entry) noexcept;

  std::vector<Entry> entries_;
  engine::FifoWithRemoval idle_;  ///< Numbers without a user; the one that has been idle for longest comes first.
  std::size_t idle_count_ = 0;
  std::unordered_multimap<std::size_t, net::ProfileNumber> by_hash_;
};

}  // namespace multiping
