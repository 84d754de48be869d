#!/bin/sh
# bench_process.sh BUILD_DIR [RECORDING.wav]: bench_process over one recording in every
# format there is a tool for (sox, flac, oggenc, lame). Without a recording: the longest
# of the demo recordings.
set -eu
build=${1:?usage: bench_process.sh BUILD_DIR [RECORDING.wav]}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 1 ]; then
    cp "$2" "$work/wav16.wav"
else
    "$build/bench/bench_process" --make "$work/demo"
    longest=$(ls -S "$work/demo"/*.wav | head -n 1)
    cp "$longest" "$work/wav16.wav"
fi
have() { command -v "$1" >/dev/null 2>&1; }
if have sox; then sox "$work/wav16.wav" -b 24 "$work/wav24.wav"; fi
if have flac; then flac --silent -o "$work/flac.flac" "$work/wav16.wav"; fi
if have oggenc; then oggenc -Q -o "$work/ogg.ogg" "$work/wav16.wav"; fi
if have lame; then lame --quiet "$work/wav16.wav" "$work/mp3.mp3"; fi
rm -rf "$work/demo"
"$build/bench/bench_process" "$work"/wav16.wav $(find "$work" -name 'wav24.wav' \
    -o -name 'flac.flac' -o -name 'ogg.ogg' -o -name 'mp3.mp3' | sort)
