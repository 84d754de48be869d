#!/usr/bin/env python3
"""The samples that the drum presets of a sound font play, as WAV files:

    tools/soundfont_samples.py FONT.sf2 FOLDER

Reads SoundFont 2 (16-bit samples) and its Vorbis kin, .sf3. Drum presets are those of
bank 128; a font without any gives all its samples. Files are named after the sample;
which samples are velocity layers of one key is not told apart."""
import io
import os
import re
import struct
import sys

import numpy as np
import soundfile as sf

INSTRUMENT, SAMPLE, DRUM_BANK, VORBIS = 41, 53, 128, 0x10


def chunks(data, at, end):
    while at + 8 <= end:
        name, size = struct.unpack_from('<4sI', data, at)
        yield name, at + 8, size
        at += 8 + size + size % 2


def parts_of(data):
    """Every chunk inside the three lists of a sound font: name → bytes."""
    found = {}
    for name, at, size in chunks(data, 12, len(data)):
        if name == b'LIST':
            for inner, start, n in chunks(data, at + 4, at + size):
                found[inner] = data[start:start + n]
    return found


def rows(data, form):
    return [struct.unpack_from(form, data, i) for i in
            range(0, len(data) - struct.calcsize(form) + 1, struct.calcsize(form))]


def values(bags, generators, first, last, wanted):
    return {amount for b in range(first, last)
            for kind, amount in generators[bags[b][0]:bags[b + 1][0]] if kind == wanted}


def drum_samples(p):
    presets = rows(p[b'phdr'], '<20sHHHIII')
    instruments = rows(p[b'inst'], '<20sH')
    bags, generators = rows(p[b'pbag'], '<HH'), rows(p[b'pgen'], '<HH')
    inner_bags, inner = rows(p[b'ibag'], '<HH'), rows(p[b'igen'], '<HH')
    used = set()
    for now, after in zip(presets, presets[1:]):
        if now[2] == DRUM_BANK:
            used |= values(bags, generators, now[3], after[3], INSTRUMENT)
    return {s for i in used for s in
            values(inner_bags, inner, instruments[i][1], instruments[i + 1][1], SAMPLE)}


def main():
    font, folder = sys.argv[1:3]
    with open(font, 'rb') as f:
        p = parts_of(f.read())
    headers = rows(p[b'shdr'], '<20sIIIIIBbHH')[:-1]
    os.makedirs(folder, exist_ok=True)
    for i in sorted(drum_samples(p) or range(len(headers))):
        name, start, end, _, _, rate, _, _, _, kind = headers[i]
        if kind & VORBIS:
            x, rate = sf.read(io.BytesIO(p[b'smpl'][start:end]))
        else:
            x = np.frombuffer(p[b'smpl'][2 * start:2 * end], '<i2') / 32768
        name = re.sub(r'[^A-Za-z0-9#+-]+', '_', name.split(b'\0')[0].decode('latin-1'))
        sf.write(os.path.join(folder, f'{name.strip("_")}_{i:04d}.wav'), x, rate,
                 subtype='PCM_16')


main()
