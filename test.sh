#!/bin/bash
# test.sh [PRESET…]: installs what is missing, builds, and runs every test.
# Default presets: dev (gcc, warnings are errors), asan (ASan + UBSan), tsan.
set -eu
top=$(cd "$(dirname "$0")" && pwd)
cd "$top"
[ $# -gt 0 ] || set -- dev asan tsan
purposes=(build test)
case " $* " in *' clang '* | *' fuzz '*) purposes+=(clang) ;; esac
packaging/setup.sh "${purposes[@]}"
cores=$(nproc)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for preset in "$@"; do
    echo "== $preset: build"
    { cmake --preset "$preset" && cmake --build --preset "$preset" -- -j "$cores"; } >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
    tail -n 1 "$log"
done
# Two more at a time than there are cores: tests of screens and devices mostly wait.
# On a shared CI machine a test that hears a paced sound card may be starved once: it gets a
# second try there, and only there. ctest's listing shows each one that needed it.
again=()
[ -z "${CI-}" ] || again=(--repeat until-pass:2)
status=0
for preset in "$@"; do
    echo "== $preset: test"
    ctest --test-dir "build/$preset" -j $((cores + 2)) --output-on-failure --no-tests=error ${again[@]+"${again[@]}"} || status=1
done
exit $status
