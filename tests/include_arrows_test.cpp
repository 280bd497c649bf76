// Checks that includes point only along the arrows of the design, and that pure rooms stay pure.
// Every source of include/, src/ and demo/ is read; the rules are one table.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(include_arrows_test)

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string_view>;

/// What the files under one path may include. The first rule that fits a file holds.
struct Room {
  std::string_view path;       ///< Beginning of the file's path from the top level.
  Strings own;                 ///< Beginnings of what it may include as "...".
  bool standard_only = false;  ///< Of <...>, nothing but the C++ standard library.
  bool timeless = false;       ///< Reads no clock.
  bool asio = false;           ///< May include Boost.Asio, and the error codes that it speaks.
};

/// What belongs to direct_transport sees packets; the seams above and below it do not.
Room between_the_seams(std::string_view path) { return {path, {"net/", "packet/", "multiping/"}, true, true}; }

const std::vector<Room>& rooms() {
  static const std::vector<Room> table = {
      {"include/multiping/", {"multiping/"}, true, true},
      {"src/packet/", {"packet/", "multiping/"}, true, true},
      {"src/engine/",
       {"engine/", "net/transport.hpp", "net/instant.hpp", "net/make_room.hpp", "net/rare_queue.hpp",
        "net/shape_number.hpp", "multiping/", "signals_blocked.hpp"},
       true,
       true},
      between_the_seams("src/net/direct_transport"),
      between_the_seams("src/net/candidates"),
      between_the_seams("src/net/connection_speaker"),
      between_the_seams("src/net/echo_speaker"),
      between_the_seams("src/net/handshake_speaker"),
      between_the_seams("src/net/hearing"),
      between_the_seams("src/net/icmp_report"),
      between_the_seams("src/net/pattern_images"),
      between_the_seams("src/net/shape_table"),
      between_the_seams("src/net/udp_speaker"),
      {"src/net/", {"net/", "multiping/"}, true, true},
      {"src/linux/", {"linux/", "net/", "multiping/"}},
      {"src/proxy/", {"proxy/", "linux/", "net/", "packet/", "multiping/"}},
      {"src/resolve/resolver_asio.cpp", {"resolve/", "multiping/"}, false, false, true},
      {"src/resolve/", {"resolve/", "multiping/", "signals_blocked.hpp"}},
      // The files beside the rooms wire them together, and may see all of them.
      {"src/", {""}},
      {"demo/", {"multiping/"}},
  };
  return table;
}

const Room* room_of(std::string_view path) {
  const auto found = std::ranges::find_if(rooms(), [&](const Room& room) { return path.starts_with(room.path); });
  return found == rooms().end() ? nullptr : &*found;
}

bool quoted_allowed(const Room& room, std::string_view name) {
  return std::ranges::any_of(room.own, [&](std::string_view start) { return name.starts_with(start); });
}

/// Names of the C++ standard library have no dot and no slash.
bool angled_allowed(const Room& room, std::string_view name) {
  if (name.starts_with("boost/asio") || name.starts_with("boost/system/")) return room.asio;
  if (name.starts_with("boost/")) return false;
  if (name.starts_with("multiping/")) return quoted_allowed(room, name);
  return !room.standard_only || name.find_first_of("./") == std::string_view::npos;
}

bool reads_clock(std::string_view line) {
  static const std::regex clock{R"(_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\btime\((nullptr|NULL|0)\))"};
  return std::regex_search(line.begin(), line.end(), clock);
}

