#!/bin/sh
# Builds the consumer with nothing but pkg-config and a compiler.
# Usage: build.sh static|shared VERSION OUTPUT COMPILER [FLAGS...]
set -eu
linkage=$1 version=$2 output=$3
shift 3

kind=
if [ "$linkage" = static ]; then kind=--static; fi
found=$(pkg-config --modversion multiping)
if [ "$found" != "$version" ]; then
  echo "pkg-config found version $found, not $version"
  exit 1
fi
# The options are words on purpose.
# shellcheck disable=SC2046,SC2086
exec "$@" -std=c++20 "$(dirname "$0")/../main.cpp" -o "$output" $(pkg-config $kind --cflags --libs multiping)
