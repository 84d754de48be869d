#!/bin/bash
# Nothing above leaks below: includes, third-party headers and library symbols by layer.
set -u
build=$1 top=$2
cd "$top/src" || exit 1
failed=0
complain() {
    echo "FAIL: $*"
    failed=1
}

# allowed LAYER REGEX: which of our own headers a layer may include.
allowed() {
    local layer=$1 regex=$2 hits
    hits=$(grep -nE '^#include "' "$layer"/*.[ch] 2>/dev/null | grep -vE "#include \"($regex)" || true)
    [ -z "$hits" ] || complain "$layer includes what it may not know:" $'\n'"$hits"
}
allowed dsp 'core/(array|pi|rng|status)\.|dsp/'
allowed io 'core/(array|status|rng)\.|dsp/|io/'
allowed core 'core/|dsp/|io/'
allowed audio 'core/(array|log|pi|rng|status)\.|dsp/|io/(soundfile|candidate)\.|audio/'
# docs/decisions/0002-what-screens-may-include.md says why the screens may know these.
allowed ui 'core/|audio/transport\.|dsp/(overview|measures|track|pads|drum_class)\.|io/(theme|config|candidate|targets|paths|text)|ui/'
hits=$(grep -nE '^#include "' core/{array,log,pi,rng,status}.[ch] 2>/dev/null | grep -vE '#include "core/(array|log|pi|rng|status)\.')
[ -z "$hits" ] || complain "the ground floor includes what is above it: $hits"

# only HEADER FILE…: a third-party header belongs to one file.
only() {
    local header=$1 hits
    shift
    hits=$(grep -lE "^#include <($header)" */*.[ch] *.c 2>/dev/null)
    for file in $hits; do
        case " $* " in *" $file "*) ;; *) complain "$file includes <$header>" ;; esac
    done
}
only 'kiss_fft' dsp/fft.c
only 'samplerate' dsp/resample.c
only 'ebur128' dsp/loudness.c
only 'sndfile' io/soundfile.c
only 'yaml' io/yaml.c
only 'sqlite3' core/catalog.c
only 'portaudio' audio/device_portaudio.c
only '(ncurses|curses|term\.h)' ui/term.c
only 'nettle/' io/sha256.c

# without LIBRARY REGEX: no undefined symbol of a layer may match.
without() {
    local library=$build/libtrowel_$1.a hits
    hits=$(nm -u "$library" 2>/dev/null | awk '$1 == "U" {print $2}' | sort -u | grep -E "^($2)\$" || true)
    [ -z "$hits" ] || complain "lib$1 calls: $hits"
}
curses='initscr|newterm|wadd.*|wget.*|mvw.*|endwin'
# What the locale decides: the screens have the terminal's, the batch mode none.
locale='__ctype_.*|is(alnum|alpha|digit|lower|print|punct|space|upper)|to(lower|upper)|strn?casecmp|strcoll'
without ground "$curses|$locale|Pa_.*|sf_.*|yaml_.*|sqlite3_.*|printf|puts|exit|rand|srand"
without dsp "$curses|$locale|Pa_.*|sf_.*|yaml_.*|sqlite3_.*|pthread_(create|mutex.*|cond.*)|f?open(at|64)?|fread|fwrite|v?f?printf|puts|s?rand|rand_r|random|exit|abort|time|clock_gettime"
without io "$curses|$locale|Pa_.*|sqlite3_.*|pthread_create|v?printf|puts|s?rand|random|exit"
without core "$curses|$locale|Pa_.*|sf_.*|yaml_.*|v?printf|puts|s?rand|random|exit"
without audio "$curses|yaml_.*|sqlite3_.*|v?printf|puts|s?rand|random|exit"
without ui "Pa_.*|sf_.*|yaml_.*|sqlite3_.*|puts|s?rand|random"

# Shape of the tree: files and mutable globals.
[ "$(wc -l <main.c)" -lt 120 ] || complain "main.c has grown over 120 lines"
long=$(wc -l */*.[ch] *.c 2>/dev/null | awk '$2 != "total" && $1 > 600 {print $2, $1}')
[ -z "$long" ] || complain "files over 600 lines: $long"
for library in "$build"/libtrowel_*.a; do
    # .data.rel.ro holds constant tables of pointers: only .data and .bss can change.
    globals=$(objdump -t "$library" 2>/dev/null |
        awk '$3 == "O" && $4 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $4 !~ /rel\.ro/ {print $NF}
             $2 == "O" && $3 ~ /^(\.data|\.bss|\*COM\*)/ && $3 !~ /rel\.ro/ {print $NF}')
    # What the system itself has once a process: a signal handler gets no argument, and
    # PortAudio is initialised and counted for the whole program.
    case $library in
    */libtrowel_ui.a) globals=$(grep -vx here <<<"$globals") ;;
    */libtrowel_audio.a) globals=$(grep -vxE 'library|streams' <<<"$globals") ;;
    esac
    case $build in *asan* | *tsan* | *coverage* | *fuzz*) globals= ;; esac
    [ -z "$globals" ] || complain "mutable globals in $(basename "$library"): $globals"
done
[ $failed = 0 ] && echo "layers: clean"
exit $failed
