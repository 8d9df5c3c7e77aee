#!/bin/sh
# A fresh PostgreSQL of this machine on the port that is handed over, in a folder of its own that
# goes with it.
set -eu
port=$1
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

# The server refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
  chown postgres "$data"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
else
  as=
fi
cd "$data"
$as "$programs/initdb" -D "$data/data" -U postgres -A trust --no-locale -E UTF8 --no-sync >/dev/null
# The shell stays, to take the folder away when the server has ended.
$as "$programs/postgres" -D "$data/data" -p "$port" -c listen_addresses=127.0.0.1 \
  -c fsync=off -c unix_socket_directories="$data" &
server=$!
trap 'kill -INT "$server"' TERM INT
wait "$server" || wait "$server" || true
