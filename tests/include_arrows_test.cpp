// Checks that includes point only along the arrows between the rooms, and that pure rooms stay pure.
// Every source of include/, src/ and demo/ is read, and includes are followed to their end. The rules are one table.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(include_arrows_test)

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string_view>;

/// The folder of a room, and what its files may include.
struct Room {
  std::string_view folder;  ///< From the top level, with a slash at its end.
  Strings rooms{};          ///< The folders of the rooms that its files may include.
  bool pure = false;        ///< It and all that it includes see only the C++ standard library, and it reads no clock.
  Strings never{};          ///< Files and folders that its files do not reach, directly or through other files.
  std::string_view asio = {};  ///< The one file that may include Boost.Asio.
  bool beside = false;         ///< A program that uses the library from outside, or what programs share: not counted.
};

constexpr std::string_view include = "include/multiping/", base = "src/base/", values = "src/values/",
                           packet = "src/packet/", net = "src/net/", engine = "src/engine/", os = "src/os/",
                           broker = "src/broker/", icmp4em = "src/icmp4em/", resolve = "src/resolve/",
                           batch = "src/batch/", api = "src/api/", privileges = "src/apps/privileges/",
                           command = "src/apps/multiping/", daemon = "src/apps/multipingd/",
                           daemon_sandbox = "src/apps/multipingd/sandbox/",
                           daemon_broker = "src/apps/multipingd/broker/",
                           daemon_icmp4em = "src/apps/multipingd/icmp4em/", mtr_packet = "src/apps/mtr_packet/";

/// From the ground up: a room includes only rooms that stand before it, so that no arrow points up and none is a
/// circle.
const std::vector<Room>& rooms() {
  static const std::vector<Room> table = {
      {include, {}, true},
      {base, {include}},
      {values, {base, include}},
      {packet, {include}, true},
      {net, {packet, values, base, include}, true},
      {engine, {net, base, include}, true, {"src/net/packet_io.hpp", packet}},
      {os, {net, values, base, include}, false, {packet}},
      {broker, {os, packet, base, include}},
      {icmp4em, {net, packet, values, base, include}},
      {resolve, {base, include}, false, {}, "src/resolve/getaddrinfo_lookup.cpp"},
      {batch, {engine, net, os, resolve, broker, icmp4em, values, base, include}},
      {api, {batch, engine, resolve, values, base, include}},
      {privileges, {}, false, {}, {}, true},
      {daemon_sandbox, {privileges, os}},
      {daemon_broker, {broker, os, base, include}},
      {daemon_icmp4em, {icmp4em, os, packet, base, include}},
      {daemon, {daemon_broker, daemon_icmp4em, daemon_sandbox, icmp4em, os, base, include}},
      {command, {privileges, include}, false, {}, {}, true},
      {mtr_packet, {privileges, include}, false, {}, {}, true},
      {"demo/", {include}, false, {}, {}, true},
  };
  return table;
}
/// Of the library and the daemon.
constexpr std::size_t most_rooms = 16;
constexpr std::size_t most_arrows = 60;

/// The room with the longest folder that holds this file; nullptr when there is none.
const Room* room_of(std::string_view path) {
  const Room* found = nullptr;
  for (const Room& room : rooms())
    if (path.starts_with(room.folder) && (found == nullptr || room.folder.size() > found->folder.size())) found = &room;
  return found;
}

struct Include {
  std::string name;     ///< As it stands in the file.
  std::string path;     ///< Of a file of the project, from the top level; else empty.
  bool angled = false;  ///< In <>.
};

/// Where a name in an include leads to.
std::string path_of(const std::string& name) {
  if (name.starts_with("multiping/")) return "include/" + name;
  return name.find('/') == std::string::npos ? std::string{} : "src/" + name;
}

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex line{R"re((?:^|\n)\s*#\s*include\s*(["<])([^">]+)[">])re"};
  std::vector<Include> found;
  for (std::sregex_iterator at{text.begin(), text.end(), line}, end; at != end; ++at) {
    const std::string name = (*at)[2];
    const bool angled = (*at)[1] == "<";
    const bool own = !angled || name.starts_with("multiping/");
    found.push_back({.name = name, .path = own ? path_of(name) : "", .angled = angled});
  }
  return found;
}

