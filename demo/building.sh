# Shared by demo/run.sh and tests/run.sh: the build directory, the compiler, and the line of progress.
# They source this file, with $root set to the checkout. POSIX sh.
# shellcheck shell=sh
PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "== $*" >&2
  exit 1
}

# Runs a command, and prints its output only when it fails.
quietly() {
  if ! said=$("$@" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
}

# Sets $build, and makes the folder.
choose_build_dir() {
  build=${MULTIPING_BUILD_DIR:-$root/build}/release
  case $build in /*) ;; *) build=$PWD/$build ;; esac
  if ! mkdir -p "$build" 2>/dev/null || [ ! -w "$build" ]; then
    fail "Cannot write to $build; choose another folder: MULTIPING_BUILD_DIR=/tmp/multiping $0"
  fi
}

# Sets $generator. Ninja starts faster; where it is missing, make is used.
choose_generator() {
  generator=Ninja
  command -v ninja >/dev/null || ! command -v make >/dev/null || generator="Unix Makefiles"
}

# Prints the packages that every build needs, as arguments for install_packages.sh.
build_packages() {
  echo "g++ cmake libboost-dev"
  command -v ninja >/dev/null || command -v make >/dev/null || echo ninja-build
}

# What the command needs beside that; without it the command is left out.
# shellcheck disable=SC2034  # For those who source this.
command_packages="libcli11-dev libfmt-dev nlohmann-json3-dev libncurses-dev"

# Prints the settings for which a build folder is configured. When one of them changes, CMake's cache is not valid.
configuration() { echo "$root $build ${generator:-} ${CXX:-} ${CXXFLAGS:-} ${MULTIPING_PRESET:-}"; }

is_configured() { [ "$(cat "$build/configured-for" 2>/dev/null)" = "$(configuration)" ]; }

# configure OPTION...: both commands configure the library in the same way, so that the second compiles only the rest.
# A unity build compiles many files together, since headers take the most time. With MULTIPING_PRESET, the flags of the
# compiler come from CMakePresets.json.
configure() {
  is_configured || set -- --fresh "$@"
  if [ -n "${MULTIPING_PRESET:-}" ]; then
    set -- --preset "$MULTIPING_PRESET" "$@"
  else
    set -- -D CMAKE_BUILD_TYPE=Release -D "CMAKE_CXX_FLAGS_RELEASE=-O2" "$@"
  fi
  rm -f "$build/configured-for"
  quietly cmake -S "$root" -B "$build" -G "$generator" -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=20 "$@"
  configuration >"$build/configured-for"
}

# Reads the output of ninja ("[3/70] ...") or make ("[ 4%] ...") up to the line "status N", and returns N. Prints every
# 10 per cent on one line.
show_progress() {
  tenth=0
  while IFS= read -r line; do
    percent=
    case $line in
      "status "*) break ;;
      \[*/*\]*)
        line=${line#\[}
        count=${line%%/*}
        line=${line#*/}
        percent=$((count * 100 / ${line%%\]*}))
        ;;
      \[*%\]*)
        line=${line#\[}
        percent=$((${line%%\%*}))
        ;;
    esac
    while [ $((${percent:-0} / 10)) -gt $tenth ]; do
      tenth=$((tenth + 1))
      printf ' %s%%' ${tenth}0
    done
  done
  status=${line#status }
  if [ $tenth -eq 0 ] && [ "$status" -eq 0 ]; then printf ' nothing to do'; fi
  echo
  return "$status"
}

# build_all [--target TARGET]: builds, and prints the compiler's output only when the build fails.
build_all() {
  printf '== Building in %s:' "$build"
  log=$build/build.log
  if ! {
    cmake --build "$build" --parallel "$(nproc)" "$@" 2>&1 && echo "status 0" || echo "status $?"
  } | tee "$log" | show_progress; then
    grep -v -e '^\[' -e '^status ' "$log" >&2
    exit 1
  fi
}
