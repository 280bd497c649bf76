#!/bin/sh
# Builds multiping and runs all of its tests; installs what is missing first (Debian 12; root, or sudo).
# Usage: run.sh [OPTION OF CTEST...], as "run.sh -R unit".
# The exit status is that of ctest. As root the tests of the kernel run too, else they are reported as skipped.
# MULTIPING_BUILD_DIR is where to build, when not in build/ here; CXX the compiler; MULTIPING_PRESET takes its flags from
# a preset of CMakePresets.json.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
  -h | --help)
    sed -n '2,/^set /s/^# //p' "$0"
    exit 0
    ;;
esac
# shellcheck source=demo/building.sh
. "$root/demo/building.sh"

# The tests in namespaces need more than permission: a container or a filter of system calls may forbid it.
can_make_namespaces() { [ "$(id -u)" -eq 0 ] && unshare --net --mount --propagation unchanged true 2>/dev/null; }

choose_build_dir
# shellcheck disable=SC2046  # A list of words on purpose.
"$root/demo/install_packages.sh" $(build_packages) libboost-test-dev
# Without these, parts are left out: the daemon, the command and their tests, a consumer's pkg-config, and other people's
# programs whose answers are compared.
# shellcheck disable=SC2086,SC2154  # A list of words on purpose, of building.sh.
"$root/demo/install_packages.sh" --if-possible pkg-config libseccomp-dev $command_packages
if can_make_namespaces; then
  "$root/demo/install_packages.sh" --if-possible iproute2 nftables procps strace libcap2-bin python3 mtr-tiny \
    traceroute fping monitoring-plugins-basic monitoring-plugins-standard zsh fish ruby ruby-eventmachine
fi

choose_generator
configure -D MULTIPING_BUILD_TESTS=ON -D MULTIPING_BUILD_DAEMON=ON -D MULTIPING_BUILD_COMMAND=ON
# shellcheck disable=SC2119  # All targets.
build_all

echo "== Running the tests"
status=0
# Most of them wait for a network most of the time.
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(($(nproc) * 4))" "$@" || status=$?

log=$build/Testing/Temporary/LastTest.log
if grep -qs '^SKIPPED ' "$log"; then
  echo "== Skipped here, by reason:"
  # "SKIPPED SUITE[/CASE]: precondition failed: REASON"; some suites run twice, with the broker too.
  sed -n 's/^SKIPPED //p' "$log" | sort -u | awk '{
      name = substr($1, 1, length($1) - 1)
      reason = substr($0, length($1) + 2)
      sub(/^precondition failed: /, "", reason)
      names[reason] = names[reason] " " name
    }
    END { for (reason in names) print "   " reason ":" names[reason] }'
fi
exit "$status"
