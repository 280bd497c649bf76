// Files by read(2), names by resolve() and reverse_resolve(), all at once.
// See target_list.hpp.
#include "apps/multiping/target_list.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "apps/multiping/list_shard.hpp"
#include "apps/multiping/target_file.hpp"
#include "multiping/error.hpp"
#include "multiping/resolve.hpp"
#include "multiping/target.hpp"

namespace multiping::command {
namespace {

class File {
 public:
  explicit File(const std::string& path)
      : descriptor_{path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    if (descriptor_ < 0) throw std::system_error{errno, std::generic_category(), "cannot open " + path};
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

bool wants(const CommandOptions& options, const Address& address) noexcept {
  return options.probe.family == Family::any || options.probe.family == address.family();
}

RunTarget made_of(const TargetEntry& entry) {
  RunTarget target{.host = std::string{entry.host}, .port = entry.port, .group = entry.group};
  const auto address = Address::parse(entry.host);
  target.numeric = address.has_value();
  if (address) target.address = *address;
  if (entry.port == 0) return target;
  const bool is_v6 = entry.host.find(':') != std::string_view::npos;
  target.label = (is_v6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(entry.port);
  return target;
}

/// Whether a target belongs to this shard: by its text with the port, whatever it resolves to.
bool is_ours(const CommandOptions& options, const RunTarget& target) noexcept {
  return is_in_shard(target.shown(), options.shard);
}

void add_entry(const CommandOptions& options, const TargetEntry& entry, RunFigures& view) {
  RunTarget target = made_of(entry);
  if (is_ours(options, target)) view.targets.push_back(std::move(target));
}

void add_text(const CommandOptions& options, std::string_view text, RunFigures& view) {
  TargetText read;
  read_targets(text, options.probe.protocol != Protocol::icmp, read);
  view.targets.reserve(view.targets.size() + read.entries.size());
  for (const TargetEntry& entry : read.entries) add_entry(options, entry, view);
  view.groups = std::move(read.groups);
}

void add_words(const CommandOptions& options, RunFigures& view) {
  for (const std::string& word : options.targets)
    add_entry(options, to_target(word, options.probe.protocol != Protocol::icmp), view);
}

/// A number as "1" or "10.1" is no address here, and no name either.
std::vector<Resolution> resolve_all(const CommandOptions& options, const std::vector<RunTarget>& targets) {
  std::vector<std::string> names;
  for (const RunTarget& target : targets)
    if (!target.address) names.push_back(target.host);
  ResolveOptions how{.family = options.probe.family};
  return resolve(names, how);
}

/// Where targets go when their names were looked up.
struct Sorted {
  std::vector<RunTarget>& known;
  std::vector<RunTarget>& unresolved;
};

void place(const CommandOptions& options, RunTarget target, const Resolution& found, Sorted& into) {
  if (found.addresses.empty()) {
    target.error = found.error;
    into.unresolved.push_back(std::move(target));
    return;
  }
  const std::size_t count = options.all_addresses ? found.addresses.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    target.address = found.addresses[i];
    into.known.push_back(target);
  }
}

std::string label_of(const CommandOptions& options, const RunTarget& target, const std::string& name) {
  const Naming& naming = options.naming;
  const std::string& shown = name.empty() ? target.host : name;
  if (!naming.addresses) return shown == target.host ? std::string{} : shown;
  const std::string address = target.address.to_string();
  return naming.reverse_all || naming.reverse_numeric ? shown + " (" + address + ")" : address;
}

}  // namespace

std::string read_whole(const std::string& path) {
  const File file{path};
  constexpr std::size_t step = std::size_t{1} << 20U, most_reserved = std::size_t{1} << 28U;
  std::string text;
  struct stat found {};
  // The last read finds nothing, and has room for it.
  if (::fstat(file.descriptor(), &found) == 0 && S_ISREG(found.st_mode))
    text.reserve(std::min(static_cast<std::size_t>(found.st_size), most_reserved) + step);
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + step);
    const ssize_t got = ::read(file.descriptor(), text.data() + size, step);
    text.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "cannot read " + path};
  }
}

void look_up(const CommandOptions& options, std::vector<RunTarget>& targets, std::vector<RunTarget>& unresolved) {
  const bool all_known =
      std::ranges::all_of(targets, [&](const RunTarget& each) { return each.address && wants(options, each.address); });
  if (all_known) return;
  const std::vector<Resolution> found = resolve_all(options, targets);
  std::vector<RunTarget> kept;
  kept.reserve(targets.size());
  Sorted into{.known = kept, .unresolved = unresolved};
  std::size_t at = 0;
  for (RunTarget& target : targets) {
    if (!target.address) {
      place(options, std::move(target), found[at++], into);
    } else if (wants(options, target.address)) {
      kept.push_back(std::move(target));
    } else {
      target.error = Errc::no_address;
      unresolved.push_back(std::move(target));
    }
  }
  targets = std::move(kept);
}

void name_by_address(const CommandOptions& options, RunTarget& target) {
  if (options.naming.addresses && !target.numeric) target.label = label_of(options, target, {});
}

void set_labels(const CommandOptions& options, std::vector<RunTarget>& targets) {
  const Naming& naming = options.naming;
  if (!naming.addresses && !naming.reverse_all && !naming.reverse_numeric) return;
  const auto reversed = [&](const RunTarget& target) {
    return target.address && (naming.reverse_all || (naming.reverse_numeric && target.numeric));
  };
  std::vector<Address> addresses;
  for (const RunTarget& target : targets)
    if (reversed(target)) addresses.push_back(target.address);
  ResolveOptions how;
  if (options.mode == Mode::wait) how.budget = std::chrono::seconds{1};
  const std::vector<ReverseResolution> names = reverse_resolve(addresses, how);
  std::size_t at = 0;
  for (RunTarget& target : targets)
    if (target.address) target.label = label_of(options, target, reversed(target) ? names[at++].name : std::string{});
}

std::vector<Address> block_addresses(const CommandOptions& options) {
  const auto& words = options.targets;
  // Two words are the first and the last address.
  const bool range = words.size() == 2 && words[0].find('/') == std::string::npos;
  std::vector<Address> all;
  for (const std::string& block : range ? std::vector{words[0] + "-" + words[1]} : words) {
    std::vector<Address> found = expand(block);
    std::erase_if(found, [&](const Address& each) {
      return !wants(options, each) || (options.shard.count > 1 && !is_in_shard(each.to_string(), options.shard));
    });
    if (all.empty()) {
      all = std::move(found);
    } else {
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  return all;
}

void take_addresses(const CommandOptions& options, std::span<const Address> addresses, RunFigures& view) {
  view.targets.clear();
  view.targets.reserve(addresses.size());
  for (const Address& address : addresses)
    view.targets.push_back({.host = address.to_string(), .address = address, .numeric = true});
  set_labels(options, view.targets);
  view.figures.assign(view.targets.size(), {});
}

void make_targets(const CommandOptions& options, RunFigures& view) {
  if (options.file || options.targets.empty()) {
    add_text(options, read_whole(options.file.value_or("-")), view);
  } else {
    add_words(options, view);
  }
  // --wait looks names up by itself, again and again.
  if (options.mode != Mode::wait) look_up(options, view.targets, view.unresolved);
  set_labels(options, view.targets);
  view.totals.unresolved = view.unresolved.size();
  view.figures.resize(view.targets.size());
}

}  // namespace multiping::command
