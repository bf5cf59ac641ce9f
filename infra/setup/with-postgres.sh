#!/usr/bin/env bash
# with-postgres.sh COMMAND...: runs the command with a PostgreSQL in reach, whose URL is BERTH_TEST_POSTGRES_URL; its user
# may create databases. One that the variable names already is used as it is; else a private server is started, on a socket
# in a folder of its own, which shares nothing with a system server and ends with the command. With BERTH_POSTGRES_LISTEN=ADDRESS
# and BERTH_POSTGRES_CLIENTS=NETWORK it also listens there, at a free port, for the pods of a cluster: BERTH_CLUSTER_POSTGRES_URL.
. "$(dirname "$0")/announce.sh"

if [ -n "${BERTH_TEST_POSTGRES_URL:-}" ]; then
  say "PostgreSQL: the server that BERTH_TEST_POSTGRES_URL names is used"
  "$@"
  exit
fi

# The newest that Debian's packages have installed, or what the path offers.
programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
programs=${programs:-$(dirname "$(command -v postgres || true)")}
[ -x "$programs/initdb" ] || fail "PostgreSQL is not installed (on Debian: sudo apt-get install postgresql-15)."

# What a run left when it was killed can go: nobody holds its folder any more.
find /tmp -maxdepth 1 -name 'berth-postgres.*' -mmin +1 -exec flock --nonblock {} rm -rf {} \;
run=$(mktemp -d /tmp/berth-postgres.XXXXXX)
exec 8<"$run"
flock --shared 8
# The server refuses to run as root.
as_server=(setpriv --pdeathsig INT)
if is_root; then
  getent passwd postgres >/dev/null || fail "The user postgres is missing; Debian's package postgresql-common makes it."
  chown postgres "$run"
  as_server+=(--reuid postgres --regid postgres --clear-groups)
fi
server=''

stop() {
  local status=$?
  trap - EXIT
  set +e
  if [ -n "$server" ]; then
    # INT: clients are cut off, what is committed is kept.
    kill -INT "$server" 2>/dev/null
    for _ in $(seq 100); do
      kill -0 "$server" 2>/dev/null || break
      sleep 0.1
    done
    kill -QUIT "$server" 2>/dev/null
    wait "$server" 2>/dev/null
  fi
  rm -rf "$run"
  exit "$status"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

say "PostgreSQL: starting a private server"
cd "$run"
"${as_server[@]}" -- "$programs/initdb" --pgdata "$run/data" --username berth --auth trust --encoding UTF8 --locale C \
  --no-sync >"$run/initdb.log" 2>&1 || { cat "$run/initdb.log" >&2; fail "initdb failed."; }
# setpriv becomes the server, so that the process that is ended is the server itself; it ends, too, when this script is killed.
listen=${BERTH_POSTGRES_LISTEN:-}
port=5432
if [ -n "$listen" ]; then
  echo "host all all $BERTH_POSTGRES_CLIENTS trust" >>"$run/data/pg_hba.conf"
  port=$(node -e 'const s = require("node:net").createServer().listen(0, process.argv[1], () => { console.log(s.address().port); s.close(); })' "$listen")
  export BERTH_CLUSTER_POSTGRES_URL="postgres://berth@$listen:$port/postgres"
fi
setsid "${as_server[@]}" -- "$programs/postgres" -D "$run/data" -k "$run" -c "listen_addresses=$listen" -p "$port" -c max_connections=200 >"$run/postgres.log" 2>&1 </dev/null &
server=$!
cd "$OLDPWD"

export BERTH_TEST_POSTGRES_URL="postgres:///postgres?host=$run&user=berth&port=$port"
for attempt in $(seq 150); do
  "$programs/pg_isready" --quiet --host "$run" --port "$port" && break
  if [ "$attempt" = 150 ] || ! kill -0 "$server" 2>/dev/null; then
    tail -n 20 "$run/postgres.log" >&2
    fail "The private PostgreSQL did not start; the end of its log is above."
  fi
  sleep 0.1
done
"$@" 8<&-
