// Checks the texts of --trace, --mtu, --why and --check, and that all text arrives where it shall.
// Texts are pure; Output is tested with files, devices and pipes.
#include "apps/multiping/trace_mtu_wait_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "apps/multiping/output_streams.hpp"

BOOST_AUTO_TEST_SUITE(trace_mtu_wait_text_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;

Result answer(const char* responder, Duration rtt = 410us) {
  return {.address = *Address::parse("192.0.2.1"),
          .outcome = Outcome::ttl_expired,
          .rtt = rtt,
          .responder = *Address::parse(responder),
          .icmp = std::make_shared<IcmpError>(IcmpError{.type = 11})};
}

Result silent() { return {.address = *Address::parse("192.0.2.1"), .outcome = Outcome::no_reply}; }

/// A folder that ends with the test.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("multiping." + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directory(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string operator/(const char* name) const { return (path / name).string(); }
};

std::string text_of(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_route_is_a_table) {
  Result labelled = answer("198.51.100.2");
  labelled.icmp = std::make_shared<IcmpError>(IcmpError{.type = 11, .mpls = {{.label = 16004}, {.label = 24001}}});
  const Route route{
      .host = "example.org",
      .address = *Address::parse("192.0.2.1"),
      .hops = {{.ttl = 1, .probes = {answer("198.51.100.1"), answer("198.51.100.1")}, .names = {"r1", "r1"}},
               {.ttl = 2, .probes = {silent(), silent()}},
               {.ttl = 3, .probes = {labelled, silent()}}}};
  BOOST_TEST(route_text(route, {}) ==
             "route to example.org (192.0.2.1)\n"
             "  1  r1 (198.51.100.1)  0.410 ms 0.410 ms\n"
             "  2  * *\n"
             "  3  198.51.100.2  0.410 ms *, MPLS 16004 24001\n"
             "     not reached\n");
  const std::array flows = {0, 2};
  BOOST_TEST(route_text({.host = "192.0.2.1", .address = *Address::parse("192.0.2.1"), .reached = true}, flows) ==
             "route to 192.0.2.1, flows 0, 2\n");
}

BOOST_AUTO_TEST_CASE(names_of_routers_are_made_fit_for_a_terminal) {
  const Route route{.host = "h", .hops = {{.ttl = 1, .probes = {answer("198.51.100.1")}, .names = {"\x1b[2J"}}}};
  BOOST_TEST(route_text(route, {}).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_path_mtu_is_a_line) {
  const Address address = *Address::parse("192.0.2.1");
  BOOST_TEST(
      path_mtu_line({.host = "h", .address = address, .mtu = 1400, .limiting_hop = *Address::parse("198.51.100.1")}) ==
      "h (192.0.2.1) : path MTU 1400, limited by 198.51.100.1");
  BOOST_TEST(path_mtu_line({.host = "192.0.2.1", .address = address, .unfinished = true, .fits = 1280}) ==
             "192.0.2.1 : at least 1280, the search was not ended");
  BOOST_TEST(path_mtu_line({.host = "192.0.2.1", .address = address}) == "192.0.2.1 : no answer");
}

BOOST_AUTO_TEST_CASE(a_cause_is_told_in_words) {
  Result result = silent();
  result.cause = Cause::gateway_silent;
  result.cause_address = *Address::parse("198.51.100.1");
  BOOST_TEST(why_text(result, nullptr) == "the gateway of this host does not answer (198.51.100.1)");
  result.cause = Cause::unknown;
  BOOST_TEST(why_text(result, nullptr) == "nothing shows that the gateway of this host is alive (198.51.100.1)");
  const Route route{.hops = {{.ttl = 4, .probes = {answer("198.51.100.7")}}}};
  BOOST_TEST(why_text(silent(), &route) == "the last hop that answers is 198.51.100.7 (hop 4)");
  BOOST_TEST(why_text(silent(), nullptr) == "no answer, and nothing is known of the cause");
  Result failed{.outcome = Outcome::send_failed, .error = std::make_error_code(std::errc::network_unreachable)};
  BOOST_TEST(why_text(failed, nullptr) == "this host did not send the probe: Network is unreachable");
}

BOOST_AUTO_TEST_CASE(a_file_takes_its_place_as_a_whole) {
  const Folder folder;
  const std::string file = folder / "metrics";
  {
    Output output{file};
    output.write("first\n");
    output.commit();
  }
  BOOST_TEST(text_of(file) == "first\n");
  {
    Output abandoned{file};
    abandoned.write("second\n");
    abandoned.flush();
    BOOST_TEST(text_of(file) == "first\n");
  }
  BOOST_TEST(text_of(file) == "first\n");
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{folder.path}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(a_link_stays_and_its_file_is_replaced) {
  const Folder folder;
  std::filesystem::create_symlink(folder / "real", folder / "link");
  std::ofstream{folder / "real"} << "old";
  Output output{folder / "link"};
  output.write("new");
  output.commit();
  BOOST_TEST(text_of(folder / "real") == "new");
  BOOST_TEST(std::filesystem::is_symlink(folder / "link"));
}

BOOST_AUTO_TEST_CASE(a_device_is_not_replaced_and_a_full_disk_is_told) {
  Output output{"/dev/full"};
  output.write("text");
  BOOST_CHECK_EXCEPTION(output.commit(), std::system_error, [](const std::system_error& error) {
    return std::string{error.what()} == "cannot write to /dev/full: No space left on device";
  });
  BOOST_TEST(std::filesystem::is_character_file("/dev/full"));
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_is_named) {
  BOOST_CHECK_EXCEPTION(Output{"/nonexistent/file"}, std::system_error, [](const std::system_error& error) {
    return std::string{error.what()} == "cannot write to /nonexistent/file: No such file or directory";
  });
}

BOOST_AUTO_TEST_CASE(a_pipe_without_a_reader_ends_in_silence) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  ::close(ends[0]);
  Output output{ends[1], "a pipe"};
  output.write("text");
  BOOST_CHECK_THROW(output.flush(), ClosedPipe);
  ::close(ends[1]);
}

BOOST_AUTO_TEST_SUITE_END()
