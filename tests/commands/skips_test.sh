#!/bin/sh
# Tests that cannot run somewhere say SKIPPED there, with the reason, and are failures where MULTIPING_FORBID_SKIPS is
# set: for an ordinary user, for root who may not make namespaces (as in a container), where user namespaces are used up,
# and in a network that has no interface up.
# Usage: skips_test.sh FOLDER_OF_TEST_PROGRAMS
set -eu
tests=$1
# shellcheck source=tests/commands/checks.sh
. "$(dirname "$0")/checks.sh"
unset MULTIPING_FORBID_SKIPS || true

# Every user may execute the copy, which a checkout under /root may not allow.
chmod 755 "$folder"
for kind in unit netns daemon; do
  [ ! -e "$tests/multiping_$kind" ] || cp "$tests/multiping_$kind" "$folder/$kind"
done

# skips REASON COMMAND...: all that the command should run is skipped for that reason, and may not be where that is forbidden.
skips() {
  reason=$1
  shift
  expect 77 "$@"
  says out "^SKIPPED .*: .*$reason"
  status=0
  MULTIPING_FORBID_SKIPS=1 "$@" >"$folder/out" 2>"$folder/err" || status=$?
  case $status in 0 | 77) wrong "with MULTIPING_FORBID_SKIPS it ended with $status: $*" ;; esac
}

if [ "$(id -u)" -ne 0 ]; then
  skips "needs root, for network namespaces" "$folder/netns" --run_test=permission_test
  end
  exit
fi

nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
# shellcheck disable=SC2086  # A command and its options.
skips "needs root, for network namespaces" $nobody "$folder/netns" --run_test=permission_test
skips "cannot make a network namespace: Operation not permitted" \
  setpriv --bounding-set -sys_admin "$folder/netns" --run_test=permission_test

# What needs more than that can be tried only where that is there.
if unshare --net --mount --propagation unchanged true; then
  expect 0 unshare --net "$folder/unit" --run_test=multi_ping_test,ping_series_test
  says out "^SKIPPED multi_ping_test: .*the loopback interface is down"
fi

# in_user_namespace COMMAND...: as its root, with all users, and with no further user namespace to be had.
in_user_namespace() {
  mkfifo "$folder/there" "$folder/mapped"
  # A program that is started by the mapped user 0 has all capabilities in there.
  # shellcheck disable=SC2016  # Its own words.
  unshare --user sh -c 'echo >"$0/there" && read -r _ <"$0/mapped" &&
    exec sh -c "echo 0 >/proc/sys/user/max_user_namespaces && exec \"\$@\"" sh "$@"' "$folder" "$@" &
  read -r _ <"$folder/there"
  for map in uid_map gid_map; do echo "0 0 65536" >"/proc/$!/$map"; done
  echo >"$folder/mapped"
  rm "$folder/there" "$folder/mapped"
  wait $!
}
if [ -e "$folder/daemon" ] && unshare --user true && in_user_namespace unshare --net --mount --propagation unchanged true; then
  skips "unshare --user" in_user_namespace "$folder/daemon" --run_test=container_test
fi
end
