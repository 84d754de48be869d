#!/bin/bash
# setup.sh PURPOSE…: installs with apt what debian-packages.txt lists for any of the purposes
# (build, test, clang) and this machine lacks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || {
    echo "usage: setup.sh build|test|clang ..." >&2
    exit 2
}
wanted=" $* "

missing=()
while read -r package purpose _; do
    case $package in '' | '#'*) continue ;; esac
    case $wanted in *" $purpose "*) ;; *) continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing+=("$package")
done <"$here/debian-packages.txt"
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || {
    echo "setup: apt-get is missing; install these by hand: ${missing[*]}" >&2
    exit 1
}
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup: sudo is missing; as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >&2 || echo "setup: going on with the package lists there are" >&2
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 || {
    echo "setup: apt-get could not install all of these (is there a network?): ${missing[*]}" >&2
    exit 1
}
