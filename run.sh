#!/bin/bash
# run.sh [ARGS…]: installs what is missing, builds trowel in release mode, and runs it.
# run.sh --demo [DIR]: makes demo recordings, mines, curates and formats them (default ./demo).
set -eu
top=$(dirname "$(readlink -f "$0")") # a link to this file will do
"$top/packaging/setup.sh" build
build=$top/build/release
if ! mkdir -p "$build" 2>/dev/null || ! [ -w "$build" ]; then # somebody else's tree
    build=${XDG_CACHE_HOME:-$HOME/.cache}/trowel/build-$(printf %s "$top" | cksum | cut -d' ' -f1)
    mkdir -p "$build"
fi
# A tree that was moved or copied is configured anew.
if ! [ -f "$build/build.ninja" ] ||
    ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$build/CMakeCache.txt"; then
    rm -f "$build/CMakeCache.txt"
    (cd "$top" && cmake --preset release -B "$build" >/dev/null)
fi
[ -x "$build/trowel" ] || echo "building trowel (once, a minute or two)" >&2
cmake --build "$build" --target trowel >"$build/run.log" 2>&1 || {
    cat "$build/run.log" >&2
    exit 1
}
if [ "${1-}" = --demo ]; then
    shift
    exec "$build/trowel" --batch demo --force ${1:+--output_dir "$1"}
fi
exec "$build/trowel" "$@"
