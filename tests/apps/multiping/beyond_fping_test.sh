#!/bin/sh
# Runs what multiping does beyond fping, and bad input, in a namespace of the network: routers, ports, signals, files.
# Usage: beyond_fping_test.sh PROGRAM
# shellcheck disable=SC2154  # $folder is of checks.sh.
set -u
# shellcheck source=in_namespace.sh
. "$(dirname "$0")/in_namespace.sh"
chmod 755 "$folder"

# This host, a router (10.1.0.2, fd01::2) and a host behind it (10.2.0.2, fd02::2), whose link has an MTU of 1400 and
# which is silent about 10.9.0.0/16.
make_network() {
  ip link set lo up
  unshare -n sleep 100 &
  router=$!
  unshare -n sleep 100 &
  far=$!
  for child in $router $far; do
    while [ "$(readlink /proc/$child/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
  done
  ip link add near type veth peer name left netns "$router"
  ip addr add 10.1.0.1/24 dev near
  ip addr add fd01::1/64 dev near nodad
  ip link set near up
  ip route add default via 10.1.0.2
  in_router sh -c "ip link add right mtu 1400 type veth peer name end mtu 1400 netns $far
    ip addr add 10.1.0.2/24 dev left; ip addr add 10.2.0.1/24 dev right; ip addr add fd01::2/64 dev left nodad
    ip addr add fd02::1/64 dev right nodad; ip link set left up; ip link set right up; ip link set lo up
    ip route add 10.9.0.0/16 via 10.2.0.2
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0"
  in_far sh -c 'ip addr add 10.2.0.2/24 dev end; ip addr add fd02::2/64 dev end nodad; ip link set end up; ip link set lo up
    ip route add blackhole 10.9.0.0/16; ip route add default via 10.2.0.1; ip -6 route add default via fd02::1
    sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0'
  ip -6 route add default via fd01::2
}

in_router() { nsenter --net=/proc/"$router"/ns/net "$@"; }
in_far() { nsenter --net=/proc/"$far"/ns/net "$@"; }
make_network

# --- Tasks.
expect 0 "$program" --trace --no-names 10.2.0.2 fd02::2
says out '^route to 10\.2\.0\.2$'
says out '^  1  10\.1\.0\.2  .* ms'
says out '^  2  10\.2\.0\.2  .* ms'
says out '^  1  fd01::2  '
says out '^  2  fd02::2  '
expect 0 "$program" --trace --flows 3 --no-names 10.2.0.2
says out '^route to 10\.2\.0\.2, flows 0, 1, 2$'
expect 1 "$program" --trace -H 1 --no-names 10.2.0.2
says out '^     not reached$'
# The name server of this one is silent: names are waited for no longer than a second.
echo 'nameserver 10.9.0.53' >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf
expect 0 timeout 4.5 "$program" --trace 10.2.0.2
says out '^  2  10\.2\.0\.2  .* ms'
expect 1 timeout 4.5 "$program" --why -r 0 -t 100 10.9.0.1
says out '^10\.9\.0\.1: .*the last hop that answers is 10\.1\.0\.2 (hop 1)$'
umount /etc/resolv.conf
expect 0 "$program" --mtu 10.2.0.2 127.0.0.1
says out '^10\.2\.0\.2 : path MTU 1400, limited by 10\.1\.0\.2$'
says out '^127\.0\.0\.1 : path MTU 65535$'
expect 1 "$program" --why --no-names -r 0 -t 100 10.9.0.1 127.0.0.1
says out '^127\.0\.0\.1 is alive$'
says out '^10\.9\.0\.1 is unreachable$'
says out '^10\.9\.0\.1: .*the last hop that answers is 10\.1\.0\.2 (hop 1)$'
expect 0 "$program" --wait 1 --within 10 127.0.0.1 10.9.0.1
says out '^127\.0\.0\.1 is up$'
expect 1 "$program" --wait all --within 0.5 127.0.0.1 10.9.0.1
(while ! ip addr show dev lo | grep -q 10.77; do
  sleep 0.2
  ip addr add 10.77.0.1/32 dev lo
done) &
expect 0 "$program" --wait all --within 20 -p 100 10.77.0.1 127.0.0.1
says out '^10\.77\.0\.1 is up$'
expect 0 "$program" --check
says out '^ICMP over IPv4 * yes$'
expect 1 unshare -n sh -c "ip link set lo up; sysctl -qw net.ipv6.conf.all.disable_ipv6=1; '$program' --check"
says out '^ICMP over IPv6 * no$'
says out '^IPv6 is switched off on this host'

# --- Ways of asking.
expect 0 "$program" --tcp 9 10.2.0.2 127.0.0.1:22 '[fd02::2]:443'
says out '^10\.2\.0\.2 is alive$'
says out '^127\.0\.0\.1:22 is alive$'
says out '^\[fd02::2\]:443 is alive$'
expect 2 "$program" 127.0.0.1:80 127.0.0.0/29 '[]' '[a,b]' '[::1]'
says out '^::1 is alive$'
says err '^127\.0\.0\.1:80: a port needs --tcp, --udp or --sctp$'
says err '^127\.0\.0\.0/29: a block of addresses; -g asks all of them$'
says err '^\[\]: Name or service not known$'
says err '^\[a,b\]: Name or service not known$'
expect 2 "$program" --tcp 9 '[::1]81'
expect 0 "$program" --udp 9 10.2.0.2
expect 1 "$program" --sctp 9 -r 0 -t 100 10.9.0.1
expect 0 "$program" --transport raw 127.0.0.1
sysctl -qw net.ipv4.ping_group_range="0 2147483647"
expect 0 "$program" --transport ping 127.0.0.1 ::1
expect 4 "$program" --transport broker --broker /nonexistent 127.0.0.1
lines err 1
expect 4 "$program" --proxy 127.0.0.1:9 127.0.0.1
expect 0 "$program" -k 7 -I lo -M -6 ::1
expect 0 "$program" --oiface lo --check-source --seqmap-timeout 5 -T 1 127.0.0.1
expect 3 "$program" --icmp-timestamp 127.0.0.1

# --- Lists.
expect 0 "$program" -g -a 127.0.0.0/29 fd02::2/128
lines out 7
expect 0 "$program" -g -a ::1 ::1
expect 3 "$program" -g 127.0.0.9 127.0.0.1
expect 3 "$program" -g ::/64
expect 3 "$program" -c 1 -g 127.0.0.0/11
says err '^multiping: -g: 2097150 addresses; with -c, -C, -l and tasks it takes 1048576 at most'
for part in 0 1 2; do
  "$program" -a --shard $part/3 -g 127.1.0.0/24
done >"$folder/parts"
[ "$(sort -u "$folder/parts" | wc -l)" -eq 254 ] || wrong "the parts of a list are not the list"
[ "$(wc -l <"$folder/parts")" -eq 254 ] || wrong "the parts of a list overlap"
printf '127.0.0.1:%s\n' $(seq 30) >"$folder/ports"
for part in 0 1 2; do
  "$program" --tcp 9 -a --shard $part/3 -f "$folder/ports" >"$folder/part$part"
  [ -s "$folder/part$part" ] || wrong "ports of one host are not shared among the parts"
done
[ "$(sort -u "$folder"/part[0-2] | wc -l)" -eq 30 ] || wrong "ports of one host are lost among the parts"
expect 3 env SLURM_ARRAY_TASK_ID=1 "$program" --shard auto/4 127.0.0.1
says err 'JOB_COMPLETION_INDEX is not set$'
expect 3 env JOB_COMPLETION_INDEX=2 "$program" --shard auto/2 127.0.0.1
says err 'JOB_COMPLETION_INDEX is 2; it must be a number, 0 to 1$'
expect 0 env SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=3 \
  "$program" -a --shard auto -g 127.1.0.0/24
expect 0 env JOB_COMPLETION_INDEX=1 "$program" -a --shard auto/3 -g 127.1.0.0/24
expect 3 "$program" --shard auto 127.0.0.1
says err 'neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set'
seq -f '127.2.%.0f.1' 0 255 >"$folder/some"
for i in $(seq 20); do sed "s/1$/$i/" "$folder/some"; done >"$folder/many"
expect 0 "$program" -a --threads 2 -f "$folder/many"
lines out 5120
expect 0 "$program" -u -f "$folder/many"
lines out 0

# --- What stops it, and what changes it.
watch_for() {
  for _ in $(seq 500); do
    if grep -qs "$1" "$2"; then return; fi
    sleep 0.02
  done
  wrong "no $1 in $2"
}
"$program" -l -p 20000 127.0.0.1 >"$folder/loop" 2>"$folder/loop.err" &
loop=$!
watch_for '\[0\]' "$folder/loop"
kill -QUIT $loop
watch_for 'xmt/rcv' "$folder/loop.err"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -USR1 $loop && sleep 0.02; done
kill -TERM $loop
wait $loop || wrong "SIGTERM ended it with $?"
[ "$(grep -c 'xmt/rcv' "$folder/loop.err")" -eq 2 ] || wrong "not two summaries"

# The reader of a pipe goes after a line; the next line ends the program, without a word.
expect 0 timeout 20 sh -c "'$program' -l -p 20 127.0.0.1 | head -n 1"
lines err 0
expect 0 timeout 20 "$program" --rate 200 -c 2 -p 10 127.0.0.1 127.0.0.2
says out '127\.0\.0\.2 : \[1\]'
expect 0 "$program" -X 1 -r 5 10.9.0.1 127.0.0.1
says out '^Enough hosts reachable (required: 1, reachable: 1)$'

# --- Files.
expect 0 "$program" -e --output "$folder/report" 127.0.0.1
lines out 0
grep -q '^127\.0\.0\.1 is alive (' "$folder/report" || wrong "nothing in the file"
expect 4 "$program" --output "$folder/none/report" 127.0.0.1
lines err 1
expect 4 sh -c "'$program' 127.0.0.1 >/dev/full"
says err 'cannot write to the standard output: No space left on device'
expect 4 "$program" -f "$folder/nothing"
says err 'cannot open .*/nothing: No such file'
expect 4 "$program" -f "$folder"
head -c 100000 /dev/urandom >"$folder/binary"
expect 3 "$program" -f "$folder/binary"
lines err 1
head -c 10000000 /dev/zero | tr '\0' x >"$folder/long"
expect 3 "$program" -f "$folder/long"
lines err 1
printf '127.0.0.1\n127.0.0.\0002\n' >"$folder/nul"
expect 3 "$program" -f "$folder/nul"
says err 'line 2 of the targets'
expect 1 "$program" </dev/null
expect 3 "$program" --nosuch
lines err 1
expect 3 "$program" -c 0 127.0.0.1
expect 0 env LC_ALL=de_DE.UTF-8 "$program" -c 1 127.0.0.1
says out ' 0\.[0-9]* ms (0\.'
expect 0 sh -c "'$program' -a 127.0.0.1 <&- 2>&-"
says out '^127\.0\.0\.1$'

# --- JSON of fping 5.5.
expect 0 "$program" -J -s -c 2 -p 50 --print-ttl 127.0.0.1
says out '^{"resp": {"host": "127.0.0.1", "seq": 1, "size": 64, "rtt": [0-9.]*, "ttl": 64}}$'
says out '^{"summary": {"host": "127.0.0.1", "xmt": 2, "rcv": 2, "loss": 0, "rttMin": '
says out '^{"stats": {"targets": 1, "alive": 1, '
expect 1 "$program" -J -C 2 -q -p 100 127.0.0.1 10.9.0.1
says out '^{"vSum": {"host": "10.9.0.1", "values": \[null, null\]}}$'

# --- An ordinary user, by the capability of the program, which is given up before the list is read.
sysctl -qw net.ipv4.ping_group_range="1 0"
if command -v setcap >/dev/null && cp "$program" "$folder/multiping" && setcap cap_net_raw+ep "$folder/multiping"; then
  nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
  as_nobody() { $nobody "$folder/multiping" "$@"; }
  expect 0 as_nobody 127.0.0.1 ::1
  expect 0 as_nobody -M -I lo 127.0.0.1
  expect 0 as_nobody --trace --no-names 10.2.0.2
  mkfifo -m 666 "$folder/list"
  $nobody "$folder/multiping" -a -f "$folder/list" >"$folder/out" 2>"$folder/err" &
  reader=$!
  # It reads only after it has given everything up.
  exec 9>"$folder/list"
  for _ in $(seq 500); do
    if ! grep -q '^CapPrm:.*[1-9a-f]' "/proc/$reader/status"; then break; fi
    sleep 0.02
  done
  if grep -E '^Cap(Prm|Eff):.*[1-9a-f]' "/proc/$reader/status"; then wrong "capabilities are left"; fi
  grep -q '^NoNewPrivs:.*1$' "/proc/$reader/status" || wrong "new privileges are possible"
  echo 127.0.0.1 >&9
  exec 9>&-
  wait $reader || wrong "the list was not read: $?"
  says out '^127\.0\.0\.1$'
fi
expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups "$program" 127.0.0.1
says err 'this process may not ping'

kill "$router" "$far"
end
