#!/bin/sh
# Checks that every file that a document links to, or names as `path/to/file`, is there.
# Usage: links_test.sh SOURCE DOCUMENT...; paths in `` are from the top, links from the document.
set -eu
source=$1
shift
failed=

for document in "$@"; do
  folder=$source/$(dirname "$document")
  for link in $(sed 's/](/\n](/g' "$source/$document" | sed -n 's/^](\([^)#]*\).*/\1/p' | grep -v '://' || true); do
    if ! [ -e "$folder/$link" ]; then
      echo "$document: no $link"
      failed=yes
    fi
  done
  # A word with a slash that begins with a folder of the top level; capitals, * and $ stand for something else.
  for path in $(grep -o '`[^`]*`' "$source/$document" | tr -d '`' | tr ' ' '\n' |
    grep -E '^(\./|)(src|include|tests|demo|\.ci|\.github)/[a-z0-9_./]*[a-z0-9_]$' || true); do
    if ! [ -e "$source/$path" ]; then
      echo "$document: no $path"
      failed=yes
    fi
  done
done
[ -z "$failed" ]
