#!/bin/bash
# Compares the ABI of the shared library with the one that is on record: programs that were linked with an older build of
# the same SOVERSION must go on working. New functions are no difference.
# Usage: run.sh [--renew]. With --renew the record becomes what the sources say now. That is right when SOVERSION has
# changed (a new minor version before 1.0, a new major version afterwards), when functions were added and a release is
# due, or as long as nothing with this SOVERSION was released.
# The record holds for the compiler of Debian 12 on amd64; elsewhere there is nothing to compare with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=tests/abi
build=${MULTIPING_BUILD_DIR:-build/abi}

skip() {
  echo "SKIPPED abi: $1"
  if [ -n "${MULTIPING_FORBID_SKIPS-}" ]; then exit 1; fi
  exit 77
}

command -v abidw >/dev/null || skip "abidw is missing (apt-get install abigail-tools)"
compiler="g++ $(g++ -dumpfullversion 2>/dev/null || true) for $(g++ -dumpmachine 2>/dev/null || true)"
[ "$compiler" = "g++ 12.2.0 for x86_64-linux-gnu" ] || skip "the record is not that of $compiler, but of 12.2.0 on amd64"

echo "== The shared library with debugging information, in $build"
cmake -S . -B "$build" -D CMAKE_CXX_COMPILER=g++ -D CMAKE_BUILD_TYPE=None -D CMAKE_CXX_FLAGS="-O0 -g" \
  -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=20 -D BUILD_SHARED_LIBS=ON -D MULTIPING_BUILD_TESTS=OFF \
  -D MULTIPING_BUILD_DEMO=OFF -D MULTIPING_BUILD_DAEMON=OFF -D MULTIPING_BUILD_COMMAND=OFF >/dev/null
cmake --build "$build" --parallel "$(nproc)" --target multiping >"$build/log" 2>&1 || {
  cat "$build/log"
  exit 1
}
abidw --exported-interfaces-only --drop-private-types --headers-dir include/multiping --drop-undefined-syms \
  --suppressions $here/inside.suppr --no-show-locs --no-comp-dir-path --no-corpus-path --no-write-default-sizes \
  --type-id-style hash --out-file "$build/now.abi" "$build/src/libmultiping.so"

if [ "${1-}" = --renew ]; then
  gzip -9 -n <"$build/now.abi" >$here/record.abi.gz
  echo "== $here/record.abi.gz is renewed"
  exit 0
fi

gzip -dc $here/record.abi.gz >"$build/record.abi"
status=0
abidiff --suppressions $here/inside.suppr --no-added-syms "$build/record.abi" "$build/now.abi" || status=$?
if [ "$status" -ne 0 ]; then
  echo "FAILED: programs that were linked before would not work with this library (or abidiff failed: $status)."
  echo "Keep the ABI, or change SOVERSION, and then: $here/run.sh --renew"
  exit 1
fi
echo "== The ABI is the one on record, or more"
