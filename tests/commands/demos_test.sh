#!/bin/sh
# The demo programs as a person meets them: --help, usage, exit status, and what is said without permission.
# Usage: demos_test.sh FOLDER_OF_DEMOS
set -eu
demos=$1
# shellcheck source=tests/commands/checks.sh
. "$(dirname "$0")/checks.sh"

for demo in cluster_health_demo multi_ping_demo ping_series_demo ports_demo prober_demo traceroute_demo; do
  expect 0 "$demos/$demo" --help
  says out "^usage: $demo"
  says out "^Exit status: 0 when"
  lines err 0
  expect 2 "$demos/$demo" --nosuch
  lines out 0
done
for demo in cluster_health_demo multi_ping_demo ping_series_demo ports_demo traceroute_demo; do
  expect 2 "$demos/$demo"
  says err "^usage: $demo"
done

# Text that is no host is refused without a lookup, and needs no permission.
expect 1 "$demos/ports_demo" 1 "1.2.3.4 junk"
says out "unresolved"
expect 2 "$demos/ports_demo" 1x 127.0.0.1
says err '"1x" is no port number'

# Files that are not what they shall be.
expect 2 "$demos/cluster_health_demo" "$folder/nowhere" "$folder/state"
says err "^cannot read .*/nowhere$"
echo "other text" >"$folder/state"
expect 2 "$demos/cluster_health_demo" "$folder/state" "$folder/state"
says err "^state of health, line 1: this is no state of health$"
rm "$folder/state"

if "$demos/ports_demo" 1 127.0.0.1 | grep -q 'send-failed: Network is unreachable'; then
  skip demos "the loopback interface is down"
fi

# A user who may ping has all answers; one who may not is told what would help.
may_ping=0
"$demos/multi_ping_demo" 127.0.0.1 >"$folder/out" 2>"$folder/err" || may_ping=$?
if [ "$may_ping" -eq 2 ] && grep -q '^this process may not ping: ' "$folder/err"; then
  for demo in multi_ping_demo "ping_series_demo -c 1" traceroute_demo; do
    # shellcheck disable=SC2086  # A program and its options.
    expect 2 "$demos/"$demo 127.0.0.1
    says err "^this process may not ping: "
    says err "AmbientCapabilities=CAP_NET_RAW"
  done
else
  expect 0 "$demos/multi_ping_demo" 127.0.0.1 127.0.0.2
  says out "127.0.0.2 (127.0.0.2) responded in [0-9.]* ms"
  expect 1 "$demos/multi_ping_demo" 127.0.0.1 "1.2.3.4 junk"
  expect 0 "$demos/ping_series_demo" -c 2 -i 0.01 127.0.0.1
  says out "^127.0.0.1 *2 *2 *0.0 *100.0"
  expect 1 "$demos/ping_series_demo" -c 2 -i 0.01 127.0.0.1 "1.2.3.4 junk"
  says out "^1.2.3.4 junk *0 *0 *- *0.0 *- *-"
  expect 1 "$demos/ping_series_demo" -c 3 -i 0.01 --prometheus 127.0.0.1 '1.2.3.4 "junk"'
  says out '^ping_rtt_seconds_bucket{host="127.0.0.1",le="0.00025"} [0-3]$'
  says out '^ping_rtt_seconds_bucket{host="127.0.0.1",le="+Inf"} 3$'
  says out '^ping_rtt_seconds_sum{host="127.0.0.1"} [0-9]*\.[0-9]*$'
  says out '^ping_rtt_seconds_count{host="127.0.0.1"} 3$'
  says out '^ping_rtt_seconds_count{host="1.2.3.4 \\"junk\\""} 0$'
  says out '^ping_availability{host="127.0.0.1"} 1$'
  says out '^ping_availability{host="1.2.3.4 \\"junk\\""} 0$'
  says out '^ping_loss{host="127.0.0.1"} 0$'
  says_nothing_like out '^ping_loss{host="1.2.3.4'
  expect 0 "$demos/traceroute_demo" -n 127.0.0.1
  printf '127.0.0.1 room/rack1\n127.0.0.2 room/rack2 # a comment\n@room 0.5\n' >"$folder/hosts"
  expect 0 "$demos/cluster_health_demo" "$folder/hosts" "$folder/state"
  says out "^room unknown: 0 of 2 up$"
  expect 0 "$demos/cluster_health_demo" "$folder/hosts" "$folder/state"
  says out "^group room: unknown -> up in round 1: "
  says out "^room/rack1 up: 1 of 1 up$"
  echo '127.0.0.2 room/rack2' >"$folder/hosts"
  expect 0 "$demos/cluster_health_demo" "$folder/hosts" "$folder/state"
  says out "^room up: 1 of 1 up$"
  expect 0 sh -c "echo 127.0.0.1 | '$demos/prober_demo'"
  expect 1 sh -c "echo '1.2.3.4 junk' | '$demos/prober_demo'"
fi
end
