// Reads the hops of a network from the output of another program, and compares two such views.
// For the tests that compare multiping with Debian's traceroute and mtr.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "multiping/result.hpp"

namespace multiping::test {
inline namespace hop_views {

/// By TTL: the responder and its labels, as "10.1.0.2 16001/0/1/1". Silent hops are not in it.
using View = std::map<int, std::string>;

/// A responder and the labels that it appended.
inline std::string words_of(const Result& result) {
  std::ostringstream text;
  text << result.responder;
  for (const MplsLabel& label : result.icmp ? result.icmp->mpls : std::vector<MplsLabel>{})
    text << ' ' << label.label << '/' << unsigned{label.traffic_class} << '/' << label.bottom_of_stack << '/'
         << unsigned{label.ttl};
  return text.str();
}

inline std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): only commands of this test
  BOOST_REQUIRE(pipe != nullptr);
  std::string text;
  for (int byte = std::fgetc(pipe); byte != EOF; byte = std::fgetc(pipe)) text += static_cast<char>(byte);
  ::pclose(pipe);
  return text;
}

/// The hops that traceroute(1) prints, in lines such as " 2  10.1.0.2 <MPLS:L=16001,E=0,S=1,T=1>  1.8 ms". Further
/// labels follow a slash.
inline View seen_by_traceroute(const std::string& arguments) {
  std::istringstream lines{output_of("traceroute -n -e -q 1 " + arguments)};
  const std::regex format{R"(\s*(\d+)\s+(\S+)\s+(?:<(\S*)>\s+)?\S+ ms.*)"};
  const std::regex entry{R"(L=(\d+),E=(\d+),S=(\d+),T=(\d+))"};
  View view;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, format)) continue;
    std::string& words = view[std::stoi(match[1])] = match[2];
    const std::string stack = match[3];
    for (std::sregex_iterator each{stack.begin(), stack.end(), entry}, end; each != end; ++each)
      words += " " + (*each)[1].str() + "/" + (*each)[2].str() + "/" + (*each)[3].str() + "/" + (*each)[4].str();
  }
  return view;
}

inline void check_same(const std::string& who, const View& theirs, const View& ours) {
  BOOST_TEST_CONTEXT(who) {
    BOOST_TEST(theirs.size() == ours.size());
    for (const auto& [ttl, words] : ours) {
      const auto found = theirs.find(ttl);
      const std::string said = found == theirs.end() ? "nothing" : found->second;
      BOOST_TEST(said == words, "ttl " << ttl << ": " << said << ", not " << words);
    }
  }
}

}  // namespace hop_views
}  // namespace multiping::test