/// What is wrong with one line of a file in `room`; empty when nothing is.
std::string complaint(const Room& room, const std::string& line) {
  static const std::regex include{R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re"};
  std::smatch match;
  if (std::regex_search(line, match, include)) {
    const bool allowed = match[1] == "\"" ? quoted_allowed(room, match[2].str()) : angled_allowed(room, match[2].str());
    return allowed ? "" : "may not include " + match[2].str();
  }
  return room.timeless && reads_clock(line) ? "may not read a clock: " + line : "";
}

/// Everything wrong with a file's text, a line for each complaint.
std::vector<std::string> violations(const std::string& path, std::istream& text) {
  const Room* room = room_of(path);
  if (room == nullptr) return {path + " is in no room"};
  std::vector<std::string> found;
  for (std::string line; std::getline(text, line);) {
    if (const std::string what = complaint(*room, line); !what.empty()) found.push_back(path + " " + what);
  }
  return found;
}

std::vector<std::string> violations(const std::string& path, const std::string& text) {
  std::istringstream in{text};
  return violations(path, in);
}

std::vector<fs::path> sources(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    const fs::path kind = entry.path().extension();
    if (kind == ".hpp" || kind == ".cpp") found.push_back(entry.path());
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_source_keeps_to_the_arrows) {
  const fs::path root = MULTIPING_SOURCE_DIR;
  for (const auto* folder : {"include", "src", "demo"}) {
    const auto files = sources(root / folder);
    BOOST_TEST(!files.empty(), "no source in " << folder);
    for (const fs::path& file : files) {
      std::ifstream in{file};
      for (const auto& what : violations(file.lexically_relative(root).generic_string(), in)) BOOST_ERROR(what);
    }
  }
}

BOOST_AUTO_TEST_CASE(includes_along_the_arrows_pass) {
  BOOST_TEST(violations("src/packet/a.cpp", "#include <vector>\n#include \"packet/reader.hpp\"\n").empty());
  BOOST_TEST(
      violations("src/engine/a.hpp", "#include \"net/transport.hpp\"\n#include \"multiping/address.hpp\"").empty());
  BOOST_TEST(violations("src/net/direct_transport.cpp", "#include \"packet/icmp.hpp\"").empty());
  BOOST_TEST(violations("src/net/echo_speaker.hpp", "#include \"packet/icmp.hpp\"").empty());
  BOOST_TEST(violations("src/linux/a.cpp", "#include <sys/socket.h>\n#include \"net/packet_io.hpp\"").empty());
  BOOST_TEST(violations("src/resolve/resolver_asio.cpp", "#include <boost/asio/ip/udp.hpp>").empty());
  BOOST_TEST(violations("demo/a.cpp", "#include <multiping/multiping.hpp>").empty());
}

/// One planted violation of each kind; each must be found.
struct Planted {
  const char* path;
  const char* line;
};

BOOST_AUTO_TEST_CASE(planted_violations_are_found) {
  constexpr Planted planted[] = {
      {"include/multiping/a.hpp", "#include \"packet/reader.hpp\""},
      {"include/multiping/a.hpp", "#include <boost/asio.hpp>"},
      {"include/multiping/a.hpp", "#include <sys/socket.h>"},
      {"src/packet/a.hpp", "  #  include  \"net/transport.hpp\""},
      {"src/packet/a.cpp", "#include <netinet/ip_icmp.h>"},
      {"src/packet/a.cpp", "auto t = std::chrono::system_clock::now();"},
      {"src/engine/a.cpp", "#include \"net/packet_io.hpp\""},
      {"src/engine/a.cpp", "#include \"packet/checksum.hpp\""},
      {"src/engine/a.cpp", "#include <unistd.h>"},
      {"src/engine/a.cpp", "#include <linux/errqueue.h>"},
      {"src/engine/a.cpp", "auto t = std::chrono::steady_clock::now();"},
      {"src/engine/a.cpp", "clock_gettime(CLOCK_MONOTONIC, &t);"},
      {"src/net/transport.hpp", "#include \"packet/reader.hpp\""},
      {"src/net/packet_io.hpp", "#include \"packet/reader.hpp\""},
      {"src/net/instant.hpp", "#include \"packet/reader.hpp\""},
      {"src/net/direct_transport.cpp", "#include \"linux/socket.hpp\""},
      {"src/net/udp_speaker.cpp", "#include <sys/socket.h>"},
      {"src/linux/a.cpp", "#include \"packet/checksum.hpp\""},
      {"src/linux/a.cpp", "#include \"resolve/resolver.hpp\""},
      {"src/resolve/a.hpp", "#include <boost/asio.hpp>"},
      {"src/proxy/a.cpp", "#include \"resolve/resolver.hpp\""},
      {"src/resolve/resolver_asio.cpp", "#include <boost/thread.hpp>"},
      {"src/linux/a.cpp", "#include \"proxy/broker_frames.hpp\""},
      {"src/proxy/a.cpp", "#include \"engine/session.hpp\""},
      {"src/resolve/resolver_asio.cpp", "#include \"net/instant.hpp\""},
      {"src/multi_ping.cpp", "#include <boost/asio.hpp>"},
      {"demo/a.cpp", "#include \"engine/session.hpp\""},
      {"lib/a.cpp", ""},
  };
  for (const auto& [path, line] : planted) {
    BOOST_TEST(violations(path, std::string{line}).size() == 1U, path << " with " << line << " was let pass");
  }
}

BOOST_AUTO_TEST_SUITE_END()
