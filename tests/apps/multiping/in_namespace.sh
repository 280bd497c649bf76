# Begins a test of the command: runs the test anew in namespaces of the network and of mounts that it may change, where
# this can be done, then has the checks of commands. Sourced first, by NAME_test.sh PROGRAM. POSIX sh.
# needs: the programs without which there is nothing to test.
# shellcheck shell=sh
program=$1

skipped() {
  echo "SKIPPED $(basename "$0" _test.sh): $1"
  [ -z "${MULTIPING_FORBID_SKIPS:-}" ] || exit 1
  exit 77
}

if [ -z "${MULTIPING_IN_NAMESPACE:-}" ]; then
  for needed in ${needs:-}; do
    command -v "$needed" >/dev/null || skipped "$needed is not installed"
  done
  unshare -nm true 2>/dev/null || skipped "no network namespace can be made here"
  MULTIPING_IN_NAMESPACE=1 exec unshare -nm sh "$0" "$program"
fi
# shellcheck source=../../commands/checks.sh
. "$(dirname "$0")/../../commands/checks.sh"
