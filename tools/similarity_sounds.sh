#!/bin/sh
# The sounds similarity's constants are worked out from: every sound file under the given
# folders, in a fixed order, but never those of the four kits that only judge.
# With --judges first: only those.
set -eu
judges='/(BJA_Pacific|ForzeeStereo|Millo_MultiLayered2|Millo_MultiLayered3)/'
no_sounds='/waveforms/' # single cycles
keep=-Ev
if [ "${1-}" = --judges ]; then
    keep=-E
    shift
fi
find -L "$@" -type f \( -name '*.wav' -o -name '*.flac' -o -name '*.aiff' -o -name '*.ogg' \) |
    grep "$keep" "$judges" | grep -v "$no_sounds" | LC_ALL=C sort
