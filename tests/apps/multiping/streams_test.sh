#!/bin/sh
# Tests where the command's text goes, and what a full disk, a slow reader and signals do to it.
# Usage: streams_test.sh PROGRAM
# shellcheck disable=SC2154  # $folder and $program are those of in_namespace.sh and checks.sh.
set -u
# shellcheck source=in_namespace.sh
. "$(dirname "$0")/in_namespace.sh"
ip link set lo up

# --- Descriptors are written to, and are not replaced as files are.
sh -c "echo first; '$program' --output /dev/stdout 127.0.0.1; '$program' --output - 127.0.0.2; echo last" >"$folder/log"
printf 'first\n127.0.0.1 is alive\n127.0.0.2 is alive\nlast\n' | cmp -s - "$folder/log" ||
  wrong "what was in the file of /dev/stdout is lost"
expect 0 sh -c "'$program' -q --report /dev/fd/7 127.0.0.1 7>'$folder/page'"
grep -q '^<!DOCTYPE html>' "$folder/page" || wrong "no page came by /dev/fd/7"

# --- A file is replaced as a whole, and keeps who may read it.
echo old >"$folder/secret"
chmod 640 "$folder/secret"
expect 0 "$program" --output "$folder/secret" 127.0.0.1
[ "$(stat -c '%a' "$folder/secret")" = 640 ] || wrong "its permissions are others"
grep -qx '127.0.0.1 is alive' "$folder/secret" || wrong "the file was not replaced"
mkdir "$folder/empty"
(sleep 1 | timeout -s TERM 0.3 "$program" --output "$folder/empty/page" --format openmetrics)
[ -z "$(ls -A "$folder/empty")" ] || wrong "a signal before the run left a file"
expect 4 "$program" --output "$folder/nothing/page" 127.0.0.1
says err 'cannot write to .*/nothing/page: No such file or directory'
expect 4 "$program" -a --health "$folder/nothing/health" 127.0.0.1
lines out 0

# --- One stream that takes no more text takes nothing from the others.
expect 4 sh -c "'$program' -c 3 -p 20 --report '$folder/full.html' 127.0.0.1 >/dev/full"
says err '^127\.0\.0\.1 : xmt/rcv/%loss = '
says err 'cannot write to the standard output: No space left on device'
grep -q '</html>' "$folder/full.html" || wrong "a full disk took the report away"
rm "$folder/full.html"
expect 4 sh -c "'$program' -s --report '$folder/full.html' 127.0.0.1 >/dev/full"
says err '^ *1 ICMP Echos sent$'
grep -q '</html>' "$folder/full.html" || wrong "a full disk took the report of one ping away"
expect 4 "$program" --output "$folder/results" --report /dev/full 127.0.0.1
grep -qx '127.0.0.1 is alive' "$folder/results" || wrong "a report that cannot be written took the results away"
# What was not told stays unknown to --health, so that the next run tells it.
for _ in 1 2; do
  expect 0 "$program" -q --rise 1 --health "$folder/health" 127.0.0.1
done
cp "$folder/health" "$folder/before"
expect 4 sh -c "'$program' -u -r 0 -t 100 --fall 1 --health '$folder/health' 127.0.0.1 127.0.0.2 >/dev/full"
cmp -s "$folder/health" "$folder/before" || wrong "changes were kept that nobody was told"

# --- A reader that is late loses nothing, also where somebody has made the pipe non-blocking.
if command -v python3 >/dev/null; then
  expect 0 python3 - "$program" <<'END'
import os, subprocess, sys, time
reader, writer = os.pipe()
os.set_blocking(writer, False)
hosts = [f"127.0.{i // 250}.{1 + i % 250}" for i in range(3000)]
run = subprocess.Popen([sys.argv[1], "-e", "-f", "-"], stdin=subprocess.PIPE, stdout=writer)
os.close(writer)
run.stdin.write("\n".join(hosts).encode())
run.stdin.close()
time.sleep(0.5)
text = b""
while part := os.read(reader, 65536):
    text += part
sys.exit(0 if run.wait() == 0 and text.count(b"\n") == 3000 else 1)
END
fi

# --- nohup(1) ignores a hang-up, and so does the command then; an interrupt ends it, as it ends fping.
(
  trap '' HUP INT
  exec "$program" -l -p 50 127.0.0.1
) >"$folder/out" 2>"$folder/err" &
running=$!
for _ in $(seq 500); do
  if [ -s "$folder/out" ]; then break; fi
  sleep 0.02
done
kill -HUP $running
sleep 0.3
kill -0 $running || wrong "a hang-up that is ignored ended it"
kill -INT $running
wait $running || wrong "an interrupt ended it with $?"
says err '^127\.0\.0\.1 : xmt/rcv/%loss = '

# --- Each interval of -Q has the probes of its time, as with fping.
expect 0 "$program" -c 4 -Q 2 -p 1000 127.0.0.1
grep -q '^127\.0\.0\.1 : xmt/rcv/%loss = 2/2/0%' "$folder/err" || wrong "an interval has another's probe"

expect 0 "$program" -Q 1 -r 0 127.0.0.1
lines err 0

# --- A great number of retries takes no time where the first is answered.
expect 0 timeout 10 "$program" -r 2147483647 -B 1 127.0.0.1
expect 0 timeout 10 "$program" -r 2147483647 -B 1.0000001 127.0.0.1

# --- A probe that was not sent is told once.
ip route add unreachable 10.8.0.1
expect 1 "$program" -c 2 -p 50 10.8.0.1
says err '^10\.8\.0\.1: error while sending ping: No route to host$'
lines out 0

end
