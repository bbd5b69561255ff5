# A Postgres server of a benchmark's own, in a temporary folder, on a private port, with a table to fill; and what the
# benchmarks need for their figures. To be sourced; then `begin` starts everything, and the end of the script stops it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root sluice=$root/.build/release/sluice

folder= server= stream=

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# --- The server

as_owner() { if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi; }

programs() {
    local place
    for place in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(dirname "$(command -v initdb || echo /)")"; do
        if [[ -x $place/initdb && -x $place/pg_ctl ]]; then
            echo "$place"
            return
        fi
    done
    fail "no Postgres server is installed. Run scripts/setup."
}

stop() {
    local status=$?
    trap - EXIT INT TERM
    # The client first: a server waits for a client that does not read.
    if [[ -n $stream ]]; then kill -KILL "$stream" 2>/dev/null || true; fi
    if [[ -n $server ]]; then
        kill -INT "$server" 2>/dev/null || true
        for _ in {1..100}; do
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -QUIT "$server" 2>/dev/null || true
    fi
    if [[ -n $folder ]]; then rm -rf "$folder"; fi
    exit "$status"
}

start_server() {
    local bin data=$folder/server/data attempt port
    bin=$(programs)
    mkdir "$folder/server" "$folder/work"
    if ((EUID == 0)); then
        # The account of the server has to get through to its own folder.
        chmod 711 "$folder"
        chown postgres: "$folder/server"
    fi
    as_owner "$bin/initdb" -D "$data" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$folder/work/initdb.log"
    as_owner tee -a "$data/postgresql.conf" >/dev/null <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder/server'
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
max_wal_size = 16GB
checkpoint_timeout = 1h
autovacuum = off
fsync = off
synchronous_commit = off
full_page_writes = off
SETTINGS
    for attempt in {1..5}; do
        # Whether a port is free is only known when the server has it.
        port=$((20000 + RANDOM % 12000))
        if as_owner "$bin/pg_ctl" -D "$data" -o "-p $port" -l "$folder/server/log" -w start >/dev/null 2>&1; then
            server=$(head -n 1 "$data/postmaster.pid")
            url=postgres://postgres@127.0.0.1:$port/postgres
            return
        fi
    done
    cat "$folder/server/log" >&2
    fail "the server did not start."
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$url" -c "$1"; }

create_slot() { sql "select pg_create_logical_replication_slot('$1', 'pgoutput')" >/dev/null; }
copy_slot() { sql "select pg_copy_logical_replication_slot('$1', '$2')" >/dev/null; }
drop_slot() { sql "select pg_drop_replication_slot('$1')" >/dev/null; }

insert() {
    sql "insert into benchmark_records
            (string_field, numeric_field, timestamp_field, json_field, inserted_at, updated_at)
         select 'record ' || md5(i::text), i * 1.2345, now() + i * interval '1 second',
            jsonb_build_object('number', i, 'name', md5(i::text), 'tags', jsonb_build_array('a', 'b', i % 10)),
            now() + i * interval '1 millisecond', now() + i * interval '2 milliseconds'
         from generate_series(1, $1) as i"
}

# --- Figures

# Runs a command; prints its wall clock seconds and its processor seconds.
timed() {
    local TIMEFORMAT='%R %U %S'
    { time "$@" 2>"$folder/work/stderr" >"$folder/work/stdout"; } 2>"$folder/work/time" || {
        cat "$folder/work/stderr" >&2
        fail "$1 failed."
    }
    awk '{ printf "%.3f %.3f\n", $1, $2 + $3 }' "$folder/work/time"
}

median() { sort -n | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'; }

calculate() { awk "BEGIN { printf \"$1\", $2 }"; }

# Prints a verdict on a figure: `at least` or `at most` a bound.
verdict() {
    local operator='>='
    if [[ $2 == 'at most' ]]; then operator='<='; fi
    if awk "BEGIN { exit !($1 $operator $3) }"; then echo "$2 $3$4"; else echo "$2 $3$4  MISSED"; fi
}

# --- The peer

# Receives from a slot up to a position with pg_recvlogical, and prints its times.
receive() {
    timed pg_recvlogical -d "$url" --slot="$1" --start --endpos="$2" --no-loop -f /dev/null \
        -o proto_version=1 -o publication_names=sluice
}

# --- The start

begin() {
    [[ -x $sluice ]] || fail "there is no $sluice. Run make release."
    trap stop EXIT
    trap 'exit 130' INT TERM
    folder=$(mktemp -d "${TMPDIR:-/tmp}/sluice-benchmark-XXXXXX")
    start_server
    sql "create table benchmark_records (
            id serial primary key, string_field text, numeric_field numeric, timestamp_field timestamptz,
            json_field jsonb, inserted_at timestamp, updated_at timestamp);
         create publication sluice for all tables"
}
