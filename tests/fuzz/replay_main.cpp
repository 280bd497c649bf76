// Runs every file of the given corpus folders through a harness, so that each test run replays earlier fuzzing results,
// with any compiler. It fails when a folder is missing or empty, since such a run tests nothing.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);  // the same order everywhere
  return files;
}

void replay(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) throw std::runtime_error("cannot read " + file.string());
  const std::vector<char> bytes{std::istreambuf_iterator<char>{in}, {}};
  std::vector<std::uint8_t> input(bytes.size());  // of exactly its size, so that a sanitizer finds a read past the end
  std::ranges::transform(bytes, input.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

bool replay_folder(const std::filesystem::path& folder) {
  const auto files = files_in(folder);
  for (const auto& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());  // names the file when the harness aborts
    replay(file);
  }
  std::printf("%s: %zu inputs\n", folder.c_str(), files.size());
  return !files.empty();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    bool all_there = argc > 1;
    for (int i = 1; i < argc; ++i) all_there = replay_folder(argv[i]) && all_there;
    return all_there ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
