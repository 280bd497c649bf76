#!/bin/sh
# Tests --wait: what comes up, what does not and why, and that it ends in time.
# Usage: wait_test.sh PROGRAM
# shellcheck disable=SC2154  # $folder and $program are those of in_namespace.sh and checks.sh.
set -u
# shellcheck source=in_namespace.sh
. "$(dirname "$0")/in_namespace.sh"
ip link set lo up
# A name server that never answers, through a device that takes every packet.
ip link add silent type veth peer name sink
ip link set sink up
ip link set silent up
ip addr add 10.9.0.1/24 dev silent
ip neigh add 10.9.0.53 lladdr 02:00:00:00:00:53 dev silent nud permanent
ip neigh add 10.9.0.5 lladdr 02:00:00:00:00:05 dev silent nud permanent
ip route add unreachable 10.8.0.0/16
echo 'nameserver 10.9.0.53' >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf

# --- Hosts that are up do not wait for names, and time is over when it is over.
begun=$(date +%s)
expect 0 "$program" --wait 1 --within 60 slow.example 127.0.0.1
says out '^127\.0\.0\.1 is up$'
expect 1 "$program" --wait all --within 1 slow.example 127.0.0.1 10.9.0.5
says out '^127\.0\.0\.1 is up$'
says err '^slow\.example: Temporary failure in name resolution'
says err '^10\.9\.0\.5 is not up: no-reply$'
lines err 2
expect 1 "$program" --wait all --within 1 -d 10.9.0.5
# A lookup by itself takes ten seconds.
[ $(($(date +%s) - begun)) -lt 20 ] || wrong "it waited for lookups"
expect 0 "$program" --wait all --within 20 -p 0 127.0.0.1
expect 1 "$program" --wait all --within 1 -p 333 10.8.0.1
says err '^10\.8\.0\.1 is not up: No route to host$'

# --- What cannot be sent yet is tried again, also from an address that comes later.
expect 1 "$program" --wait all --within 0.5 -p 100 10.8.0.1
says err '^10\.8\.0\.1 is not up: No route to host$'
(sleep 0.7 && ip addr add 127.9.0.7/32 dev silent) &
expect 0 "$program" --wait all --within 20 -p 100 -S 127.9.0.7 127.0.0.1
says out '^127\.0\.0\.1 is up$'

# --- A name that gets its address later is found; -A prints that address.
echo '127.0.0.1 localhost' >"$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
[ -e /etc/nsswitch.conf ] || touch /etc/nsswitch.conf
echo 'hosts: files' >"$folder/nsswitch.conf"
mount --bind "$folder/nsswitch.conf" /etc/nsswitch.conf
(sleep 1 && echo '127.0.0.7 late.example' >>"$folder/hosts") &
expect 0 "$program" --wait all --within 20 -p 200 -A late.example localhost
says out '^127\.0\.0\.7 is up$'
says out '^127\.0\.0\.1 is up$'

# --- For machines, errors are fields.
expect 1 "$program" --wait all --within 0.5 --format jsonl nobody.example 127.0.0.1
says out '"kind": "timeout".*"host": "nobody.example".*"outcome": "unresolved", "error": {'
says out '"kind": "run".*"alive": 1, "unreachable": 0, "unresolved": 1'
expect 1 "$program" --wait all --within 0.5 --format csv nobody.example 127.0.0.1
says out ',nobody\.example,.*,unresolved,.*no such name or address'
expect 1 "$program" --wait all --within 0.5 --format openmetrics nobody.example 127.0.0.1
says out '^multiping_failure{host="nobody.example",.*outcome="unresolved"'

# --- Lists that can never be up are refused; an empty part of a list is up.
expect 3 "$program" --wait all -f /dev/null
says err 'the list has no target$'
expect 3 "$program" --wait 3 127.0.0.1 127.0.0.2
says err 'is 3; the list has only 2 targets$'
expect 0 "$program" --shard 0/100000 --wait all 127.0.0.1
expect 0 "$program" --shard 0/100000 127.0.0.1
expect 3 "$program" --wait all -6 -g 127.0.0.0/30
for format in lines jsonl csv openmetrics; do
  expect 0 "$program" --format $format --shard 0/100000 -g 127.0.0.0/30
done
expect 0 "$program" -6 -g 127.0.0.0/30 --health "$folder/health"
expect 3 "$program" --within 3 127.0.0.1

end
