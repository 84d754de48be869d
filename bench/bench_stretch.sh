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
# note.wav PROGRAM KEY SECONDS: one note at 120 beats a minute, 96 ticks a beat, dry.
note() {
    local ticks=$(($4 * 192)) high low
    high=$(printf '%o' $((ticks >> 7 | 128))); low=$(printf '%o' $((ticks & 127)))
    printf 'MThd\0\0\0\6\0\0\0\1\0\140MTrk\0\0\0\030\0'"\\300\\$(printf %o "$2")"'\0\260\133\0\0'"\\220\\$(printf %o "$3")"'\132'"\\$high\\$low\\200\\$(printf %o "$3")"'\0\0\377\057\0' >"$work/note.mid"
    timeout 60 fluidsynth -n -i -q -g 0.8 -R 0 -C 0 -r 44100 -F "$1" "$font" "$work/note.mid" \
        </dev/null >/dev/null 2>&1
}
sounds="$work/tone.wav $work/pad.wav"
truths=""
if command -v fluidsynth >/dev/null && [ -r $font ]; then
    for voice in organ:19:57 strings:48:57 flute:73:69 pad:89:57 choir:52:60 cello:42:50; do
        IFS=: read -r name program key <<<"$voice"
        note "$work/$name-held.wav" "$program" "$key" 4
        note "$work/$name-truth.wav" "$program" "$key" 8
        [ -s "$work/$name-truth.wav" ] && truths="$truths $name"
    done
fi
for sound in $sounds; do
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

# A note held for 4 s and stretched to 8 beside the same note held for 8 s.
for name in $truths; do
    held=$work/$name-held.wav; truth=$work/$name-truth.wav
    "$bench" truth "$held" "$truth" "$name"
    timeout 300 rubberband -3 -q -t 2 "$held" "$work/out.wav" >/dev/null 2>&1 </dev/null
    "$bench" against "$held" "$work/out.wav" "$truth" "$name R3"
done
