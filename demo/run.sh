#!/bin/sh
# Builds multi_ping_demo and the command multiping, and pings with them; installs what is missing first (Debian 12; root,
# or sudo).
# Usage: run.sh [HOST...]; without a host it pings this machine, and no packet leaves it.
# Exit status: 0 when all hosts answered, 1 when not, or when something is missing, 2 when this user may not ping.
# MULTIPING_BUILD_DIR is where to build, when not in build/ here; CXX the compiler.
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

choose_build_dir
# shellcheck disable=SC2046  # A list of words on purpose.
"$root/demo/install_packages.sh" $(build_packages)
# shellcheck disable=SC2086,SC2154  # A list of words on purpose, of building.sh.
"$root/demo/install_packages.sh" --if-possible $command_packages
choose_generator
is_configured || configure -D MULTIPING_BUILD_TESTS=OFF -D MULTIPING_BUILD_DAEMON=OFF -D MULTIPING_BUILD_COMMAND=ON
build_all --target first_look
demo=$build/demo/multi_ping_demo
command=$build/src/apps/multiping/multiping

# True when a group of this user is inside net.ipv4.ping_group_range: then the kernel lets the user ping.
in_ping_group_range() {
  read -r first last </proc/sys/net/ipv4/ping_group_range || return 1
  for group in $(id -G); do
    if [ "$group" -ge "$first" ] && [ "$group" -le "$last" ]; then return 0; fi
  done
  return 1
}

# Where the bounding set lacks CAP_NET_RAW (bit 13), as in some containers, a program with that file capability does not
# start.
may_have_net_raw() {
  bounds=$(sed -n 's/^CapBnd:[[:space:]]*/0x/p' /proc/self/status)
  [ $((bounds >> 13 & 1)) -eq 1 ]
}

# give_capability PROGRAM
give_capability() {
  echo "== This user may not ping (net.ipv4.ping_group_range). One command, run as root, allows this program to:"
  echo "   sudo setcap cap_net_raw+ep $1"
  "$root/demo/install_packages.sh" --if-possible libcap2-bin
  sudo setcap cap_net_raw+ep "$1" || echo "== That did not work; going on without."
}

# For a user who may not ping, this gives the capability to these two programs; it prints the command first.
if [ "$(id -u)" -ne 0 ] && ! in_ping_group_range && may_have_net_raw && command -v sudo >/dev/null; then
  for program in "$demo" "$command"; do
    [ ! -x "$program" ] || getcap "$program" 2>/dev/null | grep -q cap_net_raw || give_capability "$program"
  done
fi

run_demo() {
  echo "== $demo $*"
  "$demo" "$@"
}

if [ $# -gt 0 ]; then
  run_demo "$@"
  exit
fi

case $(cat /sys/class/net/lo/flags 2>/dev/null) in
  0x8) echo "== The loopback interface is down here, so nothing can answer; as root: ip link set lo up" ;;
esac
set -- 127.0.0.1
# A minimal system may have no /etc/hosts.
if getent ahosts localhost >/dev/null 2>&1; then set -- localhost "$@"; fi
if grep -qs '^0*1 ' /proc/net/if_inet6; then set -- "$@" ::1; fi
run_demo "$@"
echo "== And one that cannot answer, to show how that is told: nobody on the loopback link has this address."
run_demo fe80::1%lo || [ $? -eq 1 ]
if [ -x "$command" ]; then
  echo "== And the command for the shell, with the options of fping and more (--help): $command -e 127.0.0.1"
  "$command" -e 127.0.0.1
fi
