#!/bin/sh
# Builds and runs the benchmark: the kernel's floor, the library and fping in one interleaved run, the same through a
# broker, ports, the helpers of mtr, then the pure parts.
# Usage: run.sh [--quick] [--json FILE]. Installs what is missing; sends only within a network namespace of its own.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/bench

"$root/demo/install_packages.sh" g++ cmake ninja-build libboost-dev libbenchmark-dev fping mtr-tiny nmap iproute2 \
  python3 libseccomp-dev libcli11-dev libfmt-dev nlohmann-json3-dev libncurses-dev

echo "== Building in $build"
cmake -S "$root" -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Release -D MULTIPING_BUILD_TESTS=OFF \
  -D MULTIPING_BUILD_DEMO=OFF -D MULTIPING_BUILD_BENCH=ON >/dev/null
cmake --build "$build" >/dev/null

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo

echo "== Comparing (a network namespace with 127.0.0.0/8 and fd77::/16 on its loopback interface)"
$as_root unshare --net --mount sh -eu -c '
  ip link set lo up
  ip -6 route add local fd77::/16 dev lo
  mount -t sysfs none /sys 2>/dev/null || true
  echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range
  # 10.64.0.0/10 is behind a router that nobody is.
  ip link add dead0 type veth peer name dead1
  ip addr add 10.63.0.1/24 dev dead0
  ip link set dead0 up
  ip link set dead1 up
  ip neigh add 10.63.0.2 lladdr 02:00:00:00:00:01 dev dead0 nud permanent
  ip route add 10.64.0.0/10 via 10.63.0.2
  python3 "$@"' sh "$root/tests/bench/compare.py" "$build/tests/bench" "$@"

quick=
[ "${1-}" != --quick ] || quick=--quick
echo "== Ping sockets of a broker (multipingd), and a process's own"
$as_root unshare --net --mount sh -eu -c '
  ip link set lo up
  ip -6 route add local fd77::/16 dev lo
  mount -t sysfs none /sys 2>/dev/null || true
  python3 "$@"' sh "$root/tests/bench/compare_broker.py" "$build/tests/bench" \
  "$build/src/multipingd --user 4321 --group 4322" $quick

echo "== The command"
$as_root unshare --net sh -euc 'ip link set lo up && python3 "$@"' sh "$root/tests/bench/compare_command.py" \
  "$build/src/apps/multiping/multiping" "$build/tests/bench/batch" $quick

echo "== Names (a name server that takes 50 ms, then one that is silent)"
$as_root "$build/tests/bench/names"

echo "== Ports (a namespace that does not limit ICMP errors)"
$as_root unshare --net --mount sh -eu -c '
  ip link set lo up
  mount -t sysfs none /sys 2>/dev/null || true
  echo 0 >/proc/sys/net/ipv4/icmp_ratemask
  echo 10000000 >/proc/sys/net/ipv4/icmp_msgs_per_sec
  echo 10000000 >/proc/sys/net/ipv4/icmp_msgs_burst
  python3 "$@"' sh "$root/tests/bench/compare_ports.py" "$build/tests/bench" $quick

echo "== multiping-packet, and mtr-packet of mtr"
$as_root unshare --net --mount sh -eu -c '
  ip link set lo up
  mount -t sysfs none /sys 2>/dev/null || true
  echo 0 >/proc/sys/net/ipv4/icmp_ratemask
  python3 "$@"' sh "$root/tests/bench/mtr_packet.py" "$build/src/apps/mtr_packet/multiping-packet" $quick

echo "== The pure parts"
"$build/tests/bench/pure_bench" --benchmark_color=false 2>/dev/null
