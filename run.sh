#!/bin/bash
# run.sh [ARGS…]: installs what is missing, builds trowel in release mode, and runs it.
# run.sh --demo [DIR]: makes demo recordings, mines, curates and formats them (default ./demo).
set -eu
top=$(cd "$(dirname "$0")" && pwd)
"$top/packaging/setup.sh" build
build=$top/build/release
if ! mkdir -p "$build" 2>/dev/null || ! [ -w "$build" ]; then # somebody else's tree
    build=${XDG_CACHE_HOME:-$HOME/.cache}/trowel/build-$(printf %s "$top" | cksum | cut -d' ' -f1)
fi
if ! [ -f "$build/build.ninja" ]; then
    (cd "$top" && cmake --preset release -B "$build" >/dev/null)
fi
[ -x "$build/trowel" ] || echo "building trowel (once, a minute or two)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --build "$build" --target trowel >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
rm -f "$log"
trap - EXIT
if [ "${1-}" = --demo ]; then
    shift
    exec "$build/trowel" --batch demo --force ${1:+--output_dir "$1"}
fi
exec "$build/trowel" "$@"
