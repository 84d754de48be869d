#!/bin/bash
# setup.sh build|test: installs with apt what debian-packages.txt lists and this machine lacks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=${1:?usage: setup.sh build|test}

missing=()
while read -r package purpose _; do
    case $package in '' | '#'*) continue ;; esac
    [ "$wanted" = test ] || [ "$purpose" = build ] || continue
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
"${as_root[@]}" apt-get update -q >&2 || true
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
