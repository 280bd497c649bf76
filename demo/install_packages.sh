#!/bin/sh
# Installs the given Debian packages whose contents are missing, and prints their names. Does nothing when none is.
# Usage: install_packages.sh [--if-possible] PACKAGE...
# Exit status: 0 when all are there, or with --if-possible in any case; else 1, after one line that names those missing.
set -eu
PATH=$PATH:/usr/sbin:/sbin

wanted=required
if [ "${1:-}" = --if-possible ]; then
  wanted=useful
  shift
fi

is_installed() {
  [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

have() {
  for command in "$@"; do command -v "$command" >/dev/null || return 1; done
}

# shellcheck disable=SC2086  # CXX may hold options too.
have_header() { echo "#include <$1>" | ${CXX:-g++} -E -x c++ - >/dev/null 2>&1; }

# The contents of a package can be there without it: built by hand, or from the packages of another system.
is_there() {
  if is_installed "$1"; then return 0; fi
  case $1 in
    g++) have "${CXX%% *}" ;;
    ninja-build) have ninja ;;
    iproute2) have ip tc ;;
    nftables) have nft ;;
    procps) have sysctl ;;
    libcap2-bin) have setcap getcap ;;
    mtr-tiny) have mtr mtr-packet ;;
    ruby-eventmachine) have ruby && ruby -e 'require "eventmachine"' 2>/dev/null ;;
    libboost-dev) have_header boost/asio.hpp ;;
    libboost-test-dev) have_header boost/test/unit_test.hpp ;;
    libcli11-dev) have_header CLI/CLI.hpp ;;
    libfmt-dev) have_header fmt/format.h ;;
    nlohmann-json3-dev) have_header nlohmann/json.hpp ;;
    libncurses-dev) have_header ncurses.h ;;
    libseccomp-dev) have_header seccomp.h ;;
    lib*) return 1 ;;
    *) have "$1" ;;
  esac
}

CXX=${CXX:-g++}
missing=
for package in "$@"; do
  is_there "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then exit 0; fi

# Ends the script with one line that says which packages are missing, why, and how to get them.
give_up() {
  if [ "$wanted" = useful ]; then
    echo "== Going on without:$missing ($1; to get them: $2)"
    exit 0
  fi
  echo "== Missing:$missing ($1). To get them: $2" >&2
  exit 1
}

if ! have apt-get; then give_up "this is no Debian" "install what holds the same here"; fi
by_hand="apt-get install --no-install-recommends$missing"

# The output of apt and sudo is kept in a file. When they fail, the first error message of it is printed.
said=$(mktemp)
trap 'rm -f "$said"' EXIT
quietly() { "$@" </dev/null >"$said" 2>&1; }
complaint() {
  { grep '^[EW]: ' "$said" || grep -v 'unable to resolve host' "$said"; } | sed -n '1s/^[EW]: //;1p' | cut -c 1-160
}

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! have sudo; then give_up "only root can install them" "as root: $by_hand"; fi
  quietly sudo true || give_up "only root can install them: $(complaint)" "as root: $by_hand"
  as_root=sudo
fi
apt() { quietly $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=1 "$@"; }

echo "== Installing what is missing:$missing"
apt -o APT::Update::Error-Mode=any update || why=$(complaint)
# The package lists of an earlier update may be enough. A fresh machine may be updating itself and hold the lock.
# shellcheck disable=SC2086  # A list of words on purpose.
if ! apt -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $missing; then
  give_up "they could not be installed: ${why:-$(complaint)}" "$by_hand, as root and with a network"
fi
