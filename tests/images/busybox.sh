#!/bin/sh
# Makes the image `apex-test/busybox:1` for tests of containers, without fetching anything: the
# static busybox of this machine and nothing else.
set -eu
image=apex-test/busybox:1
docker image inspect "$image" >/dev/null 2>&1 && exit 0
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/tmp" "$root/etc"
busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
echo ok >"$root/ok"
echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
tar -C "$root" -c . | docker import -c 'ENV PATH=/bin' - "$image" >/dev/null
