# Sourced: daemons that outlive the script that starts them, each with a pid file and a log.
# shellcheck shell=bash

# daemon NAME COMMAND...: starts it unless it runs.
daemon() {
  local name=$1
  shift
  if runs "$name"; then return 0; fi
  setsid "$@" >>"$state/logs/$name.log" 2>&1 </dev/null 9>&- &
  # The time of its start tells the process from a later one of the same number.
  printf '%s %s\n' $! "$(started_at $!)" >"$run/$name.pid"
}

started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

runs() {
  local pid since
  read -r pid since 2>/dev/null <"$run/$1.pid" || return 1
  [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ]
}

# end NAME: asks it to end, and ends it after 20 seconds.
end() {
  local pid
  if runs "$1"; then
    read -r pid _ <"$run/$1.pid"
    kill -TERM "$pid"
    within 20 not runs "$1" || kill -KILL "$pid"
    within 5 not runs "$1" || say "$1 (process $pid) does not end"
  fi
  rm -f "$run/$1.pid"
}

not() { ! "$@"; }

# within SECONDS COMMAND...: runs the command until it succeeds, at most for so long.
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.2
  done
}

# expect SECONDS DAEMON COMMAND...: as within, while the daemon runs; where it fails the end of its log is told.
expect() {
  local seconds=$1 name=$2 until
  until=$((SECONDS + seconds))
  shift 2
  while [ $SECONDS -lt $until ] && runs "$name"; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  tail -n 25 "$state/logs/$name.log" >&2
  fail "$name does not answer within $seconds s; the end of $state/logs/$name.log is above."
}
