#!/bin/sh
# Starts a Postgres of its own on a free port, runs the given command with TIDEGATE_POSTGRES set to where it is, and
# stops and removes it again, whatever happens. The exit code is the command's; 77 when Postgres is not installed.
#   tests/postgres.sh cargo test --test postgres_ledger
# For the command: TIDEGATE_POSTGRES (`host=... port=... user=... dbname=...`), TIDEGATE_POSTGRES_RESTART (a program
# that restarts the server: `fast` or `immediate`), SSL_CERT_FILE (who signed the server's certificate, which is for
# 127.0.0.1 alone). Commits reach the disk only with TIDEGATE_POSTGRES_FSYNC=on: for measurements.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n | tail -n 1)
[ -x "${bin:-}/initdb" ] || bin=$(pg_config --bindir 2>/dev/null || true)
for program in "${bin:-}/initdb" "${bin:-}/pg_ctl" "$(command -v openssl)"; do
    [ -x "$program" ] && continue
    echo "Postgres is not installed (apt-get install postgresql openssl)" >&2
    exit 77
done
dir=$(mktemp -d)
# A server refuses to run as root.
as_owner=
if [ "$(id -u)" = 0 ]; then
    as_owner='runuser -u postgres --'
    chown postgres "$dir"
fi
end() {
    (cd "$dir" && $as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1) || true
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Where this shell is killed, somebody is left who notices.
(
    trap '' INT TERM HUP
    while kill -0 $$ 2>/dev/null && [ -d "$dir" ]; do sleep 2; done
    [ ! -d "$dir" ] || end
) >/dev/null 2>&1 &

# A certificate of the server's own, signed by nobody else.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext 'subjectAltName=IP:127.0.0.1' \
    -addext 'basicConstraints=critical,CA:FALSE' -keyout "$dir/key.pem" -out "$dir/certificate.pem" 2>/dev/null
chmod 600 "$dir/key.pem"
[ -z "$as_owner" ] || chown postgres "$dir/key.pem" "$dir/certificate.pem"
chmod 755 "$dir"

log="$dir/log"
(cd "$dir" && $as_owner "$bin/initdb" -D "$dir/data" -U tidegate -A trust -E UTF8 --locale=C --no-sync >"$dir/log.initdb" 2>&1) ||
    { cat "$dir/log.initdb" >&2; exit 1; }
tries=0
while :; do
    port=$(shuf -i 20000-59999 -n 1)
    (cd "$dir" && $as_owner tee -a "$dir/data/postgresql.conf" >/dev/null) <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
max_connections = 300
fsync = ${TIDEGATE_POSTGRES_FSYNC:-off}
ssl = on
ssl_cert_file = '$dir/certificate.pem'
ssl_key_file = '$dir/key.pem'
CONF
    (cd "$dir" && $as_owner "$bin/pg_ctl" -D "$dir/data" -l "$log" -w start >/dev/null 2>&1) && break
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || { cat "$log" >&2; exit 1; }
done
cat >"$dir/restart" <<RESTART
#!/bin/sh
cd "$dir" && exec $as_owner "$bin/pg_ctl" -D "$dir/data" -l "$log" -m "\${1:-fast}" -w restart >/dev/null
RESTART
chmod 755 "$dir/restart"

TIDEGATE_POSTGRES="host=127.0.0.1 port=$port user=tidegate dbname=postgres" \
    TIDEGATE_POSTGRES_RESTART="$dir/restart" SSL_CERT_FILE="$dir/certificate.pem" "$@"