struct File {
  std::string text;
  std::vector<Include> includes;
};
/// Files by their path from the top level.
using Tree = std::map<std::string, File>;

Tree tree_of(const std::vector<std::pair<std::string, std::string>>& texts) {
  Tree tree;
  for (const auto& [path, text] : texts) tree[path] = {text, includes_of(text)};
  return tree;
}

/// All files of the project that `path` includes, directly or through other files.
std::set<std::string> reached_from(const Tree& tree, const std::string& path) {
  std::set<std::string> reached;
  std::vector<std::string> open{path};
  while (!open.empty()) {
    const auto file = tree.find(open.back());
    open.pop_back();
    if (file == tree.end()) continue;
    for (const Include& each : file->second.includes)
      if (!each.path.empty() && reached.insert(each.path).second) open.push_back(each.path);
  }
  return reached;
}

/// Names of the C++ standard library have no dot and no slash.
bool is_standard(std::string_view name) { return name.find_first_of("./") == std::string_view::npos; }
bool is_asio(std::string_view name) { return name.starts_with("boost/asio") || name.starts_with("boost/system/"); }

bool has_arrow(const Room& from, const Room& to) {
  return &from == &to || std::ranges::find(from.rooms, to.folder) != from.rooms.end();
}

/// What is wrong with one include of a file; empty when nothing is.
std::string complaint(const std::string& path, const Room& room, const Include& each) {
  if (each.path.empty() && !each.angled) return "includes " + each.name + ", which is no path from src/";
  if (each.path.empty()) {
    const bool asio = is_asio(each.name) && room.asio == path;
    return each.name.starts_with("boost/") && !asio ? "may not include " + each.name : "";
  }
  const Room* to = room_of(each.path);
  return to != nullptr && has_arrow(room, *to) ? "" : "may not include " + each.name;
}

/// What is wrong with what a file reaches through its includes.
void check_reach(const Tree& tree, const std::string& path, const Room& room, std::vector<std::string>& wrong) {
  for (const std::string& reached : reached_from(tree, path)) {
    const bool banned = std::ranges::any_of(room.never, [&](auto start) { return reached.starts_with(start); });
    if (banned) wrong.push_back(path + " reaches " + reached);
    const auto file = tree.find(reached);
    if (!room.pure || file == tree.end()) continue;
    for (const Include& each : file->second.includes)
      if (each.angled && each.path.empty() && !is_standard(each.name))
        wrong.push_back(path + " reaches " + each.name + " through " + reached);
  }
}

bool reads_clock(const std::string& text) {
  static const std::regex clock{R"(_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\btime\((nullptr|NULL|0)\))"};
  return std::regex_search(text, clock);
}

/// Everything wrong with one file of the tree.
std::vector<std::string> violations(const Tree& tree, const std::string& path) {
  const Room* room = room_of(path);
  if (room == nullptr) return {path + " is in no room"};
  std::vector<std::string> wrong;
  const auto& [text, includes] = tree.at(path);
  for (const Include& each : includes) {
    if (const std::string what = complaint(path, *room, each); !what.empty()) wrong.push_back(path + " " + what);
    if (room->pure && each.angled && each.path.empty() && !is_standard(each.name))
      wrong.push_back(path + " may not include " + each.name);
  }
  if (room->pure && reads_clock(text)) wrong.push_back(path + " may not read a clock");
  check_reach(tree, path, *room, wrong);
  return wrong;
}

Tree project() {
  const fs::path root = MULTIPING_SOURCE_DIR;
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto* folder : {"include", "src", "demo"}) {
    for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
      const fs::path kind = entry.path().extension();
      if (kind != ".hpp" && kind != ".cpp") continue;
      std::ifstream in{entry.path()};
      texts.emplace_back(entry.path().lexically_relative(root).generic_string(),
                         std::string{std::istreambuf_iterator<char>{in}, {}});
    }
  }
  return tree_of(texts);
}

