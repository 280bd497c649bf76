#!/bin/sh
# demo/run.sh, tests/run.sh and demo/install_packages.sh on machines that lack something, with stand-ins for apt-get and
# cmake: what is said, and when a build folder is configured anew.
# Usage: scripts_test.sh CHECKOUT
set -eu
source=$1
# shellcheck source=tests/commands/checks.sh
. "$(dirname "$0")/checks.sh"

checkout=$folder/checkout
mkdir -p "$checkout/demo" "$checkout/tests" "$folder/bin"
cp "$source"/demo/*.sh "$checkout/demo/"
cp "$source/tests/run.sh" "$checkout/tests/"

# A machine that has nothing but these.
for tool in sh sed grep cat cut dirname env id mkdir mktemp mv nproc rm tee tr true uname wc awk touch chmod; do
  ln -s "$(command -v $tool)" "$folder/bin/$tool"
done
PATH=$folder/bin
export PATH
unset CXX CXXFLAGS MULTIPING_BUILD_DIR MULTIPING_PRESET MULTIPING_FORBID_SKIPS || true

# stand_in NAME: a command that does what stdin says.
stand_in() {
  rm -f "$folder/bin/$1"
  { echo "#!$folder/bin/sh"; cat; } >"$folder/bin/$1"
  chmod +x "$folder/bin/$1"
}

# --- What is missing is one line, with the way to get it.
install=$checkout/demo/install_packages.sh
expect 1 "$install" g++ cmake
says err "^== Missing: g++ cmake (this is no Debian)"
lines err 1

stand_in id <<'EOF'
echo 1000
EOF
stand_in apt-get <<'EOF'
echo "$*" >>"${0%/bin/*}/apt"
echo "Reading package lists..."
echo "E: Failed to fetch http://mirror/InRelease  Temporary failure resolving 'mirror'" >&2
exit 100
EOF
expect 1 "$checkout/demo/run.sh"
says err "^== Missing: g++ cmake libboost-dev ninja-build (only root can install them). To get them: as root: apt-get install"
lines err 1
stand_in sudo <<'EOF'
echo "sudo: unable to resolve host fresh: Name or service not known" >&2
echo "sudo: a password is required" >&2
exit 1
EOF
expect 1 "$install" g++
says err "sudo: a password is required"
lines err 1
rm "$folder/bin/sudo"

stand_in id <<'EOF'
echo 0
EOF
expect 1 "$checkout/tests/run.sh"
says err "^== Missing: g++ cmake libboost-dev ninja-build libboost-test-dev (they could not be installed: .*resolving 'mirror')"
says err "To get them: apt-get install --no-install-recommends g++ cmake"
lines err 1
expect 0 "$install" --if-possible strace ruby
says out "^== Going on without: strace ruby"
lines err 0

# --- What is there by other means is not asked for.
rm "$folder/apt"
for tool in cmake ninja other++; do echo exit 0 | stand_in $tool; done
expect 0 env CXX="other++ -O1" "$install" cmake ninja-build g++ libboost-dev
[ ! -e "$folder/apt" ] || wrong "apt-get was called"

# --- Builds. The stand-in for cmake keeps its arguments, and what it builds is a demo that answers.
stand_in g++ <<'EOF'
exit 0
EOF
stand_in cmake <<'EOF'
case $1 in
  --build)
    printf '[1/2] one\n[2/2] two\n'
    if [ -e "${0%/bin/*}/broken" ]; then
      echo "two.cpp:1: error: broken"
      exit 1
    fi
    mkdir -p "$2/demo" "$2/src/apps/multiping"
    printf '#!%s/sh\necho "demo: $*"\n' "${0%/*}" >"$2/demo/multi_ping_demo"
    printf '#!%s/sh\necho "command: $*"\n' "${0%/*}" >"$2/src/apps/multiping/multiping"
    chmod +x "$2/demo/multi_ping_demo" "$2/src/apps/multiping/multiping"
    ;;
  *) echo "$*" >"${0%/bin/*}/configured" ;;
esac
EOF

# configures COMMAND...: succeeds, and has configured; with --fresh when $fresh is yes, and not at all when it is no.
configures() {
  rm -f "$folder/configured"
  expect 0 "$@"
  case $fresh in
    yes) grep -qs -e "--fresh" "$folder/configured" || wrong "was not configured anew: $*" ;;
    no) [ ! -e "$folder/configured" ] || wrong "was configured: $*" ;;
  esac
}

fresh=yes
configures "$checkout/demo/run.sh" host
says out "Building in $checkout/build/release: 10% .* 100%$"
says out "^demo: host$"
grep -q -e "-G Ninja" "$folder/configured" || wrong "not by ninja"
fresh=no
configures "$checkout/demo/run.sh"
says out "^demo: .*127.0.0.1"
says out "cannot answer"
says out "^command: -e 127.0.0.1$"
fresh=yes
configures env CXX=other++ "$checkout/demo/run.sh" host
configures env CXXFLAGS=-g "$checkout/demo/run.sh" host
mv "$checkout" "$folder/moved"
checkout=$folder/moved
configures "$checkout/demo/run.sh" host
rm "$folder/bin/ninja"
echo exit 0 | stand_in make
configures "$checkout/demo/run.sh" host
grep -q -e "-G Unix Makefiles" "$folder/configured" || wrong "not by make"

touch "$folder/broken"
expect 1 "$checkout/demo/run.sh" host
says err "two.cpp:1: error: broken"
rm "$folder/broken"

# --- A checkout that cannot be written to: root may write anywhere, but not make a folder where a file is.
rm -r "$checkout/build"
touch "$checkout/build"
expect 1 "$checkout/demo/run.sh" host
says err "^== Cannot write to $checkout/build/release; choose another folder: MULTIPING_BUILD_DIR="
lines err 1
configures env MULTIPING_BUILD_DIR="$folder/elsewhere" "$checkout/demo/run.sh" host
says out "Building in $folder/elsewhere/release"

# --- Help needs nothing.
for script in demo/run.sh tests/run.sh; do
  expect 0 "$checkout/$script" --help
  says out "^Usage: run.sh"
  says_nothing_like out "^set "
done
end
