#!/bin/sh
# Installs those of the given Debian packages that are missing, and says so. Touches nothing when none is.
# Usage: install_packages.sh PACKAGE...
set -eu

if ! command -v apt-get >/dev/null; then
  echo "== This is no Debian; the equivalents of these packages are needed: $*"
  exit 0
fi

missing=
for package in "$@"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
if [ -z "$missing" ]; then exit 0; fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "== Missing, and only root can install them:$missing" >&2
    echo "   apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

echo "== Installing what is missing:$missing"
$as_root apt-get update -q </dev/null
# shellcheck disable=SC2086  # A list of words on purpose.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing </dev/null