/// The pairs of rooms of which one includes the other.
std::set<std::pair<std::string_view, std::string_view>> arrows(const Tree& tree) {
  std::set<std::pair<std::string_view, std::string_view>> found;
  for (const auto& [path, file] : tree)
    for (const Include& each : file.includes) {
      const Room *from = room_of(path), *to = each.path.empty() ? nullptr : room_of(each.path);
      if (from != nullptr && to != nullptr && from != to) found.insert({from->folder, to->folder});
    }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_source_keeps_to_the_arrows) {
  const Tree tree = project();
  BOOST_TEST(tree.size() > 100U);
  for (const auto& [path, file] : tree)
    for (const std::string& what : violations(tree, path)) BOOST_ERROR(what);
}

BOOST_AUTO_TEST_CASE(rooms_include_only_rooms_before_them) {
  for (auto room = rooms().begin(); room != rooms().end(); ++room)
    for (const std::string_view to : room->rooms)
      BOOST_TEST(std::any_of(rooms().begin(), room, [&](const Room& before) { return before.folder == to; }),
                 room->folder << " may include " << to << ", which does not stand before it");
}

BOOST_AUTO_TEST_CASE(every_arrow_of_the_table_is_used_and_the_house_stays_small) {
  const auto used = arrows(project());
  std::size_t counted = 0, allowed = 0;
  for (const Room& room : rooms()) {
    counted += room.beside ? 0 : 1;
    allowed += room.beside ? 0 : room.rooms.size();
    for (const std::string_view to : room.rooms)
      BOOST_TEST(used.count({room.folder, to}) == 1U, room.folder << " does not include " << to << " any more");
  }
  BOOST_TEST(counted <= most_rooms);
  BOOST_TEST(allowed <= most_arrows);
}

BOOST_AUTO_TEST_CASE(includes_along_the_arrows_pass) {
  const std::pair<const char*, const char*> along[] = {
      {"src/packet/a.cpp", "#include <vector>\n#include \"packet/reader.hpp\"\n"},
      {"src/engine/a.hpp", "#include \"net/probe_transport.hpp\"\n#include \"multiping/address.hpp\""},
      {"src/net/packet_transport.cpp", "#include \"packet/icmp.hpp\""},
      {"src/os/a.cpp", "#include <sys/socket.h>\n#include \"net/packet_io.hpp\""},
      {"src/resolve/getaddrinfo_lookup.cpp", "#include <boost/asio/ip/udp.hpp>"},
      {"demo/a.cpp", "#include <multiping/multiping.hpp>"},
  };
  for (const auto& [path, text] : along) BOOST_TEST(violations(tree_of({{path, text}}), path).empty(), path);
}

/// The standard headers among `heavy` that a public header reaches.
std::vector<std::string> heavy_ones(const Tree& tree, const std::string& path, const Strings& heavy) {
  std::vector<std::string> found;
  std::set<std::string> files = reached_from(tree, path);
  files.insert(path);
  for (const std::string& name : files) {
    const auto file = tree.find(name);  // none: made by the build
    if (file == tree.end()) continue;
    for (const Include& each : file->second.includes)
      if (std::ranges::find(heavy, each.name) != heavy.end()) found.push_back(each.name + " in " + name);
  }
  return found;
}

/// <functional>, <memory> and <stop_token> take a compiler longer than all that a public value is made of.
BOOST_AUTO_TEST_CASE(public_values_do_not_bring_heavy_headers) {
  const Tree tree = project();
  const Strings shared = {"functional", "stop_token"}, all = {"functional", "stop_token", "memory"};
  const std::pair<const char*, Strings> light[] = {{"address", all},   {"duration", all},  {"protocol", all},
                                                   {"resolve", all},   {"error", all},     {"probe_options", all},
                                                   {"result", shared}, {"target", shared}, {"statistics", shared},
                                                   {"health", shared}, {"blame", all}};
  for (const auto& [header, heavy] : light)
    for (const std::string& what : heavy_ones(tree, std::string{include} + header + ".hpp", heavy))
      BOOST_ERROR(header << ".hpp brings " << what);
  BOOST_TEST(heavy_ones(tree, "include/multiping/options.hpp", shared).size() == 1U);  // Options::stop
}

