#!/bin/sh
# Compares the lines of multiping with those of the fping that is installed: the same arguments, in a namespace of the
# network, line by line and stream by stream, with times masked.
# Usage: fping_lines_test.sh PROGRAM
# shellcheck disable=SC2154  # $folder is of checks.sh.
set -u
needs=fping
# shellcheck source=in_namespace.sh
. "$(dirname "$0")/in_namespace.sh"

# This host and a router, which is silent about 10.9.0.0/16 and fd09::/64, knows no way to 10.7.0.0/16, and sends each
# answer of 10.1.0.3 twice and those of 10.1.0.4 from another address.
make_network() {
  ip link set lo up
  unshare -n sleep 60 &
  peer=$!
  while [ "$(readlink /proc/$peer/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
  ip link add near type veth peer name far netns "$peer"
  ip addr add 10.1.0.1/24 dev near
  ip addr add fd01::1/64 dev near nodad
  ip link set near up
  in_peer sh -c 'ip addr add 10.1.0.2/24 dev far && ip addr add fd01::2/64 dev far nodad && ip link set far up &&
    ip addr add 10.1.0.3/24 dev far && ip addr add 10.1.0.4/24 dev far && ip link set lo up &&
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0 \
      net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.far.send_redirects=0 &&
    ip route add blackhole 10.9.0.0/16 && ip -6 route add blackhole fd09::/64 &&
    ip route add 10.7.0.0/16 via 10.1.0.1 && ip -6 route add fd07::/64 via fd01::1'
  for net in 10.7.0.0/16 10.9.0.0/16; do ip route add "$net" via 10.1.0.2; done
  for net in fd07::/64 fd09::/64; do ip -6 route add "$net" via fd01::2; done
  in_peer nft -f - <<'RULES'
table netdev answers {
  chain out {
    type filter hook egress device far priority 0
    ip saddr 10.1.0.3 ip protocol icmp dup to far
    ip saddr 10.1.0.4 ip protocol icmp ip saddr set 10.1.0.9
  }
}
table inet no_way {
  chain through {
    type filter hook forward priority 0
    ip daddr 10.7.0.0/16 reject with icmp host-unreachable
    ip6 daddr fd07::/64 reject with icmpv6 addr-unreachable
  }
}
RULES
}

in_peer() { nsenter --net=/proc/"$peer"/ns/net "$@"; }

# Times, the time of day, and what depends on how busy this machine is: the order of lines about different targets.
masked() {
  sed -E -e 's/[0-9]+(\.[0-9]+)?(e[+-][0-9]+)? ms/T ms/g' -e 's/\([0-9.]+ avg/(T avg/' \
    -e 's|(min/avg/max = ).*|\1T|' -e 's/[0-9.]+ sec \(/T sec (/' -e 's/^\[[0-9]{2}:[0-9]{2}:[0-9]{2}\]/[CLOCK]/' \
    -e 's/^\[[0-9]+\.[0-9]{5}\]/[STAMP]/' -e 's/^(SET (min|avg|max) =).*/\1 T/' \
    -e '/^[0-9a-f.:]+ +: [0-9. -]+$/s/[0-9]+\.[0-9]+( |$)/T\1/g' "$1" |
    case $1 in *.out) sort -s -k1,1 ;; *) cat ;; esac
}

count=0
children=
# Starts a comparison: fping and multiping at the same time, with the same arguments and input.
compare() {
  count=$((count + 1))
  echo "$*" >"$folder/$count.arguments"
  for who in fping multiping; do
    (
      status=0
      if [ "$who" = fping ]; then set -- fping "$@"; else set -- "$program" --as fping "$@"; fi
      timeout -s KILL 30 "$@" >"$folder/$count.$who.out" 2>"$folder/$count.$who.err" <"${input:-/dev/null}" || status=$?
      echo "$status" >"$folder/$count.$who.status"
    ) &
    children="$children $!"
  done
}

# The same, stopped by a signal after a time.
compare_stopped() {
  signal=$1 after=$2
  shift 2
  count=$((count + 1))
  echo "$* (SIG$signal after $after s)" >"$folder/$count.arguments"
  for who in fping multiping; do
    (
      status=0
      if [ "$who" = fping ]; then set -- fping "$@"; else set -- "$program" --as fping "$@"; fi
      timeout --foreground --preserve-status -s "$signal" "$after" "$@" >"$folder/$count.$who.out" 2>"$folder/$count.$who.err" \
        </dev/null || status=$?
      echo "$status" >"$folder/$count.$who.status"
    ) &
    children="$children $!"
  done
}

check_all() {
  at=0
  while [ $at -lt $count ]; do
    at=$((at + 1))
    cp "$folder/$at.multiping.out" "$folder/out"
    cp "$folder/$at.multiping.err" "$folder/err"
    for stream in out err status; do
      masked "$folder/$at.fping.$stream" >"$folder/wanted"
      masked "$folder/$at.multiping.$stream" >"$folder/found"
      if ! diff "$folder/wanted" "$folder/found" >"$folder/difference"; then
        wrong "fping $(cat "$folder/$at.arguments"): $stream differs"
        sed 's/^/  diff: /' "$folder/difference"
      fi
    done
  done
}

