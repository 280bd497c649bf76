// Makes the targets of a run from the options: arguments, files, blocks, shards, names.
// It reads files and looks names up; it is called after privileges were given up.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/multiping/run_figures.hpp"

namespace multiping::command {

/// Reads all of a file; "-" is the standard input. Throws std::system_error, which names the file.
[[nodiscard]] std::string read_whole(const std::string& path);

/// The addresses of the blocks of -g that belong to this shard, in order. Throws std::invalid_argument for a block that
/// cannot be read.
[[nodiscard]] std::vector<Address> block_addresses(const CommandOptions& options);

/// Makes these addresses the targets.
void take_addresses(const CommandOptions& options, std::span<const Address> addresses, RunFigures& view);

/// Fills targets, groups, and unresolved with what has no address. Throws std::invalid_argument for a list or a block
/// that cannot be read, and std::system_error for a file. Not for -g.
void make_targets(const CommandOptions& options, RunFigures& view);

/// Looks up the address of each target that is a name and has none, and moves those that fail to `unresolved`. With -m
/// a name becomes as many targets as it has addresses.
void look_up(const CommandOptions& options, std::vector<RunTarget>& targets, std::vector<RunTarget>& unresolved);

/// Sets the label that -A asks for, where the address of a name has become known after set_labels().
void name_by_address(const CommandOptions& options, RunTarget& target);
/// Sets the labels that -A, -d and -n ask for. --wait takes only names that are found within a second.
void set_labels(const CommandOptions& options, std::vector<RunTarget>& targets);

}  // namespace multiping::command
