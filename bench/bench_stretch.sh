#!/bin/bash
# bench_stretch.sh [BUILD_DIR] [FACTOR]: our vocoder beside Rubber Band's finer engine (R3) and
# its faster one (R2), in one run on the same sounds: × realtime of the input per core, and how
# much each adds that was not there. Needs Debian's rubberband-cli (never linked, never
# shipped); with fluidsynth and a soundfont also a note against the same note held longer.
set -eu
build=${1:-build/release}; factor=${2:-2}
bench=$build/bench/bench_stretch
command -v rubberband >/dev/null || { echo "rubberband-cli is not installed"; exit 0; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$bench" make "$work"
font=/usr/share/sounds/sf2/FluidR3_GM.sf2
if command -v fluidsynth >/dev/null && [ -r $font ]; then
    # one track: strings, A3 and E4 held for 7 s at 120 beats a minute, 96 ticks a beat
    printf 'MThd\0\0\0\6\0\0\0\1\0\140MTrk\0\0\0\030\0\300\060\0\220\071\132\0\220\100\132\212\100\200\071\0\0\200\100\0\0\377\057\0' >"$work/note.mid"
    timeout 60 fluidsynth -n -i -q -g 0.6 -r 44100 -F "$work/strings.wav" "$font" "$work/note.mid" \
        </dev/null >/dev/null 2>&1 || true
fi
for sound in "$work"/{tone,pad,strings}.wav; do
    [ -s "$sound" ] || continue
    name=$(basename "$sound" .wav)
    printf '%-8s trowel  ' "$name"; "$bench" stretch "$sound" "$factor"
    for engine in 3 2; do
        before=$(awk '{print $16 + $17}' /proc/$$/stat)
        timeout 300 rubberband -$engine -q -t "$factor" "$sound" "$work/out.wav" >/dev/null 2>&1 </dev/null
        after=$(awk '{print $16 + $17}' /proc/$$/stat)
        awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v n="$name" -v e=$engine -v s="$(soxi -D "$sound" 2>/dev/null || echo 8)" \
            'BEGIN {printf "%-8s R%s      %6.2f s CPU, %5.1f x realtime  ", n, e, t / hz, s / (t / hz)}'
        "$bench" judge "$sound" "$work/out.wav" "$factor"
    done
done
