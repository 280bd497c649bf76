#!/bin/bash
# Compiles multiping for other machines with Debian's cross compilers and runs the unit and simulator tests there, on
# this kernel where it can, else by qemu-user. Installs what is missing first (Debian 12; root, or sudo).
# Usage: tests/portability.sh [i386|arm64|s390x|i386-sources|musl]...   (all of them when none is named)
# The last two only read the sources of the library, with every warning an error: with 32-bit types, and with musl's
# headers. The last line says what passed and what failed; the exit status says the same.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
exec </dev/null

work=${MULTIPING_BUILD_DIR:-$PWD/build}/portability
jobs=$(nproc)
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion"

usage() {
  sed -n '2,6s/^# //p' "$0"
  exit "$1"
}

# Folders of the host that hold headers for any machine; all of /usr/include would bring the host's own C library in.
link_headers() {
  local folder=$1 target
  shift
  rm -rf "$folder"
  mkdir -p "$folder"
  for target in "$@"; do ln -s "$target" "$folder/" || return; done
}

# compiler_of ARCH: what Debian calls it, and what qemu does.
compiler_of() {
  case $1 in
    i386) echo i686-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
    s390x) echo s390x-linux-gnu ;;
  esac
}
# emulator_of ARCH: what runs its programs, as a list of CMake's. Most amd64 kernels run those of i386 themselves.
emulator_of() {
  local root loader
  root=/usr/$(compiler_of "$1")
  loader=$root/lib/ld-linux.so.2
  case $1 in
    i386)
      if "$loader" --version >/dev/null 2>&1; then
        echo "$loader;--library-path;$root/lib"
      else
        echo "qemu-i386;-L;$root"
      fi
      ;;
    arm64) echo "qemu-aarch64;-L;$root" ;;
    s390x) echo "qemu-s390x;-L;$root" ;;
  esac
}

configure() {
  local arch=$1 triple
  triple=$(compiler_of "$arch")
  demo/install_packages.sh cmake ninja-build libboost-dev qemu-user "g++-$triple" || return
  link_headers "$work/headers" /usr/include/boost || return
  cmake -S . -B "$work/$arch" -G Ninja -D CMAKE_BUILD_TYPE=None \
    -D CMAKE_SYSTEM_NAME=Linux -D CMAKE_SYSTEM_PROCESSOR="$arch" \
    -D CMAKE_CXX_COMPILER="$triple-g++" -D CMAKE_CXX_FLAGS="-O1 $warnings -Wsign-conversion -Werror -Wno-psabi" \
    -D CMAKE_CROSSCOMPILING_EMULATOR="$(emulator_of "$arch")" \
    -D Boost_NO_BOOST_CMAKE=ON -D Boost_INCLUDE_DIR="$work/headers" -D MULTIPING_BOOST_TEST_HEADERS_ONLY=ON \
    -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=20 \
    -D MULTIPING_BUILD_DAEMON=OFF -D MULTIPING_BUILD_COMMAND=OFF -D MULTIPING_BUILD_DEMO=OFF -D MULTIPING_INSTALL=OFF
}

build() { timeout 3600 cmake --build "$work/$1" --target "${@:2}"; }

tests() {
  configure "$1" && build "$1" multiping_unit multiping_sim || return
  local without=()
  if [[ $(emulator_of "$1") == qemu* ]]; then
    echo "unit.multi_ping_test is left out: it asks the loopback, and qemu-user lacks some socket options (SO_LOCK_FILTER)"
    without=(--exclude-regex '^unit[.]multi_ping_test$')
  fi
  timeout 7200 ctest --test-dir "$work/$1" --label-regex '^(unit|sim)$' "${without[@]}" --parallel "$jobs" \
    --output-on-failure --no-tests=error
}

# read_sources COMPILER FLAGS...: the library's, as CMake lists them, as many at once as its unity builds take.
read_sources() {
  local parts=$work/parts
  rm -rf "$parts"
  mkdir -p "$parts"
  sed -n '/^target_sources(/,/^)/s/^ *\([a-z0-9_/]*\.cpp\)$/#include "\1"/p' src/CMakeLists.txt >"$parts/all"
  files=$(wc -l <"$parts/all")
  if [ "$files" -lt 50 ]; then
    echo "only $files sources were found in src/CMakeLists.txt"
    return 1
  fi
  split --lines=20 --additional-suffix=.cpp "$parts/all" "$parts/part_"
  # shellcheck disable=SC2086  # A list of words on purpose.
  printf '%s\n' "$parts"/part_*.cpp |
    xargs -P "$jobs" -n 1 "$@" -std=c++20 -fsyntax-only $warnings -Werror -I include -I src
}

# With times of 64 bits, as CMake compiles them, and of 32, as C libraries have them that know no others.
i386_sources() {
  demo/install_packages.sh g++-i686-linux-gnu libboost-dev || return
  link_headers "$work/headers" /usr/include/boost || return
  local compiler=(i686-linux-gnu-g++ -isystem "$work/headers")
  read_sources "${compiler[@]}" -Wsign-conversion -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 || return
  read_sources "${compiler[@]}" -Wsign-conversion || return
  echo "$files sources of the library compile without a warning for i386, with 64-bit times and with 32-bit ones"
}

# Debian has no C++ library that was built for musl, so nothing can be linked. What can be said is whether the sources
# agree with musl's headers: they are read with those of GCC's C++ library, adapted as its own configure script would.
# Without -Wsign-conversion, which musl's own macros do not pass.
musl() {
  demo/install_packages.sh g++ musl-dev libboost-dev linux-libc-dev || return
  local machine version
  machine=$(g++ -print-multiarch)
  version=$(g++ -dumpversion)
  link_headers "$work/musl" /usr/include/boost /usr/include/linux /usr/include/asm-generic \
    "/usr/include/$machine/asm" || return
  cat >"$work/musl/adapted.h" <<'END'
#include <features.h>
#define __GLIBC_PREREQ(major, minor) 0
#include <locale.h>
typedef locale_t __locale_t;
enum { _ISupper = 1, _ISlower = 2, _ISalpha = 4, _ISdigit = 8, _ISxdigit = 16, _ISspace = 32, _ISprint = 64,
       _IScntrl = 128, _ISpunct = 256, _ISblank = 512 };
#include <bits/c++config.h>
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK
END
  read_sources g++ -nostdinc -nostdinc++ -include "$work/musl/adapted.h" \
    -isystem "/usr/include/c++/$version" -isystem "/usr/include/$machine/c++/$version" \
    -isystem "/usr/include/${machine%-gnu}-musl" \
    -isystem "$(dirname "$(g++ -print-libgcc-file-name)")/include" -isystem "$work/musl" || return
  echo "$files sources of the library agree with the headers of musl; they were not linked, and nothing was run:" \
    "Debian has no C++ library for musl"
}

run() {
  case $1 in
    i386 | arm64 | s390x) tests "$1" ;;
    i386-sources) i386_sources ;;
    musl) musl ;;
  esac
}

for name in "$@"; do
  case $name in
    i386 | arm64 | s390x | i386-sources | musl) ;;
    -h | --help) usage 0 ;;
    *)
      echo "portability.sh: no such machine: $name" >&2
      usage 2 >&2
      ;;
  esac
done
[ $# -gt 0 ] || set -- i386-sources musl i386 arm64 s390x

passed=()
failed=()
for name in "$@"; do
  echo "==== $name"
  start=$SECONDS
  if run "$name"; then passed+=("$name"); else failed+=("$name"); fi
  echo "==== $name: $((SECONDS - start)) s"
done
echo "portability: passed: ${passed[*]:-none}; failed: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
