#!/bin/bash
# run.sh where strangers put it: behind a link, in a folder that moved, without a TMPDIR.
# A cmake of our own stands in for the real one: it configures and "builds" in no time.
set -u
top=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
    echo "FAIL: $*"
    failed=1
}
mkdir -p "$work/bin" "$work/Ton träger/packaging"
cp "$top/run.sh" "$work/Ton träger/"
printf '#!/bin/bash\n' >"$work/Ton träger/packaging/setup.sh"
chmod +x "$work/Ton träger/packaging/setup.sh"
cat >"$work/bin/cmake" <<'END'
#!/bin/bash
set -eu
if [ "$1" = --preset ]; then
    build=$4
    mkdir -p "$build"
    [ ! -e "$build/CMakeCache.txt" ] || exit 1
    echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >"$build/CMakeCache.txt"
    touch "$build/build.ninja"
    echo configured >>"${LOG:?}"
else
    build=$2
    printf '#!/bin/bash\nprintf "<%%s>" "$@"\n' >"$build/trowel"
    chmod +x "$build/trowel"
fi
END
chmod +x "$work/bin/cmake"
export PATH=$work/bin:$PATH LOG=$work/log TMPDIR=$work/missing

# runs TREE-OR-LINK TIMES: the arguments come through; so often cmake has configured by then.
runs() {
    local said
    said=$("$1" --batch 'a b' 2>"$work/err") || complain "$1 ended with $?: $(cat "$work/err")"
    [ "$said" = '<--batch><a b>' ] || complain "$1 ran trowel with $said"
    [ "$(wc -l <"$LOG")" -eq "$2" ] || complain "$1: configured $(wc -l <"$LOG") times, not $2"
}
runs "$work/Ton träger/run.sh" 1
runs "$work/Ton träger/run.sh" 1
ln -s "$work/Ton träger/run.sh" "$work/bin/trw"
runs "$work/bin/trw" 1
mv "$work/Ton träger" "$work/moved"
runs "$work/moved/run.sh" 2
runs "$work/moved/run.sh" 2
cp -r "$work/moved" "$work/copied"
runs "$work/copied/run.sh" 3
exit $failed
