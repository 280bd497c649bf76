#!/bin/sh
# Runs the views for people in tmux, which is a terminal that none of us wrote: --watch with its keys, in a small
# terminal, stopped and continued, and ended by a signal; colours; the progress line.
# Usage: tmux_test.sh PROGRAM
set -u
needs="tmux bash"
# shellcheck source=in_namespace.sh
. "$(dirname "$0")/in_namespace.sh"
ip link set lo up
ip route add blackhole 10.9.0.0/16

: >"$folder/out"
: >"$folder/err"
terminals=0
tmux() { command tmux -S "$folder/socket$terminals" -f /dev/null "$@"; }
# begin COLUMNS LINES: a shell in a new terminal, with a server of its own: one that ends could still take it in.
begin() {
  terminals=$((terminals + 1))
  tmux new-session -d -x "$1" -y "$2" "env -u NO_COLOR PS1='ready> ' bash --norc --noprofile -i"
  shows 'ready>'
}
# Types a line, or presses keys.
line() { tmux send-keys -l "$1" && tmux send-keys Enter; }
press() { tmux send-keys "$@"; }
screen() { tmux capture-pane -p "$@"; }
# shows PATTERN: waits until the screen has it, for 20 s at most.
shows() {
  tries=0
  while ! screen | grep -q -- "$1"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then
      wrong "the screen never shows $1:"
      screen >&2
      return
    fi
    sleep 0.1
  done
}
# How many lines of the screen have colours.
coloured() { screen -e | grep -c "$(printf '\033')\\[[0-9;]*3[1-6]m"; }
finish() { tmux kill-server; }

# --- The live table: what it shows, its keys, and the terminal as it was before.
begin 100 30
line "echo before; $program --watch 127.0.0.1 ::1 10.9.0.1; echo ended=\$?"
shows '127\.0\.0\.1 .*up'
shows '10\.9\.0\.1 .*error'
[ "$(coloured)" -gt 0 ] || wrong "no colours on a terminal"
press '?'
shows 'KEYS'
press '?'
press p
shows 'PAUSED'
press p
tmux resize-window -x 20 -y 5
tmux resize-window -x 100 -y 30
shows '127\.0\.0\.1 .*up'
# Stopped, the shell has the terminal; continued, the table comes back.
press C-z
shows 'Stopped'
line fg
shows '127\.0\.0\.1 .*up'
press q
shows 'ended='
shows '^.*before'
line 'stty -a | tr " " "\n" | grep -x -e echo -e icanon | wc -l'
shows '^2$'

# --- A signal ends it, and the terminal is as it was.
line "clear; $program --watch 127.0.0.1 & sleep 1; kill -TERM \$!; wait; echo over"
shows '^over'
finish

# --- No colours with NO_COLOR.
begin 100 30
line "clear; NO_COLOR=1 $program --watch 127.0.0.1 10.9.0.1"
shows '10\.9\.0\.1 .*error'
[ "$(coloured)" -eq 0 ] || wrong "NO_COLOR is not heeded"
press q
shows 'ready>'

# --- The progress line of work that takes longer than two seconds.
line "clear; $program -q -c 4 -p 1000 127.0.0.1"
shows '%'
shows 'xmt/rcv'
finish
end
