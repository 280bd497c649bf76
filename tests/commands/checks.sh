# What the tests of commands share: a folder of their own, and checks that say what was wrong. Sourced. POSIX sh.
# shellcheck shell=sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# expect STATUS COMMAND...: runs it, and keeps what it says in $folder/out and $folder/err.
expect() {
  wanted=$1
  shift
  status=0
  "$@" >"$folder/out" 2>"$folder/err" </dev/null || status=$?
  if [ "$status" -ne "$wanted" ]; then wrong "ended with $status instead of $wanted: $*"; fi
}

# says out|err PATTERN: the last command said a line like that.
says() {
  grep -q -- "$2" "$folder/$1" || wrong "no \"$2\" in its std$1"
}

says_nothing_like() {
  if grep -q -- "$2" "$folder/$1"; then wrong "\"$2\" in its std$1"; fi
}

lines() {
  [ "$(wc -l <"$folder/$1")" -eq "$2" ] || wrong "not $2 line(s) in its std$1"
}

wrong() {
  failures=$((failures + 1))
  echo "FAILED: $1"
  sed 's/^/  out: /' "$folder/out"
  sed 's/^/  err: /' "$folder/err"
}

# skip NAME REASON: ends here, which ctest calls skipped, if what was tried so far is right.
skip() {
  end
  echo "SKIPPED commands_$1: $2"
  [ -z "${MULTIPING_FORBID_SKIPS:-}" ] || exit 1
  exit 77
}

end() {
  [ "$failures" -eq 0 ] || exit 1
}
