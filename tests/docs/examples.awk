# Makes one C++ source of the programs in documents, so that a compiler reads them: blocks of ```cpp in Markdown, and
# .EX to .EE with C++ in manual pages. A whole program becomes a function; a fragment is put into one, which has the
# variables that fragments speak of.
# Usage: awk -f examples.awk README.md multiping.3 ... >examples.cpp
BEGIN {
  print "// Made by examples.awk from the documents. Nothing here is run."
  print "#include <multiping/multiping.hpp>\n#include <iostream>\n#include <span>\n#include <poll.h>"
  print "using namespace std::chrono_literals;"
  print "extern std::vector<std::string> hosts;"
  print "extern std::vector<multiping::Result> no_responses;"
  print "extern std::stop_source stop;"
  print "extern int my_own_socket;"
}

/^```cpp/ || /^\.EX/ { inside = 1; code = ""; whole = 0; start = FNR + 1; next }
(/^```/ || /^\.EE/) && inside { finish(); inside = 0; next }
!inside { next }

FILENAME ~ /\.[0-9]$/ { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); gsub(/\\&/, "") }
/^#include/ || /^using namespace std::chrono_literals;/ { next }
/^int main\(/ { whole = 1; sub(/main/, "example_main") }
{ code = code $0 "\n" }

# Output of a program is a block of its own, without C++ in it.
function finish() {
  if (code !~ /[;{]\n/) return
  printf "\nnamespace example_%d {\n", ++count
  printf "#line %d \"%s\"\n", start, FILENAME
  if (whole) {
    printf "%s", code
  } else {
    print "void fragment() {"
    printf "#line %d \"%s\"\n%s}\n", start, FILENAME, code
  }
  print "}  // namespace"
}
