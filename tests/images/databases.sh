#!/bin/sh
# Makes the images `apex-test/postgres:1` and `apex-test/redis:1` from the files of the Debian
# packages of this machine (postgresql-15 and redis-tools, which holds the server), with the
# libraries that these need. Nothing is fetched from a registry of images.
set -eu

has() { docker image inspect "$1" >/dev/null 2>&1; }

# copy ROOT FILE...: files with the libraries that they are linked with.
copy() {
  root=$1
  shift
  for file in "$@"; do
    mkdir -p "$root/$(dirname "$file")"
    cp -L "$file" "$root/$file"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
      [ -e "$root/$library" ] || {
        mkdir -p "$root/$(dirname "$library")"
        cp -L "$library" "$root/$library"
      }
    done
  done
}

# base ROOT: a shell, and the users that the servers run as.
base() {
  mkdir -p "$1/bin" "$1/tmp" "$1/etc" "$1/run"
  chmod 1777 "$1/tmp" "$1/run"
  cp "$(command -v busybox)" "$1/bin/busybox"
  for applet in sh sleep cat echo; do ln -s busybox "$1/bin/$applet"; done
  printf 'root:x:0:0:root:/:/bin/sh\npostgres:x:70:70:postgres:/:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\npostgres:x:70:\n' >"$1/etc/group"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! has apex-test/redis:1; then
  root=$work/redis
  base "$root"
  # The server and its check of files are one program.
  copy "$root" "$(readlink -f "$(command -v redis-check-rdb)")" "$(command -v redis-cli)"
  ln -s "$(readlink -f "$(command -v redis-check-rdb)")" "$root/bin/redis-server"
  tar -C "$root" -c . | docker import \
    -c 'ENV PATH=/bin:/usr/bin' -c 'EXPOSE 6379' \
    -c 'CMD ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]' \
    - apex-test/redis:1 >/dev/null
fi

if ! has apex-test/postgres:1; then
  root=$work/postgres
  base "$root"
  programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  version=$(basename "$(dirname "$programs")")
  copy "$root" "$programs/postgres" "$programs/psql" "$programs/pg_isready" "$programs/initdb" \
    "$programs/pg_ctl"
  mkdir -p "$root/usr/lib/postgresql/$version/lib" "$root/usr/share/postgresql" \
    "$root/usr/share/zoneinfo"
  # The compiler for queries is large and not needed.
  for library in /usr/lib/postgresql/"$version"/lib/*.so; do
    case $library in *llvmjit*) ;; *) copy "$root" "$library" ;; esac
  done
  cp -a "/usr/share/postgresql/$version" "$root/usr/share/postgresql/"
  cp -a /usr/share/zoneinfo/Etc /usr/share/zoneinfo/UTC "$root/usr/share/zoneinfo/"
  mkdir -p "$root/data"
  chown -R 70:70 "$root/data"
  tar -C "$root" -c . | docker import -c "ENV PATH=/bin:$programs" - apex-test/postgres:bare >/dev/null
  # A cluster of databases can only be made where it is going to run, and never by root.
  maker=$(docker create --user 70:70 --network none apex-test/postgres:bare sh -c \
    "initdb -D /data -U postgres -A trust --no-locale -E UTF8 --no-sync >/tmp/log &&
     echo 'host all all all trust' >>/data/pg_hba.conf")
  code=$(docker start "$maker" >/dev/null && docker wait "$maker")
  [ "$code" -eq 0 ] || docker logs "$maker" >&2
  docker commit -c 'EXPOSE 5432' -c 'USER postgres' \
    -c 'CMD ["postgres", "-D", "/data", "-c", "listen_addresses=*", "-c", "fsync=off", "-c", "unix_socket_directories=/run"]' \
    "$maker" apex-test/postgres:1 >/dev/null
  docker rm "$maker" >/dev/null
  docker rmi --no-prune apex-test/postgres:bare >/dev/null
  [ "$code" -eq 0 ]
fi
