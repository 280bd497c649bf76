#!/bin/sh
# Builds multi_ping_demo and pings with it; installs what is missing first (Debian 12; root, or sudo).
# Usage: run.sh [HOST...]; without a host it pings this machine, and no packet leaves it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/demo
demo=$build/demo/multi_ping_demo
PATH=$PATH:/usr/sbin:/sbin

"$root/demo/install_packages.sh" g++ cmake ninja-build libboost-dev

echo "== Building the library and the demo in $build"
# What cmake says interests only when it fails.
quietly() {
  if ! said=$("$@" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
}
quietly cmake -S "$root" -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Release -D MULTIPING_BUILD_TESTS=OFF \
  -D MULTIPING_BUILD_DAEMON=OFF
quietly cmake --build "$build" --target multi_ping_demo

# True when net.ipv4.ping_group_range has a group of this user: then the kernel lets the user ping.
in_ping_group_range() {
  read -r first last </proc/sys/net/ipv4/ping_group_range || return 1
  for group in $(id -G); do
    if [ "$group" -ge "$first" ] && [ "$group" -le "$last" ]; then return 0; fi
  done
  return 1
}

# A user who may not ping gets the capability for this one program, by a command that is shown first.
if [ "$(id -u)" -ne 0 ] && ! in_ping_group_range; then
  "$root/demo/install_packages.sh" libcap2-bin
  if ! getcap "$demo" | grep -q cap_net_raw; then
    echo "== This user may not ping (net.ipv4.ping_group_range). One command, run as root, allows this program to:"
    echo "   sudo setcap cap_net_raw+ep $demo"
    if command -v sudo >/dev/null; then
      sudo setcap cap_net_raw+ep "$demo" || echo "== That did not work; going on without."
    fi
  fi
fi

if [ $# -eq 0 ]; then
  set -- localhost 127.0.0.1 ::1 "$(uname -n)"
  # One that cannot answer: nobody on the loopback link has this address, and the kernel sends nothing.
  set -- "$@" fe80::1%lo
fi

echo "== $demo $*"
exec "$demo" "$@"
