#!/bin/sh
# Follows README.md: compiles its first program by the command that it prints, against an installed multiping, runs it,
# and compares what it prints with the document. Round-trip times differ; all else must be the same.
# Usage: readme_test.sh SOURCE PREFIX WORK COMPILER; exit status 77 where this machine cannot show what the document does.
set -eu
source=$1 prefix=$2 work=$3 compiler=$4
here=$source/tests/docs

skip() {
  echo "SKIPPED docs.readme: $1"
  if [ -n "${MULTIPING_FORBID_SKIPS-}" ]; then exit 1; fi
  exit 77
}

rm -rf "$work"
mkdir -p "$work/bin"
cd "$work"
awk -v want=program -f "$here/program.awk" "$source/README.md" >program.cpp
awk -v want=output -f "$here/program.awk" "$source/README.md" >expected
command=$(sed -n 's/.*`\(c++ -std=c++20 program.cpp [^`]*\)`.*/\1/p' "$source/README.md")
if ! [ -s program.cpp ] || ! [ -s expected ] || [ -z "$command" ]; then
  echo "README.md has no program, no output or no command to compile it"
  exit 1
fi

pc=$(find "$prefix" -name multiping.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH LD_LIBRARY_PATH
# The document says c++; this test is about the compiler of this build.
printf '#!/bin/sh\nexec "%s" -Wall -Wextra -Werror "$@"\n' "$compiler" >bin/c++
chmod +x bin/c++
PATH=$work/bin:$PATH
export PATH
echo "$command"
sh -euc "$command"

grep -qs '^0*1 ' /proc/net/if_inet6 || skip "this machine has no ::1"
getent ahostsv4 localhost >/dev/null || skip "localhost has no address here"
status=0
./a.out >said 2>complaint || status=$?
if grep -q '^this process may not ping' complaint; then skip "$(head -n 1 complaint)"; fi
cat complaint
[ "$status" -eq 0 ]

without_times() { sed 's/[0-9.e-]* ms/... ms/' "$1"; }
without_times expected >expected.same
without_times said >said.same
diff -u expected.same said.same