make_network
printf '127.0.0.1\n\n# a comment\n  127.0.0.2 and more words\n10.9.0.5\n' >"$folder/list"
# Long enough for a busy machine; all comparisons run at the same time.
quick="-r 0 -t 1000"

compare 127.0.0.1 ::1 127.0.0.2
# shellcheck disable=SC2086  # Lists of words on purpose, here and below.
{
  compare $quick 127.0.0.1 10.9.0.7 fd09::7
  compare -a $quick 127.0.0.1 10.9.0.7
  compare -u $quick 127.0.0.1 10.9.0.7 10.9.0.8
  compare -a -e 127.0.0.1
  compare -e $quick 127.0.0.1
  compare -q $quick 127.0.0.1 10.9.0.7
  compare -s $quick 127.0.0.1 10.9.0.7
  compare -r 2 -t 100 -B 1.0 -s 10.9.0.7
  compare -c 3 -p 2000 -t 1000 127.0.0.1 10.9.0.7 127.0.0.33
  compare -c 2 -p 1000 ::1 fd01::2
  compare -C 5 -q -p 800 127.0.0.1 10.9.0.8
  compare -C 3 -p 2000 -t 1000 127.0.0.1 10.9.0.8
  compare -c 2 -p 2000 -t 1000 -o 127.0.0.1 10.9.0.7
  compare -c 2 -p 1000 -D 127.0.0.1
  compare -c 1 -b 1000 127.0.0.1
  compare -c 1 -b 0 127.0.0.1
  compare -c 2 -p 1000 -q -s 127.0.0.1
  compare -a -c 2 -p 1000 127.0.0.1
  compare -g 127.0.0.0/29
  compare -g 127.0.0.1 127.0.0.5
  compare -g 127.0.0.6/31
  compare -g 127.0.0.9/32
  compare -x 1 $quick 127.0.0.1 10.9.0.7
  compare -x 2 $quick 127.0.0.1 10.9.0.7
  compare -q -x 2 $quick 127.0.0.1 10.9.0.7
  compare -n 127.0.0.1
  compare -d localhost
  compare -A -4 localhost
  compare -A -n 127.0.0.1
  compare -A -d -4 localhost
  compare -m -A -4 localhost
  compare -f "$folder/list" $quick
  input=$folder/list compare -f - $quick
  input=$folder/list compare $quick
  compare -R -H 9 -O 0x10 -T 3 127.0.0.1
  compare -I lo 127.0.0.1
  compare -S 127.0.0.7 127.0.0.1
  compare -M 127.0.0.1
  compare -r 0 -t 1000 10.7.0.1 10.1.0.2
  compare -r 3 -t 300 10.7.0.1
  compare -c 2 -p 1000 10.7.0.1
  compare -q -c 2 -p 1000 10.7.0.1
  compare $quick 10.1.0.3 10.9.0.7
  compare -c 2 -p 1000 10.1.0.3 10.9.0.7
  compare -c 2 -q -p 1000 10.1.0.3 10.9.0.7
  compare -c 2 -p 3000 -t 1000 -Q 2 127.0.0.1 10.9.0.7
  compare_stopped INT 2 -l -p 100000 -t 500 127.0.0.1 10.9.0.7
  compare_stopped INT 2 -l -q -p 100000 127.0.0.1
  compare_stopped INT 3 -l -p 100000 -Q 2 127.0.0.1
  compare_stopped INT 3 -l -p 100000 -N -Q 2 127.0.0.1
  compare_stopped QUIT 1 -c 2 -p 3000 127.0.0.1
}
# shellcheck disable=SC2086
wait $children
check_all

# What fping does wrong or not at all.
expect 0 timeout --foreground --preserve-status -s TERM 1 "$program" --as fping -l -p 10000 127.0.0.1
says err '^127\.0\.0\.1 : xmt/rcv/%loss = 1/1/0%'
expect 1 "$program" --as fping -r 0 -t 200 10.1.0.4
says out '^10\.1\.0\.4 is unreachable \[<- 10\.1\.0\.9\]$'
expect 0 "$program" --as fping --any-source -r 0 -t 200 10.1.0.4
says out '^10\.1\.0\.4 is alive \[<- 10\.1\.0\.9\]$'
expect 1 "$program" --as fping -r 0 -t 300 fd07::1
says err '^ICMPv6 .* from fd01::2 for ICMP Echo sent to fd07::1$'
expect 0 "$program" --as fping -g ::1/128
says out '^::1 is alive$'
expect 2 "$program" --as fping -r 0 127.0.0.1 nosuch.invalid
says out '^127\.0\.0\.1 is alive$'
says err '^nosuch\.invalid: '
lines err 1

kill "$peer"
end
