#!/bin/sh
# Checks manual pages: nothing in them may make the formatters warn.
# Usage: man_test.sh PAGE...; exit status 77 where neither man (groff) nor mandoc is installed.
set -eu
checked=
failed=

# Both print their complaints; mandoc's matters of style (long lines of source) are left out.
complaints() {
  if command -v groff >/dev/null && command -v man >/dev/null; then
    checked=yes
    man --warnings -E UTF-8 -Tutf8 -Z -l "$1" 2>&1 >/dev/null || true
  fi
  if command -v mandoc >/dev/null; then
    checked=yes
    mandoc -T lint -W warning "$1" || true
  fi
}

for page in "$@"; do
  complaints "$page" >complaints.$$ 2>&1
  if [ -s complaints.$$ ]; then
    echo "== $page"
    cat complaints.$$
    failed=yes
  fi
  rm complaints.$$
done

if [ -z "$checked" ]; then
  echo "SKIPPED docs.man_pages: needs man-db or mandoc"
  if [ -n "${MULTIPING_FORBID_SKIPS-}" ]; then exit 1; fi
  exit 77
fi
[ -z "$failed" ]
