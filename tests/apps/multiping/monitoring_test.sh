#!/bin/sh
# Runs what monitoring systems run, with the command in the place of fping: check_fping of monitoring-plugins, and the
# ways in which Zabbix and SmokePing call fping. promtool reads what the command writes, where it is installed.
# Usage: monitoring_test.sh PROGRAM
set -u
plugin=/usr/lib/nagios/plugins/check_fping
needs="fping $plugin"
# shellcheck source=in_namespace.sh
. "$(dirname "$0")/in_namespace.sh"
ip link set lo up
fping=$(readlink -f "$(command -v fping)")
mount --bind "$program" "$fping"
fping -v 2>/dev/null | grep -q multiping || wrong "fping is not this command"

# --- check_fping: its line, its figures, its exit codes.
expect 0 "$plugin" -H 127.0.0.1 -n 3
says out '^FPING OK - 127\.0\.0\.1 (loss=0%, rta=[0-9.]* ms)|loss=0%.*rta=[0-9.]*s'
expect 0 "$plugin" -H ::1 -n 2 -6
says out '^FPING OK - ::1 (loss=0%'
expect 2 "$plugin" -H 127.0.0.1 -n 2 -w 0.000001,100% -c 0.000001,100%
says out '^FPING CRITICAL - 127\.0\.0\.1 (loss=0%'
ip route add blackhole 10.9.0.0/16
expect 2 "$plugin" -H 10.9.0.1 -n 1 -T 200
says out '^FPING CRITICAL - 10\.9\.0\.1'

# --- Zabbix: the answers of each host in one line, on either stream.
printf '127.0.0.1\n127.0.0.2\n' >"$folder/hosts"
expect 0 sh -c "fping -C 3 -p 100 -i 1 -t 1000 <'$folder/hosts' 2>&1"
says out '^127\.0\.0\.2 : [0-9.]* [0-9.]* [0-9.]*$'
# --- SmokePing: asks -h for what it may use, then reads the times from the standard error stream.
expect 0 sh -c "fping -h 2>&1"
says out '^ *-S, --src'
says out '^ *-O, --tos'
expect 0 fping -C 5 -q -B1 -r1 -b64 -i1 -p 50 127.0.0.1
says err '^127\.0\.0\.1 : [0-9.]* [0-9.]* [0-9.]* [0-9.]* [0-9.]*$'
# One cycle of SmokePing itself, where it runs: it starts its probe FPing, and stores what it reads.
if smokeping --version >/dev/null 2>&1; then
  settings=$(dirname "$(command -v smokeping)")/../../etc/smokeping
  [ -d "$settings" ] || settings=/etc/smokeping
  mkdir "$folder/data" "$folder/images"
  cat >"$folder/smokeping.conf" <<END
*** General ***
owner = test
contact = test@example.org
mailhost = localhost
sendmail = /bin/true
imgcache = $folder/images
imgurl = images
datadir = $folder/data
piddir = $folder
cgiurl = http://localhost/smokeping.cgi
smokemail = $settings/smokemail
tmail = $settings/tmail
*** Database ***
step = 300
pings = 5
AVERAGE 0.5 1 100
*** Presentation ***
template = $settings/basepage.html
+ overview
width = 600
height = 50
range = 10h
+ detail
width = 600
height = 200
"3 hours" 3h
*** Probes ***
+ FPing
binary = $fping
+ FPing6
binary = $fping
*** Targets ***
probe = FPing
menu = Top
title = Top
+ here
menu = here
title = here
host = 127.0.0.1
+ silent
menu = silent
title = silent
host = 10.9.0.1
+ here6
probe = FPing6
menu = here6
title = here6
host = ::1
END
  expect 0 timeout 60 smokeping --config="$folder/smokeping.conf" --debug
  cat "$folder/out" >>"$folder/err"
  says err "fping output: '127\.0\.0\.1 : [0-9.]* [0-9.]* [0-9.]* [0-9.]* [0-9.]*'"
  says err "fping output: '10\.9\.0\.1 *: - - - - -'"
  says err 'update(.*/here\.rrd .*:0:[0-9.]*e-'
  says err 'update(.*/silent\.rrd .*:5:U:U'
  says err 'update(.*/here6\.rrd .*:0:[0-9.]*e-'
else
  echo "LEFT OUT: SmokePing is not installed (package smokeping)"
fi

# --- promtool is in Debian's package prometheus, which also installs a service.
if command -v promtool >/dev/null; then
  for mode in "-t 100 -r 0" "-c 2 -p 50" "--tcp 9 -t 100" "--health $folder/state -t 100 -r 0" "--mtu"; do
    # shellcheck disable=SC2086  # Several words on purpose.
    "$program" --format openmetrics $mode 127.0.0.1 10.9.0.1 ::1 >"$folder/metrics"
    [ -s "$folder/metrics" ] || wrong "nothing is written with $mode"
    expect 0 sh -c "promtool check metrics <'$folder/metrics'"
  done
else
  echo "LEFT OUT: promtool is not installed (package prometheus)"
fi

umount "$fping"
end