/// One violation of each kind is planted; each must be found.
BOOST_AUTO_TEST_CASE(planted_violations_are_found) {
  const std::pair<const char*, const char*> planted[] = {
      {"include/multiping/a.hpp", "#include \"packet/reader.hpp\""},
      {"include/multiping/a.hpp", "#include <boost/asio.hpp>"},
      {"include/multiping/a.hpp", "#include <sys/socket.h>"},
      {"src/values/a.cpp", "#include \"net/instant.hpp\""},
      {"src/packet/a.hpp", "  #  include  \"net/probe_transport.hpp\""},
      {"src/packet/a.cpp", "#include <netinet/ip_icmp.h>"},
      {"src/packet/a.cpp", "auto t = std::chrono::system_clock::now();"},
      {"src/engine/a.cpp", "#include \"net/packet_io.hpp\""},
      {"src/engine/a.cpp", "#include \"packet/internet_checksum.hpp\""},
      {"src/engine/a.cpp", "#include <unistd.h>"},
      {"src/engine/a.cpp", "#include <linux/errqueue.h>"},
      {"src/engine/a.cpp", "auto t = std::chrono::steady_clock::now();"},
      {"src/engine/a.cpp", "clock_gettime(CLOCK_MONOTONIC, &t);"},
      {"src/net/packet_transport.cpp", "#include \"os/socket_basics.hpp\""},
      {"src/net/udp_protocol.cpp", "#include <sys/socket.h>"},
      {"src/os/a.cpp", "#include \"packet/internet_checksum.hpp\""},
      {"src/os/a.cpp", "#include \"resolve/pending_lookups.hpp\""},
      {"src/os/a.cpp", "#include \"broker/broker_frames.hpp\""},
      {"src/broker/a.cpp", "#include \"icmp4em/icmp4em_frames.hpp\""},
      {"src/broker/a.cpp", "#include \"engine/probe_table.hpp\""},
      {"src/icmp4em/a.cpp", "#include \"resolve/pending_lookups.hpp\""},
      {"src/resolve/a.hpp", "#include <boost/asio.hpp>"},
      {"src/resolve/getaddrinfo_lookup.cpp", "#include <boost/thread.hpp>"},
      {"src/resolve/getaddrinfo_lookup.cpp", "#include \"net/probe_transport.hpp\""},
      {"src/api/a.cpp", "#include \"net/probe_transport.hpp\""},
      {"src/api/a.cpp", "#include \"os/socket_basics.hpp\""},
      {"src/api/a.cpp", "#include <boost/asio.hpp>"},
      {"src/apps/multipingd/sandbox/a.cpp", "#include \"apps/multipingd/daemon_options.hpp\""},
      {"src/apps/multipingd/broker/a.cpp", "#include \"apps/multipingd/icmp4em/icmp4em_server.hpp\""},
      {"src/apps/mtr_packet/a.cpp", "#include \"os/socket_basics.hpp\""},
      {"demo/a.cpp", "#include \"engine/probe_table.hpp\""},
      {"src/a.cpp", ""},
      {"lib/a.cpp", ""},
  };
  for (const auto& [path, text] : planted)
    BOOST_TEST(!violations(tree_of({{path, text}}), path).empty(), path << " with " << text << " was let pass");
}

BOOST_AUTO_TEST_CASE(what_is_reached_through_other_files_is_found) {
  const Tree tree = tree_of({{"src/engine/a.cpp", "#include \"net/b.hpp\""},
                             {"src/net/b.hpp", "#include \"net/packet_io.hpp\""},
                             {"src/net/c.cpp", "#include \"base/d.hpp\""},
                             {"src/base/d.hpp", "#include <unistd.h>"}});
  BOOST_TEST(violations(tree, "src/engine/a.cpp").size() == 1U);
  BOOST_TEST(violations(tree, "src/net/c.cpp").size() == 1U);
  BOOST_TEST(violations(tree, "src/net/b.hpp").empty());
}

BOOST_AUTO_TEST_SUITE_END()
