#!/bin/sh
# Builds multiping and runs all of its tests; installs what is missing first (Debian 12; root, or sudo).
# The exit status is that of ctest. As root the tests of the kernel run too, else they are reported as skipped.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

"$root/demo/install_packages.sh" g++ cmake ninja-build pkg-config libboost-dev libboost-test-dev \
  libcli11-dev libseccomp-dev iproute2 nftables strace libcap2-bin procps mtr-tiny traceroute python3 \
  ruby ruby-eventmachine

echo "== Configuring and building in $root/build/release"
cmake --preset release
cmake --build --preset release

echo "== Running the tests"
status=0
# Most of them wait for a network most of the time.
ctest --preset release --parallel "$(($(nproc) * 2))" || status=$?

log=$root/build/release/Testing/Temporary/LastTest.log
if grep -qs '^SKIPPED ' "$log"; then
  echo "== Skipped here, with the reason:"
  grep '^SKIPPED ' "$log"
fi
exit "$status"
