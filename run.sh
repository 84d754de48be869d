#!/bin/bash
# run.sh [ARGS…]: installs what is missing, builds trowel in release mode, and runs it.
# run.sh --demo [DIR]: makes demo recordings, mines, curates and formats them (default ./demo).
set -eu
top=$(cd "$(dirname "$0")" && pwd)
"$top/packaging/setup.sh" build
if ! [ -f "$top/build/release/build.ninja" ]; then
    (cd "$top" && cmake --preset release >/dev/null)
fi
[ -x "$top/build/release/trowel" ] || echo "building trowel (once, a minute or two)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --build "$top/build/release" --target trowel >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
rm -f "$log"
trap - EXIT
if [ "${1-}" = --demo ]; then
    shift
    exec "$top/build/release/trowel" --batch demo --force ${1:+--output_dir "$1"}
fi
exec "$top/build/release/trowel" "$@"
