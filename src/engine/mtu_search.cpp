// Each router report takes the search one step on. Refusals of this host cost no time, so sizes are tried downwards.
// In a black hole many sizes are probed at once, since each step takes a whole timeout. See mtu_search.hpp.
#include "engine/mtu_search.hpp"

#include <algorithm>
#include <array>

namespace multiping::engine {
namespace {

/// Every IPv4 link carries this size (RFC 791). An answer to it shows that the target answers at all.
constexpr std::uint32_t smallest_size = 68;
constexpr std::uint32_t least_ipv6_mtu = 1280;  // RFC 8200 section 5
/// Bounds the search, which could go on for ever on a route that keeps changing.
constexpr int most_rounds = 200;

/// Usual MTUs of links and tunnels: loopback, jumbo frames, FDDI, Ethernet, and Ethernet minus PPPoE, tunnel, ESP and
/// VLAN headers.
constexpr std::array<std::uint32_t, 19> usual_sizes{576,  1280, 1300, 1330, 1350, 1380, 1400, 1420, 1440,  1450,
                                                    1460, 1472, 1480, 1492, 1500, 2002, 4352, 9000, 65'535};
constexpr std::uint32_t ipv6_loopback = 65'536;

/// The usual sizes strictly between `low` and `high`, and each of them plus one: where the path MTU is a usual size,
/// the two outcomes together prove it.
std::vector<std::uint32_t> ladder(std::uint32_t low, std::uint32_t high) {
  std::vector<std::uint32_t> sizes;
  const auto add = [&](std::uint32_t size) {
    if (size > low && size < high && (sizes.empty() || sizes.back() < size)) sizes.push_back(size);
  };
  for (const std::uint32_t size : usual_sizes) {
    add(size);
    add(size + 1);
  }
  add(ipv6_loopback + 1);
  return sizes;
}

bool is_usual(std::uint32_t size) noexcept { return std::ranges::binary_search(usual_sizes, size); }

/// At most `most` of `sizes`, evenly spread.
std::vector<std::uint32_t> some_of(const std::vector<std::uint32_t>& sizes, std::size_t most) {
  if (sizes.size() <= most) return sizes;
  std::vector<std::uint32_t> some;
  for (std::size_t i = 1; i <= most; ++i) some.push_back(sizes[sizes.size() * i / (most + 1)]);
  return some;
}

/// At most `most` of all sizes strictly between `low` and `high`, evenly spread.
std::vector<std::uint32_t> spread(std::uint32_t low, std::uint32_t high, std::size_t most) {
  const std::size_t count = high - low - 1;
  const std::size_t steps = std::min(count, most);
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 1; i <= steps; ++i)
    sizes.push_back(low + static_cast<std::uint32_t>((count + 1) * i / (steps + 1)));
  return sizes;
}

}  // namespace

MtuSearch::MtuSearch(const Rules& rules) : rules_{rules}, too_big_{largest_size(rules.family) + 1} {}

int MtuSearch::silences(std::uint32_t size) const noexcept {
  const auto found = silent_.find(size);
  return found == silent_.end() ? 0 : found->second;
}

void MtuSearch::told(std::uint32_t size, const Fate& fate) {
  if (over_) return;
  --awaited_;
  switch (fate.kind) {
    case Fate::Kind::fits:
      return told_fits(size);
    case Fate::Kind::refused:
      return limit_to(size);
    case Fate::Kind::reported:
      return told_report(size, fate);
    case Fate::Kind::silent:
      ++silent_[size];
      return;
  }
}

/// An answer is certain: a limit that contradicts it was false, or the path has changed.
void MtuSearch::told_fits(std::uint32_t size) {
  fits_ = std::max(fits_, size);
  silent_.erase(silent_.begin(), silent_.upper_bound(fits_));
  if (too_big_ <= fits_) {
    too_big_ = largest_size(rules_.family) + 1;
    reported_ = 0;
  }
  if (fits_ + 1 == too_big_) over_ = true;
}

void MtuSearch::limit_to(std::uint32_t size) noexcept {
  if (size <= fits_ || size >= too_big_) return;
  too_big_ = size;
  reported_ = 0;
}

/// A reported MTU that is not below the probed size, or is below the least MTU of a link or below an answered size,
/// only says that the probed size is too big.
void MtuSearch::told_report(std::uint32_t size, const Fate& fate) {
  const bool is_v6 = rules_.family == Family::ipv6;
  const std::uint32_t mtu = is_v6 && fate.mtu != 0 ? std::max(fate.mtu, least_ipv6_mtu) : fate.mtu;
  const bool believable = mtu >= smallest_size && mtu < size && mtu >= fits_;
  if (!believable) return limit_to(size);
  if (mtu + 1 >= too_big_) return;
  limit_to(mtu + 1);
  reported_ = mtu;
  reporter_ = fate.reporter;
  if (fits_ == mtu) over_ = true;
}

std::vector<std::uint32_t> MtuSearch::next_sizes() {
  if (over_ || awaited_ > 0) return {};
  auto sizes = plan();
  over_ = sizes.empty() || ++rounds_ > most_rounds;
  if (over_) return {};
  awaited_ = sizes.size();
  return sizes;
}

/// Returns no size when there is nothing left to probe.
MtuSearch::Sizes MtuSearch::plan() {
  if (fits_ == 0) return first_sizes();
  const auto silent = silent_.upper_bound(fits_);
  if (silent != silent_.end() && silent->first < too_big_) return below_silence(silent->first);
  return below_limit();
}

/// The smallest size shows whether the target answers at all. At the same time, the largest may draw a router's report.
MtuSearch::Sizes MtuSearch::first_sizes() const {
  if (silences(smallest_size) >= rules_.tries || too_big_ <= smallest_size) return {};
  Sizes sizes{smallest_size};
  if (too_big_ - 1 > smallest_size && silences(too_big_ - 1) == 0) sizes.push_back(too_big_ - 1);
  return sizes;
}

/// For when no size below too_big_ has stayed silent.
MtuSearch::Sizes MtuSearch::below_limit() const {
  if (fits_ + 1 == too_big_) return {};
  const bool none_refused = too_big_ > largest_size(rules_.family);
  if (none_refused || reported_ + 1 == too_big_) return {too_big_ - 1};
  const auto usual = ladder(fits_, too_big_);
  if (usual.empty()) return spread(fits_, too_big_, rules_.width);
  const auto largest = std::find_if(usual.rbegin(), usual.rend(), is_usual);
  return {largest != usual.rend() ? *largest : usual.back()};
}

/// Silence counts as loss until the size just above the largest answered one was probed `tries` times.
MtuSearch::Sizes MtuSearch::below_silence(std::uint32_t silent) const {
  const int left = rules_.tries - silences(silent);
  if (silent == fits_ + 1) return Sizes(static_cast<std::size_t>(std::max(left, 0)), silent);
  Sizes sizes = between(silent);
  if (left > 0) sizes.push_back(silent);
  return sizes;
}

MtuSearch::Sizes MtuSearch::between(std::uint32_t silent) const {
  const auto usual = ladder(fits_, silent);
  return usual.empty() ? spread(fits_, silent, rules_.width) : some_of(usual, rules_.width);
}

}  // namespace multiping::engine
