#!/bin/bash
# Builds the Debian packages in a clean Debian 12 with no more than the documented packages, and tries them there: programs
# are compiled with them, the daemon serves, and nothing is left of them after a purge.
# Usage: run.sh, as root. MULTIPING_CLEAN_ROOT=FILE keeps the clean system in a tar file, and takes it from there later on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# A machine that cannot try it is no failure, except in CI.
skip() {
  echo "SKIPPED packages: $1"
  if [ -n "${MULTIPING_FORBID_SKIPS-}" ]; then exit 1; fi
  exit 77
}

[ "$(id -u)" -eq 0 ] || skip "only root can make a clean system"
command -v debootstrap >/dev/null || skip "debootstrap is missing (apt-get install debootstrap)"
unshare --mount --net --pid --fork true 2>/dev/null || skip "this machine lets root make no namespaces"

# The variables are apt's and the inner shell's.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' 2>/dev/null | head -n 1 || true)
mirror=${mirror:-http://deb.debian.org/debian}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/multiping-packages.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
mkdir "$root"

# Runs a part of in_root.sh inside. Mounts and processes are gone when it ends; the sources cannot be written.
# Usage: inside [OPTION-OF-UNSHARE...] PART
inside() {
  local part=${!#}
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child --propagation private "${@:1:$#-1}" bash -euc '
    mount -t proc proc "$0/proc"
    mount -t sysfs sysfs "$0/sys"
    mount --rbind /dev "$0/dev"
    mount --bind "$1" "$0/src"
    mount -o remount,bind,ro "$0/src"
    if [ "$2" = serve ]; then ip link set lo up; fi
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
      chroot "$0" bash /src/tests/packages/in_root.sh "$2"' "$root" "$PWD" "$part"
}

if [ -n "${MULTIPING_CLEAN_ROOT-}" ] && [ -e "$MULTIPING_CLEAN_ROOT" ]; then
  echo "== A clean Debian 12 from $MULTIPING_CLEAN_ROOT"
  tar -C "$root" -xf "$MULTIPING_CLEAN_ROOT"
else
  echo "== A clean Debian 12 from $mirror"
  debootstrap --variant=minbase bookworm "$root" "$mirror" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log"
    skip "debootstrap found no packages at $mirror"
  }
  if [ -n "${MULTIPING_CLEAN_ROOT-}" ]; then tar -C "$root" -cf "$MULTIPING_CLEAN_ROOT" .; fi
fi
mkdir "$root/src"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"

inside build
inside install
inside --net serve
inside purge

if command -v lintian >/dev/null; then
  echo "== lintian"
  lintian --allow-root --fail-on error,warning "$root"/build/*.deb
else
  skip "all but lintian, which is missing (apt-get install lintian)"
fi
echo "== The packages are as they should be"
